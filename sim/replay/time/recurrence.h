// Finds the cycles of a core: it watches the states in which the core asks for data, until one
// comes again, then notes what happens up to the next time, and from then on only runs through it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/replay/time/core.h"
#include "sim/replay/time/cycle.h"
#include "sim/replay/time/cycle_run.h"

namespace attnsim::replay::time {

class Recurrence {
 public:
  /// References both; `book` takes the cycles that are found.
  Recurrence(Core& core, CycleBook& book) : core_(core), book_(book), run_(core) {}

  /// What Core::proceed() does.
  Ps proceed(Shared& shared);

  /// The core has put a request and got an answer.
  void served(std::size_t place, std::uint32_t number, Ps port, const Served& answer);

 private:
  /// A round that is being noted, then further ones until it is known when all its answers were
  /// needed.
  struct Recording {
    Cycle cycle{};
    std::uint64_t hash = 0;
    Ps start = 0;
    std::size_t anchors = 0, anchors_left = 0;  // of a round
    int rounds = 0;                             // that are complete
    struct PlaceStart {
      std::uint32_t begin = 0, end = 0;
      UnitWorkSums work{};
    };
    std::vector<PlaceStart> places{};
    std::vector<std::vector<Window::RetiredCopy>> retired{};  // by place
    std::vector<Cycle::Pending> pending_again{};              // when the first round was over
    struct Later {
      Ps asked, answered;  // after the start of its round, and after that
    };
    std::vector<Later> later{};  // requests of the further rounds
  };

  /// What put an end to the last cycle, or to the search for one.
  enum Disturbance : std::uint8_t { new_task, left, kDisturbances };

  bool at_anchor() const;
  void watch();
  void describe(Signature& out) const;
  bool starts(const Cycle& cycle) const;
  void enter(const Cycle& cycle);
  void end_run(const Cycle& cycle);
  void disturbed(Disturbance by);
  void give_up();

  void begin_recording(std::uint64_t hash, std::size_t anchors);
  void begin_step();
  void end_round();
  bool close_cycle();
  bool know_answers();
  bool repeats() const;
  std::vector<Cycle::Pending> pending() const;
  const Window::RetiredCopy* find_retired(std::size_t place, std::uint32_t number) const;
  void stop_recording();

  Core& core_;
  CycleBook& book_;
  CycleRun run_;
  std::unique_ptr<Recording> recording_;
  Signature state_;                  // of the core, when it was looked at last
  std::vector<std::uint64_t> seen_;  // hashes of the last states
  Disturbance by_ = new_task;
  int since_ = 0;                             // anchors, since the disturbance
  std::array<int, kDisturbances> settles_{};  // after how many there was a cycle the last time
  int wait_ = 0;                              // anchors to let pass
  int gap_ = 0;                               // how many at the next failure
  int tries_ = 0;                             // states looked at since the last one
  int in_vain_ = 0;  // cycles left before they were gone through once, one after another
};

}  // namespace attnsim::replay::time
