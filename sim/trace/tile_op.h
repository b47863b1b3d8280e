// The trace record: one tile operation in 64 bytes.
//
// A record names its operands by storage slot and, for traffic, a region of a tensor. The shape
// (m, n, k) belongs to the operation, not to the storage: a ragged last tile may be smaller than
// the slot it lives in. What an operation means, needs and costs is its row in op_table.h.
#pragma once

#include <cstdint>
#include <type_traits>

#include "sim/core/dtype.h"
#include "sim/core/machine_spec.h"

namespace attnsim {

enum class Op : std::uint8_t {
  // storage
  alloc,
  fill,
  drop,
  // traffic between memories
  load,
  load_into,
  store,
  store_fill,
  move,
  accumulate,
  // matrix unit
  matmul,
  matmul_acc,
  // vector and exp units
  band,
  softmax_local,
  merge_stats,
  online_softmax,
  softmax_step,
  softmax_stats,
  softmax_apply,
  scale_rows,
  div_rows,
  lse,
  exp_sum,
  hide,
  matmul_cols,
  matmul_acc_cols,
  exp_rows,
  row_dot_acc,
  softmax_grad,
  dropout,
  add_scaled,
  // decays of recurrences
  cumsum,
  ramp,
  from_row,
  scale_exp,
  decay_state,
  decay,
  lower,
  multiply,
  gated_scores,
  // structure
  loop_begin,
  loop_next,
  loop_end,
};

inline constexpr int kOpCount = 42;

/// A slot number that names no storage.
inline constexpr std::uint32_t kNoSlot = 0xffffffffU;

/// Slots a task may hold at once: the live set is one machine word.
inline constexpr int kMaxSlots = 64;

enum OpFlag : std::uint8_t {
  kTransposeA = 1,  // operand t[1] is used transposed
  kTransposeB = 2,  // operand t[2] is used transposed
  kCreates = 4,     // t[0] is new storage
  kInit = 8,        // traffic that sets a tensor up before the algorithm starts
  kAtMemory = 16,   // accumulate: the memory adds (an atomic), not the core
};

struct TileOp {
  Op op = Op::alloc;
  std::uint8_t agent = 0;            // instruction stream within the task
  std::uint8_t flags = 0;            // OpFlag bits
  DType dtype = DType::f32;          // of the tile created
  std::uint16_t tensor = 0;          // traffic, dropout: index into Program::tensors()
  Role role = Role::operand;         // of the tile created
  DType operand_dtype = DType::f32;  // matmul: what the matrix unit rounds its inputs to
  std::int64_t row =
      0;             // traffic, hide, dropout: first row, planes flattened; loop_next: the index
  double value = 0;  // fill constant, matmul scale, dropout probability
  std::uint32_t t[4] = {kNoSlot, kNoSlot, kNoSlot, kNoSlot};
  std::int32_t m = 0, n = 0, k = 0;
  /// traffic, hide, dropout, *_cols: first column; band: phase; loop_next: TileKind
  std::int32_t col = 0;
  /// band limits; *_cols: hi is the width of the tile cut; dropout: low and high half of the seed
  std::int32_t lo = 0, hi = 0;
};

static_assert(sizeof(TileOp) == 64 && std::is_trivially_copyable_v<TileOp>,
              "a longer record costs more than twice the time to emit");

}  // namespace attnsim
