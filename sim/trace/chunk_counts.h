// What the kernels of chunked linear attention (chunk_states.h) hold and move, by formula.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/trace/closed_form.h"
#include "sim/trace/recurrence_tensors.h"
#include "sim/trace/target.h"

namespace attnsim {

struct ChunkSizes {
  std::int64_t C = 1;           // steps of a chunk
  std::int64_t BK = 1, BV = 1;  // rows and columns of a block of the state
};

class ChunkCounts {
 public:
  ChunkCounts(const Workload& workload, Gates gates, const ChunkSizes& sizes)
      : w_(workload), gates_(gates), sizes_(sizes) {}

  std::int64_t chunks() const;        // of all planes
  std::int64_t key_blocks() const;    // of a state
  std::int64_t value_blocks() const;  // of a state
  std::uint64_t keys() const;         // elements of Q or K
  std::uint64_t values() const;       // elements of V or O
  std::uint64_t states() const;       // elements of the states of all chunks

  /// What the kernel that sums decays moves, and what is read by so many calls of
  /// ChunkDecays::load() and load_at() for each chunk, those for all rows of a state together.
  ClosedForm decays(std::int64_t loads, std::int64_t loads_at) const;
  /// Of that kernel: none for constant gates.
  std::vector<TileShape> decays_footprint() const;
  /// A LogDecay, and what load() and load_at() hold: a constant gate is beside the sums for a
  /// moment.
  TileShape decay() const { return {Role::vector, DType::f32, sizes_.C + 1, decay_cols()}; }
  TileShape loaded() const { return {Role::vector, DType::f32, rows_at() + 1, decay_cols()}; }
  TileShape loaded_at() const { return {Role::vector, DType::f32, rows_at(), decay_cols()}; }

  /// Of a kernel that keeps the whole of BV columns of the state and forms all of a chunk beside
  /// it.
  std::vector<TileShape> on_chip_footprint() const;

  /// The kernel of states, without decays: it calls load() once for each block of the state.
  ClosedForm states_form() const;
  std::int64_t states_loads() const { return key_blocks() * value_blocks(); }
  std::vector<TileShape> states_footprint() const;

 private:
  std::int64_t rows_at() const { return sizes_.C + (gates_ == Gates::constant ? 1 : 0); }
  std::int64_t decay_cols() const { return gates_ == Gates::vector ? sizes_.BK : 1; }

  const Workload& w_;
  const Gates gates_;
  const ChunkSizes sizes_;
};

}  // namespace attnsim
