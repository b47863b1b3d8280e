// What a cache model sends below, as runs.
//
// Consecutive lines of one direction become one call. Where the level below is ordered, an event of
// the other direction ends the run, so that the calls spell out the order of the events; otherwise
// each direction is merged by itself. Nothing is held back beyond flush().
#pragma once

#include <cstdint>

#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

/// Lines that left together, from the least recently used one up.
struct Victims {
  LineRun lines;
  bool dirty = false;
  std::uint16_t tag = 0;
};

class Outflow {
 public:
  /// `below` may be null: then every call is free.
  explicit Outflow(Downstream* below)
      : below_(below), ordered_(below != nullptr && below->ordered()) {}

  bool active() const { return below_ != nullptr; }

  void fetch(LineRun lines, std::uint16_t tag);
  void write_back(LineRun lines, std::uint16_t tag);

  /// As many lines come as left: line i of `first`... takes the place of victim i. `fetched` is
  /// false where the lines are made by a write that covers them.
  void replace(const Victims& victims, std::uint64_t first, bool fetched, std::uint16_t tag);

  /// Ends an access: sends what is pending.
  void flush();

 private:
  struct Pending {
    LineRun lines;
    std::uint16_t tag = 0;
    bool joins(LineRun run, std::uint16_t run_tag) const {
      return lines.count != 0 && lines.first + lines.count == run.first && tag == run_tag;
    }
  };
  void send_fetch();
  void send_write_back();

  Downstream* below_;
  bool ordered_;
  Pending fetch_;
  Pending write_back_;
};

}  // namespace attnsim::machine
