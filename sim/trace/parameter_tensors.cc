#include "sim/trace/parameter_tensors.h"

#include "sim/trace/block_mask.h"

namespace attnsim {

ParameterTensors add_parameter_tensors(Program& program, const Workload& w) {
  const std::int64_t planes = w.query_planes();
  const std::int64_t kv_planes = w.kv_planes();
  const std::int64_t d = w.head_dim;
  const std::int64_t dv = w.head_dim_v;
  program.set_block_mask(block_mask_of(w));
  ParameterTensors t;
  t.a1 = program.add({"A1", TensorRole::query_tokens, w.dtype, planes, w.seqlen_q, d});
  t.x = program.add({"X", TensorRole::query_parameter, w.dtype, planes, d, d});
  t.a2 = program.add({"A2", TensorRole::key, w.dtype, kv_planes, w.seqlen_kv, d});
  t.a3 = program.add({"A3", TensorRole::value_tokens, w.dtype, kv_planes, w.seqlen_kv, dv});
  t.y = program.add({"Y", TensorRole::value_parameter, w.dtype, kv_planes, dv, dv});
  t.d_o = program.add({"dO", TensorRole::d_output, w.dtype, planes, w.seqlen_q, dv});
  t.d_x = program.add({"dX", TensorRole::d_query_parameter, w.dtype, planes, d, d});
  t.shape =
      Tensor(t.a1.id(), {.name = "S", .planes = planes, .rows = w.seqlen_q, .cols = w.seqlen_kv});
  return t;
}

}  // namespace attnsim
