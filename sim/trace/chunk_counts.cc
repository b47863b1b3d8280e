#include "sim/trace/chunk_counts.h"

#include "sim/trace/mask.h"

namespace attnsim {
namespace {

std::uint64_t u(std::int64_t count) { return static_cast<std::uint64_t>(count); }

}  // namespace

std::int64_t ChunkCounts::chunks() const {
  return w_.query_planes() * ceil_div(w_.seqlen_q, sizes_.C);
}
std::int64_t ChunkCounts::key_blocks() const { return ceil_div(w_.head_dim, sizes_.BK); }
std::int64_t ChunkCounts::value_blocks() const { return ceil_div(w_.head_dim_v, sizes_.BV); }
std::uint64_t ChunkCounts::keys() const { return u(w_.query_planes() * w_.seqlen_q * w_.head_dim); }
std::uint64_t ChunkCounts::values() const {
  return u(w_.query_planes() * w_.seqlen_q * w_.head_dim_v);
}
std::uint64_t ChunkCounts::states() const { return u(chunks() * w_.head_dim * w_.head_dim_v); }

ClosedForm ChunkCounts::decays(std::int64_t loads, std::int64_t loads_at) const {
  if (gates_ == Gates::constant) {
    return {{.tensor = "G", .dtype = DType::f32, .read = u(chunks() * (loads + loads_at))}};
  }
  // Of vectors a call reads the columns of one block of rows of the state.
  const std::int64_t width = gates_ == Gates::vector ? w_.head_dim : 1;
  const std::int64_t blocks = ceil_div(width, decay_cols());
  const std::int64_t all = w_.query_planes() * w_.seqlen_q * width;
  const std::int64_t last = chunks() * width;
  return {{.tensor = "G", .dtype = w_.dtype, .read = u(all)},
          {.tensor = "b",
           .dtype = DType::f32,
           .read = u((loads + loads_at) / blocks * all + loads / blocks * last),
           .written = u(all)}};
}

std::vector<TileShape> ChunkCounts::decays_footprint() const {
  if (gates_ == Gates::constant) return {};
  return {{Role::vector, w_.dtype, sizes_.C, decay_cols()},
          {Role::vector, DType::f32, sizes_.C, decay_cols()}};
}

std::vector<TileShape> ChunkCounts::on_chip_footprint() const {
  const std::int64_t C = sizes_.C;
  const std::int64_t BV = sizes_.BV;
  return {{Role::accumulator, DType::f32, w_.head_dim, BV},  // H
          {Role::operand, w_.dtype, 2 * C, w_.head_dim},     // Q, K
          {Role::operand, w_.dtype, C, BV},                  // V
          {Role::accumulator, DType::f32, C, C},             // scores
          {Role::accumulator, DType::f32, C, BV},            // O
          decay()};
}

/// K once for each BV columns of the state, V once for each BK rows.
ClosedForm ChunkCounts::states_form() const {
  return {{.tensor = "K", .dtype = w_.dtype, .read = u(value_blocks()) * keys()},
          {.tensor = "V", .dtype = w_.dtype, .read = u(key_blocks()) * values()},
          {.tensor = "H", .dtype = w_.dtype, .written = states()}};
}

std::vector<TileShape> ChunkCounts::states_footprint() const {
  const auto [C, BK, BV] = sizes_;
  return {{Role::accumulator, DType::f32, BK, BV},
          {Role::operand, w_.dtype, C, BK + BV},  // K, V
          loaded()};
}

}  // namespace attnsim
