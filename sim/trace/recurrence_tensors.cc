#include "sim/trace/recurrence_tensors.h"

#include "sim/core/error.h"

namespace attnsim {

RecurrenceTensors add_recurrence_tensors(Program& program, const Workload& w, Gates gates) {
  const std::int64_t planes = w.query_planes();
  const std::int64_t n = w.seqlen_q;
  RecurrenceTensors t;
  t.q = program.add({"Q", TensorRole::query, w.dtype, planes, n, w.head_dim});
  t.k = program.add({"K", TensorRole::key, w.dtype, planes, n, w.head_dim});
  t.v = program.add({"V", TensorRole::value, w.dtype, planes, n, w.head_dim_v});
  switch (gates) {
    case Gates::none:
      break;
    case Gates::constant:
      t.g = program.add({"G", TensorRole::gate, DType::f32, planes, 1, 1});
      break;
    case Gates::scalar:
      t.g = program.add({"G", TensorRole::gate, w.dtype, planes, n, 1});
      break;
    case Gates::vector:
      t.g = program.add({"G", TensorRole::gate, w.dtype, planes, n, w.head_dim});
      break;
  }
  if (w.runs_forward()) {
    t.o = program.add({"O", TensorRole::output, w.dtype, planes, n, w.head_dim_v});
  }
  return t;
}

RecurrenceGradients add_recurrence_gradients(Program& program, const Workload& w) {
  const std::int64_t planes = w.query_planes();
  const std::int64_t n = w.seqlen_q;
  RecurrenceGradients g;
  g.d_o = program.add({"dO", TensorRole::d_output, w.dtype, planes, n, w.head_dim_v});
  g.d_q = program.add({"dQ", TensorRole::d_query, w.dtype, planes, n, w.head_dim});
  g.d_k = program.add({"dK", TensorRole::d_key, w.dtype, planes, n, w.head_dim});
  g.d_v = program.add({"dV", TensorRole::d_value, w.dtype, planes, n, w.head_dim_v});
  return g;
}

const Workload& require_recurrence(const AlgorithmInfo& info, const Workload& w) {
  std::string wrong;
  const auto require = [&](bool holds, const char* what) {
    if (!holds) wrong += (wrong.empty() ? "" : ", ") + std::string(what);
  };
  require(w.causal, "causal: true");
  require(w.seqlen_q == w.seqlen_kv, "seqlen_q = seqlen_kv");
  require(w.heads == w.kv_heads, "kv_heads = heads");
  require(!w.window_left && !w.window_right, "no window");
  require(!w.mask, "no mask");
  if (wrong.empty()) return w;
  throw UserError("workload: '" + info.id + "' is a recurrence over time: expected " + wrong);
}

Workload as_recurrence(Workload w) {
  w.causal = true;
  w.seqlen_kv = w.seqlen_q;
  w.kv_heads = w.heads;
  w.window_left.reset();
  w.window_right.reset();
  w.mask.reset();
  w.prefix = 0;
  return w;
}

}  // namespace attnsim
