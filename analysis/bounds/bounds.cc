#include "analysis/bounds/bounds.h"

#include <algorithm>

#include "analysis/bounds/bound_class.h"
#include "analysis/bounds/compulsory.h"
#include "analysis/bounds/levels.h"
#include "analysis/bounds/phase_bounds.h"
#include "analysis/bounds/shapes.h"
#include "analysis/bounds/upper.h"

namespace attnsim::bounds {
namespace {

constexpr Needs kAnyAlgorithm{.exact = false, .standard_products = false};

/// Collects the bounds of every boundary.
class Rows {
 public:
  Rows(const Workload& workload, const MachineSpec& machine, const RunFacts& run)
      : w_(workload),
        machine_(machine),
        run_(run),
        seen_(run.seen ? *run.seen : visible(workload)),
        parameters_(computes(kParameterGradient)),
        recurrence_(computes(kGatedLinearAttention)),
        least_(parameters_   ? compulsory_of_parameter_gradient(workload, seen_)
               : recurrence_ ? compulsory_of_recurrence(workload)
                             : compulsory_elements(workload, seen_)),
        word_bits_(workload.word_bits()),
        element_bits_(run.element_bits.value_or(word_bits_)) {}

  std::vector<BoundRow> all() {
    for (const Level& level : levels(machine_, word_bits_, element_bits_, run_.footprint)) {
      add_compulsory(level);
      if (recurrence_) continue;  // nothing further is known
      if (!level.m_words || *level.m_words == 0) continue;
      for (const PhaseBound& bound : phases()) add(bound, level);
      if (!level.cores) continue;
      if (parameters_) {
        add_orientation(parameter_gradient_shapes(w_, seen_, *level.m_words), level);
        continue;
      }
      add_orientation(shapes(w_, seen_, *level.m_words), level);
      if (machine_.uniform_words) add_orientation(upper_bounds(w_, *level.m_words), level);
    }
    return std::move(rows_);
  }

 private:
  bool computes(const char* function) const {
    return run_.algorithm != nullptr && run_.algorithm->function == function;
  }

  std::vector<PhaseBound> phases() const {
    return parameters_ ? parameter_gradient_bounds(w_, seen_.pairs) : phase_bounds(w_, seen_.pairs);
  }

  bool applies(const Needs& needs) const {
    return run_.algorithm == nullptr || holds_for(needs, *run_.algorithm, w_.pass);
  }

  BoundRow& add_lower(const std::string& id, const Level& level, const Needs& needs, Wide bits) {
    BoundRow& row = rows_.emplace_back();
    row.id = id;
    row.memory = level.memory;
    row.rigorous = true;
    row.applies = applies(needs);
    row.words = rounded_down(ceil_div(bits, wide(word_bits_)));
    row.bytes = rounded_down(ceil_div(bits, 8));
    row.holds_for = class_text(needs);
    return row;
  }

  // Inputs and outputs have the workload's dtype, hence an element is one word on every machine.
  void add_compulsory(const Level& level) {
    BoundRow& row = add_lower("LB0", level, kAnyAlgorithm, least_.elements() * wide(word_bits_));
    row.regime = "any M";
    row.formula = least_.formula;
    row.source = "compulsory: each input word that a visible score needs, each output word";
  }

  void add(const PhaseBound& bound, const Level& level) {
    const Wide bits = bound.transfers(*level.m_words, level.parts) * wide(element_bits_);
    const Wide reads = least_.reads * wide(word_bits_);
    const Wide writes = least_.writes * wide(word_bits_);
    const Wide total =
        bound.all_io ? std::max(reads + writes, bits) : std::max(reads, bits) + writes;
    BoundRow& row = add_lower(bound.id, level, bound.needs, total);
    row.m_words = Words(*level.m_words);
    row.regime = total == reads + writes ? "any M, here as LB0" : "any M";
    row.formula = bound.formula;
    row.source = "derived for attnsim, docs/bounds.md; no paper states it with these constants";
  }

  void add_orientation(std::vector<BoundRow> rows, const Level& level) {
    for (BoundRow& row : rows) {
      row.applies = row.applies && applies(row.kind == "lower" ? Needs{} : kAnyAlgorithm);
      row.memory = level.memory;
      row.m_words = Words(*level.m_words);
      row.bytes = row.words * word_bits_ / 8;
      rows_.push_back(std::move(row));
    }
  }

  const Workload& w_;
  const MachineSpec& machine_;
  const RunFacts& run_;
  Visible seen_;
  bool parameters_;  // dX is asked for, not attention
  bool recurrence_;  // linear attention whose state decays is
  Compulsory least_;
  int word_bits_, element_bits_;
  std::vector<BoundRow> rows_{};
};

}  // namespace

std::vector<BoundRow> bounds(const Workload& workload, const MachineSpec& machine,
                             const RunFacts& run) {
  return Rows(workload, machine, run).all();
}

}  // namespace attnsim::bounds
