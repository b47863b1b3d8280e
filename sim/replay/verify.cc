#include "sim/replay/verify.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sim/core/two_level.h"
#include "sim/replay/count_program.h"
#include "sim/replay/dropout.h"
#include "sim/replay/reference/attention.h"
#include "sim/replay/reference/block_mask.h"
#include "sim/replay/replay.h"
#include "sim/replay/rounding.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {
namespace {

/// The values of the first tensor of that role, in canonical order.
std::optional<std::vector<double>> find(const Program& program, const TensorValues& values,
                                        TensorRole role) {
  for (std::size_t i = 0; i < program.tensors().size(); ++i) {
    const TensorDecl& t = program.tensors()[i];
    if (t.role == role) return canonical_values(t, values.of(i));
  }
  return std::nullopt;
}

std::vector<double> values_of(const Program& program, const TensorValues& values, TensorRole role,
                              const char* what) {
  auto found = find(program, values, role);
  if (!found) throw TraceError(std::string("the program declares no ") + what);
  return std::move(*found);
}

/// LSE as the program gives it: a tensor of its own, or row maximum and row sum.
std::optional<std::vector<double>> lse_of(const Program& program, const TensorValues& values) {
  if (auto lse = find(program, values, TensorRole::lse)) return lse;
  const auto m = find(program, values, TensorRole::row_max);
  const auto l = find(program, values, TensorRole::row_sum);
  if (!m || !l) return std::nullopt;
  std::vector<double> out(m->size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = (*l)[i] == 0 ? -std::numeric_limits<double>::infinity() : (*m)[i] + std::log((*l)[i]);
  }
  return out;
}

/// The reference's own definition of the workload's block mask.
std::function<bool(std::int64_t, std::int64_t, std::int64_t)> reference_mask(const Workload& w) {
  if (!w.mask) return {};
  const auto mask = std::make_shared<const reference::BlockMask>(block_mask_problem(w));
  return [mask](std::int64_t plane, std::int64_t row, std::int64_t key) {
    return mask->shows(plane, row, key);
  };
}

/// Z of the reference: what the dropout of the workload keeps, and scaled by how much.
std::vector<double> dropout_factors(const Workload& w) {
  std::vector<double> z;
  if (!w.dropout) return z;
  for (std::int64_t row = 0; row < w.query_planes() * w.seqlen_q; ++row) {
    for (std::int64_t col = 0; col < w.seqlen_kv; ++col) {
      z.push_back(dropped(w.dropout, row, col) ? 0 : 1 / (1 - w.dropout.probability));
    }
  }
  return z;
}

/// The problem of a run with the inputs its program has.
class Reference {
 public:
  Reference(const Workload& w, const Program& program, const TensorValues& values)
      : problem_{.batch = w.batch,
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
                 .scale = 1.0 / std::sqrt(static_cast<double>(w.head_dim)),
                 .dropout = dropout_factors(w)},
        q_(values_of(program, values, TensorRole::query, "Q")),
        k_(values_of(program, values, TensorRole::key, "K")),
        v_(values_of(program, values, TensorRole::value, "V")) {}

  reference::AttentionOutput forward() const { return reference::attention(problem_, q_, k_, v_); }
  reference::AttentionGradients backward(const std::vector<double>& d_o) const {
    return reference::attention_backward(problem_, q_, k_, v_, d_o);
  }
  std::vector<double> probabilities() const { return reference::probabilities(problem_, q_, k_); }

 private:
  reference::AttentionProblem problem_;
  std::vector<double> q_, k_, v_;
};

/// What a backward pass by itself finds in memory: the results of a forward pass.
void give_forward_results(const Reference& reference, const Program& program, TensorValues& values,
                          Arithmetic arithmetic) {
  const reference::AttentionOutput out = reference.forward();
  for (std::size_t i = 0; i < program.tensors().size(); ++i) {
    const TensorDecl& t = program.tensors()[i];
    const auto give = [&](const std::vector<double>& x) { values.set(i, t, x, arithmetic); };
    if (t.role == TensorRole::output) give(out.o);
    if (t.role == TensorRole::lse) give(out.lse);
    if (t.role == TensorRole::row_max) give(out.row_max);
    if (t.role == TensorRole::row_sum) give(out.row_sum);
    if (t.role == TensorRole::probabilities) give(reference.probabilities());
  }
}

/// Compares arrays with the reference and keeps the element that is worst for its tolerance.
class Judge {
 public:
  /// Exact: sums of a few hundred terms in double. Rounded: each value passes a handful of
  /// roundings to the workload's dtype (inputs to products, stored scores, the output).
  Judge(VerifyCase& result, DType dtype, Arithmetic arithmetic)
      : result_(result),
        relative_(arithmetic == Arithmetic::exact ? 1e-12 : 16 * unit_roundoff(dtype)) {
    result_.tolerance = relative_;
  }

