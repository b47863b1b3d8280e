// A memory that writes down what reaches it, unit by unit, in order.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/machine/cache/cache.h"

namespace attnsim::test {

struct BelowEvent {
  char what;  // 'F'etch or 'W'rite
  std::uint64_t unit;
  std::uint16_t tag;

  bool operator==(const BelowEvent&) const = default;
  auto operator<=>(const BelowEvent&) const = default;
};

class DownstreamLog final : public machine::Downstream {
 public:
  explicit DownstreamLog(bool ordered = true) : ordered_(ordered) {}

  void fetch(machine::LineRun run, std::uint16_t tag) override { add('F', run, tag); }
  void write_back(machine::LineRun run, std::uint16_t tag) override { add('W', run, tag); }
  bool ordered() const override { return ordered_; }

  std::vector<BelowEvent> events;

 private:
  void add(char what, machine::LineRun run, std::uint16_t tag) {
    for (std::uint64_t i = 0; i < run.count; ++i) events.push_back({what, run.first + i, tag});
  }

  bool ordered_;
};

/// A memory that forgets.
class Sink final : public machine::Downstream {
 public:
  void fetch(machine::LineRun, std::uint16_t) override {}
  void write_back(machine::LineRun, std::uint16_t) override {}
  bool ordered() const override { return false; }
};

}  // namespace attnsim::test
