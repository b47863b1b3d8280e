#include "sim/trace/attention_tensors.h"

namespace attnsim {

AttentionTensors add_attention_tensors(Program& program, const Workload& w,
                                       std::int64_t packed_heads) {
  const std::int64_t planes = w.query_planes() / packed_heads;
  const std::int64_t rows = w.seqlen_q * packed_heads;
  AttentionTensors t;
  t.q = program.add({"Q", TensorRole::query, w.dtype, planes, rows, w.head_dim, packed_heads});
  t.k = program.add({"K", TensorRole::key, w.dtype, w.kv_planes(), w.seqlen_kv, w.head_dim});
  t.v = program.add({"V", TensorRole::value, w.dtype, w.kv_planes(), w.seqlen_kv, w.head_dim_v});
  t.o = program.add({"O", TensorRole::output, w.dtype, planes, rows, w.head_dim_v, packed_heads});
  return t;
}

}  // namespace attnsim
