#include "sim/replay/verify.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sim/core/two_level.h"
#include "sim/replay/count_program.h"
#include "sim/replay/reference/attention.h"
#include "sim/replay/reference/block_mask.h"
#include "sim/replay/replay.h"
#include "sim/replay/rounding.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {
namespace {

/// A tensor of the program with its values in canonical order.
struct Canonical {
  const TensorDecl* decl;
  std::vector<double> values;
};

std::optional<Canonical> find(const Program& program, const TensorValues& values, TensorRole role) {
  for (std::size_t i = 0; i < program.tensors().size(); ++i) {
    const TensorDecl& t = program.tensors()[i];
    if (t.role == role) return Canonical{&t, canonical_values(t, values.of(i))};
  }
  return std::nullopt;
}

/// LSE as the program gives it: a tensor of its own, or row maximum and row sum.
std::optional<std::vector<double>> lse_of(const Program& program, const TensorValues& values) {
  if (auto lse = find(program, values, TensorRole::lse)) return std::move(lse->values);
  const auto m = find(program, values, TensorRole::row_max);
  const auto l = find(program, values, TensorRole::row_sum);
  if (!m || !l) return std::nullopt;
  std::vector<double> out(m->values.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = l->values[i] == 0 ? -std::numeric_limits<double>::infinity()
                               : m->values[i] + std::log(l->values[i]);
  }
  return out;
}

/// The reference's own definition of the workload's block mask.
std::function<bool(std::int64_t, std::int64_t, std::int64_t)> reference_mask(const Workload& w) {
  if (!w.mask) return {};
  reference::BlockMaskProblem problem{.kind = w.mask->kind,
                                      .block = w.mask->block,
                                      .planes = w.query_planes(),
                                      .seqlen_q = w.seqlen_q,
                                      .seqlen_kv = w.seqlen_kv,
                                      .seed = w.mask->seed};
  for (const auto& [param, value] : w.mask->params.all()) {
    problem.params[param] = std::get<std::int64_t>(value);
  }
  for (const BlockLists& plane : w.mask->recorded) {
    auto& rows = problem.lists.emplace_back();
    for (std::size_t i = 0; i + 1 < plane.row_ptr.size(); ++i) {
      rows.emplace_back(plane.col_idx.begin() + plane.row_ptr[i],
                        plane.col_idx.begin() + plane.row_ptr[i + 1]);
    }
  }
  const auto mask = std::make_shared<const reference::BlockMask>(problem);
  return [mask](std::int64_t plane, std::int64_t row, std::int64_t key) {
    return mask->shows(plane, row, key);
  };
}

reference::AttentionOutput reference_output(const RunSpec& run, const Program& program,
                                            const TensorValues& values) {
  const Workload& w = run.workload;
  const reference::AttentionProblem problem{
      .batch = w.batch,
      .heads = w.heads,
      .kv_heads = w.kv_heads,
      .seqlen_q = w.seqlen_q,
      .seqlen_kv = w.seqlen_kv,
      .head_dim = w.head_dim,
      .head_dim_v = w.head_dim_v,
      .causal = w.causal,
      .window_left = w.window_left,
      .window_right = w.window_right,
      .shows = reference_mask(w),
      .scale = 1.0 / std::sqrt(static_cast<double>(w.head_dim))};
  const auto q = find(program, values, TensorRole::query);
  const auto k = find(program, values, TensorRole::key);
  const auto v = find(program, values, TensorRole::value);
  if (!q || !k || !v) throw TraceError("the program declares no Q, K or V");
  return reference::attention(problem, q->values, k->values, v->values);
}

/// Exact: sums of a few hundred terms in double. Rounded: each value passes a handful of roundings
/// to the workload's dtype (inputs to products, stored scores, the output), all of order 1.
double tolerance(const RunSpec& run, Arithmetic arithmetic) {
  return arithmetic == Arithmetic::exact ? 1e-12 : 16 * unit_roundoff(run.workload.dtype);
}

/// Folds one array into the case; the message keeps the worst element.
void compare(VerifyCase& result, const char* what, const std::vector<double>& got,
             const std::vector<double>& expected, std::int64_t rows, std::int64_t cols) {
  if (got.size() != expected.size()) {
    result.message = std::string(what) + " has " + std::to_string(got.size()) +
                     " elements, expected " + std::to_string(expected.size());
    return;
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    double error = got[i] == expected[i] ? 0 : std::abs(got[i] - expected[i]);
    if (std::isnan(error)) error = std::numeric_limits<double>::infinity();  // never written
    if (error <= result.max_abs_error) continue;
    result.max_abs_error = error;
    if (error <= result.tolerance) continue;
    const auto at = static_cast<std::int64_t>(i);
    result.message = std::string(what) + "[plane " + std::to_string(at / (rows * cols)) + ", row " +
                     std::to_string(at / cols % rows) + ", col " + std::to_string(at % cols) +
                     "] = " + std::to_string(got[i]) + ", expected " + std::to_string(expected[i]);
  }
}

std::string case_name(const RunSpec& run, const Schedule& schedule, const AlgorithmInfo& info,
                      Arithmetic arithmetic) {
  const Workload& w = run.workload;
  std::string out = "batch " + std::to_string(w.batch) + ", heads " + std::to_string(w.heads) +
                    "/" + std::to_string(w.kv_heads) + ", seqlen " + std::to_string(w.seqlen_q) +
                    " x " + std::to_string(w.seqlen_kv) + ", head_dim " +
                    std::to_string(w.head_dim);
  if (w.head_dim_v != w.head_dim) out += "/" + std::to_string(w.head_dim_v);
  if (w.causal) out += ", causal";
  if (w.window_left) out += ", left " + std::to_string(*w.window_left);
  if (w.window_right) out += ", right " + std::to_string(*w.window_right);
  if (w.mask) out += ", mask " + w.mask->kind + " of " + std::to_string(w.mask->block);
  for (const auto& [tile, size] : schedule.tiles().named(info)) {
    out += ", " + tile + " " + std::to_string(size);
  }
  for (const auto& [param, value] : run.algorithm.params.all()) {
    if (const bool* set = std::get_if<bool>(&value); set != nullptr && *set) out += ", " + param;
  }
  return out + (arithmetic == Arithmetic::exact ? ", exact" : ", " + std::string(name(w.dtype)));
}

/// A body that keeps more than tiles from one iteration to the next is counted wrongly where copies
/// are left out.
std::string fault_of_repetition(const Workload& workload, const Program& program) {
  const MachineSpec machine = two_level_machine();  // any would do
  const Target target(machine, workload);
  Counter all(program, machine, target);
  run_program(program, all);
  Counter without_copies(program, machine, target);
  count_program(program, without_copies);
  if (all.totals() == without_copies.totals()) return {};
  return "counts differ when repeated iterations are left out: a body may keep nothing but tiles "
         "from one iteration to the next";
}

}  // namespace

