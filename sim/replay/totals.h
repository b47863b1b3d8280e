// What a Counter adds up, as a value: periods of a trace that repeat are counted once and added as
// often as they occur.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/trace/op_table.h"

namespace attnsim::replay {

/// Elements of one tensor moved to or from tiles of one role.
struct Traffic {
  std::uint64_t read = 0, written = 0, init = 0;
  std::uint64_t port = 0;  // bits read by the matrix unit

  bool operator==(const Traffic&) const = default;
};
using TrafficByRole = std::array<Traffic, kRoleCount>;

/// Values moved from tile to tile, by their tensor (one past the last: none) and roles.
struct Move {
  std::uint16_t origin = 0;
  Role from = Role::operand, to = Role::operand;
  std::uint64_t bits = 0;

  bool operator==(const Move&) const = default;
};

struct Totals {
  /// `tensors` of the program.
  explicit Totals(std::size_t tensors) : traffic(tensors + 1) {}

  /// Adds `times` of each count of `other`, a difference of totals of the same program.
  void add(const Totals& other, std::uint64_t times);

  /// What was counted since `earlier`, an earlier value of the same totals.
  Totals since(const Totals& earlier) const;

  std::uint64_t operations() const;

  bool operator==(const Totals&) const = default;

  std::vector<TrafficByRole> traffic;  // by tensor; one past the last: values of no tensor
  std::vector<Move> moves{};           // in the order of their first occurrence
  std::array<WorkSums, kOpCount> work{};
  std::uint64_t tasks = 0;
};

}  // namespace attnsim::replay
