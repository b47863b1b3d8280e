// Writes down what a cache sends below, line by line.
#pragma once

#include <vector>

#include "sim/machine/cache/cache.h"
#include "tests/support/reference_cache.h"

namespace attnsim::test {

class EventLog final : public machine::Downstream {
 public:
  explicit EventLog(bool ordered) : ordered_(ordered) {}

  void fetch(machine::LineRun lines, std::uint16_t tag) override { add(false, lines, tag); }
  void write_back(machine::LineRun lines, std::uint16_t tag) override { add(true, lines, tag); }
  bool ordered() const override { return ordered_; }

  std::vector<Event> events;
  std::size_t calls = 0;

 private:
  void add(bool write_back, machine::LineRun lines, std::uint16_t tag) {
    ++calls;
    for (std::uint64_t i = 0; i < lines.count; ++i) {
      events.push_back({write_back, lines.first + i, tag});
    }
  }

  bool ordered_;
};

}  // namespace attnsim::test