VerifyCase verify(const RunSpec& run, const Schedule& schedule, Arithmetic arithmetic) {
  VerifyCase result{.algorithm = run.algorithm.name, .pass = std::string(name(run.workload.pass))};
  result.tolerance = tolerance(run, arithmetic);
  const Program& program = schedule.program();
  TensorValues values(program);
  values.fill_inputs(program, run.seed, arithmetic);
  try {
    Executor executor(program, values, arithmetic);
    run_program(program, executor);
    const reference::AttentionOutput expected = reference_output(run, program, values);
    const auto o = find(program, values, TensorRole::output);
    if (!o) throw TraceError("the program declares no output");
    compare(result, "O", o->values, expected.o, run.workload.seqlen_q, run.workload.head_dim_v);
    if (const auto lse = lse_of(program, values)) {
      compare(result, "LSE", *lse, expected.lse, run.workload.seqlen_q, 1);
    }
    if (result.message.empty()) result.message = fault_of_repetition(run.workload, program);
  } catch (const TraceError& error) {
    result.message = std::string("illegal trace: ") + error.what();
  }
  result.ok = result.message.empty();
  return result;
}

VerifyCase verify(const RunSpec& run, Arithmetic arithmetic) {
  const PlannedRun planned(run);
  const std::string& function = planned.algorithm().info.function;
  // Functions get their reference here, one case each.
  ATTNSIM_CHECK(function == "attention", "no reference for function '" + function + "'");
  VerifyCase result = verify(planned.run(), planned.schedule(), arithmetic);
  result.name = case_name(run, planned.schedule(), planned.algorithm().info, arithmetic);
  return result;
}

}  // namespace attnsim::replay
