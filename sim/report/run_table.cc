// The table of one run, but for its traffic.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "sim/report/format.h"
#include "sim/report/io_table.h"
#include "sim/report/table.h"
#include "sim/report/text_table.h"
#include "sim/report/time_table.h"

namespace attnsim::report {
namespace {

constexpr Align kLeft = Align::left;
constexpr Align kRight = Align::right;
constexpr std::size_t kLabelWidth = 13;  // of the section names on the left
constexpr std::size_t kMaxBounds = 6;

std::string heading(const Result& result) {
  const MachineSpec& machine = result.run.machine;
  std::string pass(name(result.run.workload.pass));
  std::replace(pass.begin(), pass.end(), '_', '+');
  std::vector<std::string> choices;
  for (const auto& [tile, size] : result.tiles) choices.push_back(fmt::format("{} {}", tile, size));
  std::string tiles = join(choices);
  if (!result.tile_rule.empty()) tiles += fmt::format(" ({})", result.tile_rule);
  for (const auto& [param, value] : result.run.algorithm.params.all()) {
    tiles += fmt::format(", {} {}", param, param_text(value));
  }
  return fmt::format("{} {} on {} ({})\n{}\n", result.run.algorithm.name, pass,
                     machine.name.empty() ? machine.id : machine.name, machine.id,
                     workload_text(result.run.workload)) +
         (tiles.empty() ? "" : fmt::format("tiles {}\n", tiles));
}

std::string closed_form_text(const Result& result) {
  std::string out;
  for (const ClosedFormRow& row : result.closed_form) {
    const bool total = row.tensor == kTotal;
    if (!total && row.equals) continue;
    out += fmt::format("{}{}: {} words, ", row.memory, total ? "" : " " + row.tensor,
                       thousands(row.words.count));
    if (row.equals) {
      out += "equal to the replay\n";
    } else {
      const IoRow* replayed = result.io_row(row.memory, row.tensor);
      out += fmt::format("DIFFERS from the replay, which has {}\n",
                         thousands(replayed == nullptr ? 0 : replayed->words().count));
    }
  }
  return out;
}

std::string over_text(const Unit& unit, std::uint64_t needs, std::uint64_t has) {
  return fmt::format("OVER: needs {} {}s, has {}", thousands(needs), unit.singular(),
                     thousands(has));
}

std::string parts_text(const Result& result, const FootprintRow& row) {
  const Unit unit(result.run.machine);
  std::vector<std::string> parts;
  for (const auto& [part, bytes] : row.parts) {
    const Words words = to_words(bytes, result.run.workload.word_bits());
    parts.push_back(fmt::format("{} {}", part, unit.text(bytes, words)));
  }
  return join(parts);
}

std::optional<std::uint64_t> capacity_of(const FootprintRow& row, const Unit& unit) {
  if (unit.words() ? !row.capacity_words : !row.capacity_bytes) return std::nullopt;
  return unit.pick(row.capacity_bytes.value_or(Bytes()), row.capacity_words.value_or(Words()));
}

std::string footprint_text(const Result& result) {
  const Unit unit(result.run.machine);
  TextTable table({kLeft, kRight, kLeft, kRight, kLeft});
  for (const FootprintRow& row : result.footprint) {
    const std::uint64_t peak = unit.pick(row.peak_bytes, row.peak_words);
    if (const std::optional<std::uint64_t> capacity = capacity_of(row, unit)) {
      table.add_row({row.space, unit.text(peak), "of " + unit.text(*capacity),
                     share(peak, *capacity), row.fits ? "fits" : over_text(unit, peak, *capacity)});
    } else {
      table.add_row({row.space, unit.text(peak), "no limit given", "", row.fits ? "" : "OVER"});
    }
    if (!row.parts.empty()) table.add_line("  " + parts_text(result, row));
  }
  return table.text();
}

bool gates(const BoundRow& b) { return b.rigorous && b.kind == "lower"; }

/// What applies; of the rigorous lower bounds of a memory the largest (of equals, the first).
std::vector<const BoundRow*> telling_bounds(const Result& result) {
  std::vector<const BoundRow*> rows;
  for (const BoundRow& b : result.bounds) {
    if (!b.applies) continue;
    const auto rival = std::find_if(rows.begin(), rows.end(), [&](const BoundRow* r) {
      return gates(b) && gates(*r) && r->memory == b.memory;
    });
    if (rival == rows.end()) {
      rows.push_back(&b);
    } else if ((*rival)->bytes < b.bytes) {
      *rival = &b;
    }
  }
  return rows;
}

std::string bounds_text(const Result& result) {
  const Unit unit(result.run.machine);
  std::vector<const BoundRow*> rows = telling_bounds(result);
  std::stable_sort(rows.begin(), rows.end(), [](const BoundRow* a, const BoundRow* b) {
    return a->rigorous > b->rigorous;  // what is proven first
  });
  TextTable table({kLeft, kLeft, kLeft, kRight, kRight, kLeft, kLeft});
  for (std::size_t i = 0; i < std::min(rows.size(), kMaxBounds); ++i) {
    const BoundRow& b = *rows[i];
    table.add_row(
        {b.id, b.kind, b.memory, unit.words() ? number(b.words) + " words" : human_bytes(b.bytes),
         b.ratio > 0 ? "run " + ratio(b.ratio) : "", b.rigorous ? "rigorous" : "shape only",
         b.m_words ? fmt::format("at M {} words", thousands(b.m_words->count)) : ""});
  }
  if (rows.size() > kMaxBounds) {
    table.add_line(fmt::format("and {} more", rows.size() - kMaxBounds));
  }
  return table.text();
}

std::string caches_text(const Result& result) {
  TextTable table({kLeft, kLeft, kRight, kRight, kRight, kRight});
  if (!result.caches.empty()) {
    table.add_row({"", "", "accesses", "hit", "misses", "write-backs"});
  }
  for (const CacheRow& row : result.caches) {
    table.add_row({row.name, row.tensor, thousands(row.accesses), share(row.hits, row.accesses),
                   thousands(row.misses), thousands(row.write_backs + row.final_dirty)});
  }
  return table.text();
}

std::string density_text(const std::optional<Density>& density) {
  if (!density) return "";
  return fmt::format("{} of {} tiles visited ({}), {} of their elements visible\n",
                     thousands(density->visited_tiles), thousands(density->tiles),
                     share(density->visited_tiles, density->tiles),
                     share(density->visible_elements, density->visited_elements));
}

std::string work_text(const WorkSummary& work) {
  std::vector<std::string> parts;
  const auto add = [&](std::uint64_t amount, std::string_view what) {
    if (amount > 0) parts.push_back(fmt::format("{} {}", si(static_cast<double>(amount)), what));
  };
  add(work.matrix_flops, "matrix FLOP");
  add(work.exp_ops, "exp");
  add(work.vector_ops, "vector ops");
  std::string out = join(parts);
  if (work.tasks > 0) {
    out += fmt::format("{}{} operations in {} tasks", out.empty() ? "" : "; ",
                       thousands(work.operations), thousands(work.tasks));
  }
  return out;
}

std::string intensity_text(const Result& result) {
  const Unit unit(result.run.machine);
  std::vector<std::string> parts;
  for (const IoGroup& group : io_groups(result)) {
    if (group.total == nullptr || group.device != 0) continue;
    const std::uint64_t amount = unit.pick(group.total->bytes(), group.total->words());
    if (amount == 0 || result.work.matrix_flops == 0) continue;
    const double value =
        static_cast<double>(result.work.matrix_flops) / static_cast<double>(amount);
    parts.push_back(fmt::format("{} FLOP/{} at {}", si(value), unit.singular(), group.memory));
  }
  return join(parts);
}

}  // namespace

std::string workload_text(const Workload& w) {
  std::string out = fmt::format("batch {}, heads {}", w.batch, w.heads);
  if (w.kv_heads != w.heads) out += fmt::format(" (KV {})", w.kv_heads);
  out += fmt::format(", seqlen {} x {}, head_dim {}", w.seqlen_q, w.seqlen_kv, w.head_dim);
  if (w.head_dim_v != w.head_dim) out += fmt::format(" (V {})", w.head_dim_v);
  out += fmt::format(", {}, {}", name(w.dtype), w.causal ? "causal" : "not causal");
  if (w.window_left) out += fmt::format(", window {} left", *w.window_left);
  if (w.window_right) out += fmt::format(", window {} right", *w.window_right);
  if (w.mask)
    out += fmt::format(", mask {} of {} x {}", w.mask->kind, w.mask->block, w.mask->block);
  if (w.prefix > 0) out += fmt::format(", prefix {} shared", w.prefix);
  if (w.dropout) out += fmt::format(", dropout {}", w.dropout.probability);
  if (w.pass != Pass::forward) out += fmt::format(", {}", name(w.pass));
  return out;
}

std::string to_table(const Result& result) {
  return heading(result) + '\n' + io_table(result) + '\n' +
         labelled("closed form", kLabelWidth, closed_form_text(result)) +
         labelled("footprint", kLabelWidth, footprint_text(result)) +
         labelled("bounds", kLabelWidth, bounds_text(result)) +
         labelled("caches", kLabelWidth, caches_text(result)) +
         labelled("density", kLabelWidth, density_text(result.density)) +
         labelled("work", kLabelWidth, work_text(result.work)) +
         labelled("intensity", kLabelWidth, intensity_text(result)) +
         labelled("time", kLabelWidth, time_text(result)) +
         labelled("energy", kLabelWidth, energy_text(result)) +
         labelled("note", kLabelWidth, guesses_text(result.provenance.estimated_inputs));
}

}  // namespace attnsim::report
