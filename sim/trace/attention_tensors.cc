#include "sim/trace/attention_tensors.h"

#include "sim/trace/block_mask.h"

namespace attnsim {

ParamSpec pack_gqa_parameter() {
  return {.name = "pack_gqa",
          .type = ParamType::boolean,
          .default_value = "false",
          .doc =
              "pack the query heads of a KV head into one block, so that K and V are loaded once "
              "per group"};
}

AttentionTensors add_attention_tensors(Program& program, const Workload& w,
                                       std::int64_t packed_heads, bool with_output) {
  const std::int64_t planes = w.query_planes() / packed_heads;
  const std::int64_t rows = w.seqlen_q * packed_heads;
  program.set_block_mask(block_mask_of(w));
  AttentionTensors t;
  t.q = program.add({"Q", TensorRole::query, w.dtype, planes, rows, w.head_dim, packed_heads});
  t.k = program.add({"K", TensorRole::key, w.dtype, w.kv_planes(), w.seqlen_kv, w.head_dim});
  t.v = program.add({"V", TensorRole::value, w.dtype, w.kv_planes(), w.seqlen_kv, w.head_dim_v});
  if (with_output) {
    t.o = program.add({"O", TensorRole::output, w.dtype, planes, rows, w.head_dim_v, packed_heads});
  }
  t.shape = Tensor(t.q.id(), {.name = "S", .planes = planes, .rows = rows, .cols = w.seqlen_kv});
  return t;
}

TileLists::TileLists(Program& program, std::int64_t lists, std::int64_t most,
                     const std::string& name) {
  const BlockMask* mask = program.block_mask();
  if (mask == nullptr) return;
  lists_ = program.add({name, TensorRole::mask, DType::i32, mask->planes(), lists, 1 + most});
}

void TileLists::read_next(Agent& a, Index plane, Index list, const Loop& loop) const {
  if (!empty()) read(a, plane, list, loop.ordinal() + 1);
}

void TileLists::read(Agent& a, Index plane, Index list, Index word) const {
  if (empty()) return;
  const Index shared(0);
  const Tile unused =
      a.load(lists_.block(lists_.planes() == 1 ? shared : plane, list, 1, word, 1), Role::vector);
}

GradientTensors add_gradient_tensors(Program& program, const Workload& w, DType d_query,
                                     std::int64_t packed_heads, std::optional<DType> d_keys) {
  const std::int64_t planes = w.query_planes() / packed_heads;
  const std::int64_t rows = w.seqlen_q * packed_heads;
  const DType keys = d_keys.value_or(w.dtype);
  GradientTensors g;
  g.d_o =
      program.add({"dO", TensorRole::d_output, w.dtype, planes, rows, w.head_dim_v, packed_heads});
  g.d_q = program.add({"dQ", TensorRole::d_query, d_query, planes, rows, w.head_dim, packed_heads});
  g.d_k = program.add({"dK", TensorRole::d_key, keys, w.kv_planes(), w.seqlen_kv, w.head_dim});
  g.d_v = program.add({"dV", TensorRole::d_value, keys, w.kv_planes(), w.seqlen_kv, w.head_dim_v});
  return g;
}

}  // namespace attnsim