  /// `size`: what the terms of an element add up to in absolute value, where that is above 1.
  void compare(const char* what, const std::vector<double>& got,
               const std::vector<double>& expected, std::int64_t rows, std::int64_t cols,
               double size = 1) {
    if (got.size() != expected.size()) {
      result_.message = std::string(what) + " has " + std::to_string(got.size()) +
                        " elements, expected " + std::to_string(expected.size());
      return;
    }
    const double tolerance = relative_ * std::max(1.0, size);
    for (std::size_t i = 0; i < got.size(); ++i) {
      double error = got[i] == expected[i] ? 0 : std::abs(got[i] - expected[i]);
      if (std::isnan(error)) error = std::numeric_limits<double>::infinity();  // never written
      if (error / tolerance <= worst_) continue;
      worst_ = error / tolerance;
      result_.max_abs_error = error;
      result_.tolerance = tolerance;
      if (error <= tolerance) continue;
      const auto at = static_cast<std::int64_t>(i);
      result_.message = std::string(what) + "[plane " + std::to_string(at / (rows * cols)) +
                        ", row " + std::to_string(at / cols % rows) + ", col " +
                        std::to_string(at % cols) + "] = " + std::to_string(got[i]) +
                        ", expected " + std::to_string(expected[i]);
    }
  }

 private:
  VerifyCase& result_;
  double relative_;
  double worst_ = 0;
};

void judge_forward(Judge& judge, const Workload& w, const Reference& reference,
                   const Program& program, const TensorValues& values) {
  const reference::AttentionOutput expected = reference.forward();
  judge.compare("O", values_of(program, values, TensorRole::output, "O"), expected.o, w.seqlen_q,
                w.head_dim_v);
  if (const auto lse = lse_of(program, values)) {
    judge.compare("LSE", *lse, expected.lse, w.seqlen_q, 1);
  }
}

void judge_backward(Judge& judge, const Workload& w, const Reference& reference,
                    const Program& program, const TensorValues& values) {
  const reference::AttentionGradients expected =
      reference.backward(values_of(program, values, TensorRole::d_output, "dO"));
  judge.compare("dQ", values_of(program, values, TensorRole::d_query, "dQ"), expected.dq.values,
                w.seqlen_q, w.head_dim, expected.dq.size);
  judge.compare("dK", values_of(program, values, TensorRole::d_key, "dK"), expected.dk.values,
                w.seqlen_kv, w.head_dim, expected.dk.size);
  judge.compare("dV", values_of(program, values, TensorRole::d_value, "dV"), expected.dv.values,
                w.seqlen_kv, w.head_dim_v, expected.dv.size);
}

std::string case_name(const RunSpec& run, const Schedule& schedule, Arithmetic arithmetic) {
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
  if (w.dropout) out += ", dropout";
  if (w.pass != Pass::forward) out += ", " + std::string(name(w.pass));
  for (const auto& [tile, size] : schedule.named_tiles()) {
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

reference::BlockMaskProblem block_mask_problem(const Workload& w) {
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
  return problem;
}

VerifyCase verify(const RunSpec& run, const Schedule& schedule, Arithmetic arithmetic) {
  const Workload& w = run.workload;
  VerifyCase result{.algorithm = run.algorithm.name, .pass = std::string(name(w.pass))};
  Judge judge(result, w.dtype, arithmetic);
  const Program& program = schedule.program();
  TensorValues values(program);
  values.fill_inputs(program, run.seed, arithmetic);
  try {
    const Reference reference(w, program, values);
    if (!w.runs_forward()) give_forward_results(reference, program, values, arithmetic);
    Executor executor(program, values, arithmetic);
    run_program(program, executor);
    if (w.runs_forward()) judge_forward(judge, w, reference, program, values);
    if (w.runs_backward()) judge_backward(judge, w, reference, program, values);
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
  result.name = case_name(run, planned.schedule(), arithmetic);
  return result;
}

}  // namespace attnsim::replay
