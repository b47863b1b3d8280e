#include "sim/replay/recurrence_function.h"

#include <utility>
#include <vector>

#include "sim/replay/reference/recurrence.h"

namespace attnsim::replay {
namespace {

/// O of a forward pass; dQ, dK, dV and, where the program declares it, dG of a backward one, which
/// needs nothing of an earlier pass.
class Recurrence final : public Function {
 public:
  Recurrence(const Workload& w, const Program& program, const TensorValues& values)
      : w_(w),
        program_(program),
        q_(values_of(program, values, TensorRole::query, "Q")),
        k_(values_of(program, values, TensorRole::key, "K")),
        v_(values_of(program, values, TensorRole::value, "V")),
        problem_{.planes = w.query_planes(),
                 .seqlen = w.seqlen_q,
                 .head_dim = w.head_dim,
                 .head_dim_v = w.head_dim_v} {
    if (auto g = find_values(program, values, TensorRole::gate)) g_ = std::move(*g);
    for (const TensorDecl& t : program.tensors()) {
      if (t.role != TensorRole::gate) continue;
      problem_.gate_rows = t.rows;
      problem_.gate_cols = t.cols;
    }
  }

  void judge(Judge& judge, const TensorValues& values) const override {
    const reference::RecurrenceInputs in{.q = q_, .k = k_, .v = v_, .g = g_};
    if (w_.runs_forward()) {
      const reference::Gradient expected = reference::recurrence(problem_, in);
      judge.compare("O", values_of(program_, values, TensorRole::output, "O"), expected.values,
                    w_.seqlen_q, w_.head_dim_v, expected.size);
    }
    if (w_.runs_backward()) judge_backward(judge, values, in);
  }

 private:
  void judge_backward(Judge& judge, const TensorValues& values,
                      const reference::RecurrenceInputs& in) const {
    const reference::RecurrenceGradients expected = reference::recurrence_backward(
        problem_, in, values_of(program_, values, TensorRole::d_output, "dO"));
    judge.compare("dQ", values_of(program_, values, TensorRole::d_query, "dQ"), expected.dq.values,
                  w_.seqlen_q, w_.head_dim, expected.dq.size);
    judge.compare("dK", values_of(program_, values, TensorRole::d_key, "dK"), expected.dk.values,
                  w_.seqlen_q, w_.head_dim, expected.dk.size);
    judge.compare("dV", values_of(program_, values, TensorRole::d_value, "dV"), expected.dv.values,
                  w_.seqlen_q, w_.head_dim_v, expected.dv.size);
    if (const auto dg = find_values(program_, values, TensorRole::d_gate)) {
      judge.compare("dG", *dg, expected.dg.values, problem_.gate_rows, problem_.gate_cols,
                    expected.dg.size);
    }
  }

  const Workload& w_;
  const Program& program_;
  std::vector<double> q_, k_, v_, g_;
  reference::RecurrenceProblem problem_;
};

}  // namespace

std::unique_ptr<Function> recurrence_function(const Workload& workload, const Program& program,
                                              const TensorValues& values) {
  return std::make_unique<Recurrence>(workload, program, values);
}

}  // namespace attnsim::replay
