// A core that is known to be in a cycle: it puts its requests and emits its operations as ever,
// both are checked against the cycle, and all else is left out until one of them differs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/replay/time/core.h"
#include "sim/replay/time/cycle.h"
#include "sim/replay/time/numbered_ring.h"

namespace attnsim::replay::time {

class CycleRun {
 public:
  /// Rounds whose answers are remembered.
  static constexpr std::uint32_t kRemembered = 8;

  explicit CycleRun(Core& core) : core_(core) {}

  /// References the cycle. REQUIRES: the core is where it starts.
  void begin(const Cycle& cycle);
  /// Whether the core is in a cycle; otherwise it goes on by itself.
  bool runs() const { return cycle_ != nullptr; }
  const Cycle* cycle() const { return cycle_; }
  /// Complete ones, of the last cycle.
  std::int64_t rounds() const { return rounds_; }
  /// What Core::proceed() does. REQUIRES: runs().
  Ps proceed(Shared& shared);

 private:
  struct PlaceLog {
    std::uint32_t begin = 0, end = 0, next = 0;  // numbers: of the window, and what is emitted next
    NumberedRing<Elements> copied{};             // by what was emitted since
    std::vector<Elements> copies{};              // the same of this round, one by one
  };

  bool emit(const Cycle::Pull& pull);
  Elements copied(std::size_t place, std::uint32_t number) const;
  Ps leave(Shared& shared);
  void emit_again();
  void put_forward();
  void put_forward(std::size_t place);
  std::optional<Ps> answer_of(std::size_t place, std::uint32_t number) const;

  Core& core_;
  const Cycle* cycle_ = nullptr;
  Ps start_ = 0;
  std::int64_t rounds_ = 0;  // complete ones
  std::size_t step_ = 0;
  std::size_t pulled_ = 0;  // pulls of this round
  std::vector<PlaceLog> places_;
  std::vector<Served> answers_;  // of this round
  /// When the answers of the last rounds were there, in the order of the requests.
  std::array<std::vector<Ps>, kRemembered> done_;
};

}  // namespace attnsim::replay::time
