#include "sim/trace/row_key_tiles.h"

#include "sim/trace/mask.h"

namespace attnsim {

RowKeyTiles::RowKeyTiles(const Workload& workload, const Target& target, std::int64_t row_group)
    : w_(workload),
      target_(target),
      plane_rows_(workload.seqlen_q * row_group),
      counts_(workload, row_group) {}

TileSizes RowKeyTiles::limits() const { return {plane_rows_, w_.seqlen_kv}; }

bool RowKeyTiles::second_only_helps() const { return !w_.masked(); }

std::uint64_t RowKeyTiles::iterations(TileSizes t) const {
  return static_cast<std::uint64_t>(ceil_div(plane_rows_, t.first) *
                                    ceil_div(w_.seqlen_kv, t.second));
}

std::optional<Density> RowKeyTiles::density(TileSizes t) const {
  return counts_.density(t.first, t.second);
}

std::uint64_t RowKeyTiles::rows() const {
  return static_cast<std::uint64_t>(w_.seqlen_q * w_.query_planes());
}

std::uint64_t RowKeyTiles::keys() const {
  return static_cast<std::uint64_t>(w_.seqlen_kv * w_.kv_planes());
}

std::vector<TileShape> RowKeyTiles::online_softmax_footprint(TileSizes t) const {
  const auto [Br, Bc] = t;
  return {{Role::operand, w_.dtype, Br, w_.head_dim},          // Q
          {Role::operand, w_.dtype, Bc, w_.head_dim},          // K
          {Role::operand, w_.dtype, Bc, w_.head_dim_v},        // V
          {Role::accumulator, DType::f32, Br, w_.head_dim_v},  // O
          {Role::accumulator, DType::f32, Br, Bc},             // S, then P in place
          {Role::vector, DType::f32, Br, 2}};                  // m, l
}

std::uint64_t RowKeyTiles::lists_by_row(TileSizes t, const Visits& visits) const {
  return counts_.list_words(ceil_div(plane_rows_, t.first), visits);
}

std::uint64_t RowKeyTiles::lists_by_key(TileSizes t, const Visits& visits) const {
  return counts_.list_words(ceil_div(w_.seqlen_kv, t.second), visits);
}

}  // namespace attnsim
