#include "sim/replay/function.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/run_spec.h"
#include "sim/replay/attention_problem.h"
#include "sim/replay/recurrence_function.h"
#include "sim/replay/reference/attention.h"
#include "sim/replay/reference/parameter_gradient.h"
#include "sim/trace/recurrence_tensors.h"

namespace attnsim::replay {
namespace {

/// LSE as the program gives it: a tensor of its own, or row maximum and row sum.
std::optional<std::vector<double>> lse_of(const Program& program, const TensorValues& values) {
  if (auto lse = find_values(program, values, TensorRole::lse)) return lse;
  const auto m = find_values(program, values, TensorRole::row_max);
  const auto l = find_values(program, values, TensorRole::row_sum);
  if (!m || !l) return std::nullopt;
  std::vector<double> out(m->size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = (*l)[i] == 0 ? -std::numeric_limits<double>::infinity() : (*m)[i] + std::log((*l)[i]);
  }
  return out;
}

/// K or V of all sequences: what a tensor of `own` role holds after what one of `prefix` role, if
/// there is one, holds for the whole batch.
std::vector<double> with_prefix(const Program& program, const TensorValues& values, TensorRole own,
                                TensorRole prefix, const Workload& w, std::int64_t cols,
                                const char* what) {
  const auto shared = find_values(program, values, prefix);
  if (!shared) return values_of(program, values, own, what);
  const std::int64_t rest = w.seqlen_kv - w.prefix;
  const std::vector<double> rows =
      rest > 0 ? values_of(program, values, own, what) : std::vector<double>{};
  std::vector<double> out;
  for (std::int64_t plane = 0; plane < w.kv_planes(); ++plane) {
    const auto first = shared->begin() + plane % w.kv_heads * w.prefix * cols;
    out.insert(out.end(), first, first + w.prefix * cols);
    const auto next = rows.begin() + plane * rest * cols;
    out.insert(out.end(), next, next + rest * cols);
  }
  return out;
}

/// O and LSE of a forward pass, dQ, dK and dV of a backward one.
class Attention final : public Function {
 public:
  Attention(const Workload& w, const Program& program, const TensorValues& values)
      : w_(w),
        program_(program),
        problem_(attention_problem(w)),
        q_(values_of(program, values, TensorRole::query, "Q")),
        k_(with_prefix(program, values, TensorRole::key, TensorRole::prefix_key, w, w.head_dim,
                       "K")),
        v_(with_prefix(program, values, TensorRole::value, TensorRole::prefix_value, w,
                       w.head_dim_v, "V")) {}

  /// Of a forward pass, to a backward pass by itself.
  void give_earlier_results(TensorValues& values, Arithmetic arithmetic) const override {
    if (w_.runs_forward()) return;
    const reference::AttentionOutput out = forward();
    for (std::size_t i = 0; i < program_.tensors().size(); ++i) {
      const TensorDecl& t = program_.tensors()[i];
      const auto give = [&](const std::vector<double>& x) { values.set(i, t, x, arithmetic); };
      if (t.role == TensorRole::output) give(out.o);
      if (t.role == TensorRole::lse) give(out.lse);
      if (t.role == TensorRole::row_max) give(out.row_max);
      if (t.role == TensorRole::row_sum) give(out.row_sum);
      if (t.role == TensorRole::probabilities) give(reference::probabilities(problem_, q_, k_));
      if (t.role == TensorRole::dropped_probabilities) give(dropped_probabilities());
    }
  }

  void judge(Judge& judge, const TensorValues& values) const override {
    if (w_.runs_forward()) judge_forward(judge, values);
    if (w_.runs_backward()) judge_backward(judge, values);
  }

 private:
  reference::AttentionOutput forward() const { return reference::attention(problem_, q_, k_, v_); }

  /// What multiplies V: P after dropout.
  std::vector<double> dropped_probabilities() const {
    std::vector<double> p = reference::probabilities(problem_, q_, k_);
    for (std::size_t i = 0; i < problem_.dropout.size(); ++i) p[i] *= problem_.dropout[i];
    return p;
  }

  void judge_forward(Judge& judge, const TensorValues& values) const {
    const reference::AttentionOutput expected = forward();
    judge.compare("O", values_of(program_, values, TensorRole::output, "O"), expected.o,
                  w_.seqlen_q, w_.head_dim_v);
    if (const auto lse = lse_of(program_, values)) {
      judge.compare("LSE", *lse, expected.lse, w_.seqlen_q, 1);
    }
  }

  void judge_backward(Judge& judge, const TensorValues& values) const {
    const reference::AttentionGradients expected = reference::attention_backward(
        problem_, q_, k_, v_, values_of(program_, values, TensorRole::d_output, "dO"));
    judge.compare("dQ", values_of(program_, values, TensorRole::d_query, "dQ"), expected.dq.values,
                  w_.seqlen_q, w_.head_dim, expected.dq.size);
    judge.compare("dK", values_of(program_, values, TensorRole::d_key, "dK"), expected.dk.values,
                  w_.seqlen_kv, w_.head_dim, expected.dk.size);
    judge.compare("dV", values_of(program_, values, TensorRole::d_value, "dV"), expected.dv.values,
                  w_.seqlen_kv, w_.head_dim_v, expected.dv.size);
  }

  const Workload& w_;
  const Program& program_;
  reference::AttentionProblem problem_;
  std::vector<double> q_, k_, v_;
};

/// dX. Nothing is in memory but the inputs: the program forms O's ingredients itself.
class ParameterGradient final : public Function {
 public:
  ParameterGradient(const Workload& w, const Program& program, const TensorValues& values)
      : w_(w),
        program_(program),
        a1_(values_of(program, values, TensorRole::query_tokens, "A1")),
        x_(values_of(program, values, TensorRole::query_parameter, "X")),
        a2_(values_of(program, values, TensorRole::key, "A2")),
        a3_(values_of(program, values, TensorRole::value_tokens, "A3")),
        y_(values_of(program, values, TensorRole::value_parameter, "Y")),
        d_o_(values_of(program, values, TensorRole::d_output, "dO")) {}

  void judge(Judge& judge, const TensorValues& values) const override {
    const reference::Gradient expected = reference::parameter_gradient(
        attention_problem(w_), {.a1 = a1_, .x = x_, .a2 = a2_, .a3 = a3_, .y = y_}, d_o_);
    judge.compare("dX", values_of(program_, values, TensorRole::d_query_parameter, "dX"),
                  expected.values, w_.head_dim, w_.head_dim, expected.size);
  }

 private:
  const Workload& w_;
  const Program& program_;
  std::vector<double> a1_, x_, a2_, a3_, y_, d_o_;
};

}  // namespace

Workload in_domain(const std::string& name, Workload workload) {
  return name == kGatedLinearAttention ? as_recurrence(std::move(workload)) : workload;
}

std::unique_ptr<Function> find_function(const std::string& name, const Workload& workload,
                                        const Program& program, const TensorValues& values) {
  // Functions get their reference here, one line each.
  if (name == kParameterGradient) {
    return std::make_unique<ParameterGradient>(workload, program, values);
  }
  if (name == kGatedLinearAttention) return recurrence_function(workload, program, values);
  ATTNSIM_CHECK(name == kAttention, "no reference for function '" + name + "'");
  return std::make_unique<Attention>(workload, program, values);
}

}  // namespace attnsim::replay
