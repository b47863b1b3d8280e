// An I/O budget as plain data: a run and what its result is expected to be. Read from a check file
// by sim/config, evaluated by sim/study; nothing here evaluates anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/run_spec.h"

namespace attnsim {

/// One expectation about one metric of a result. A valid one has exactly one of: a range (min, max
/// or both), equals, max_ratio. Units are resolved: bytes and seconds.
struct Expectation {
  std::string metric;  // io.hbm.total.words, footprint.sram.peak_bytes, bounds.LB2.ratio ...

  // Where the expectation stands, for messages: file:line:column.
  std::string file{};
  int line = 0;
  int column = 0;

  std::optional<double> min{};
  std::optional<double> max{};
  std::optional<std::uint64_t> equals{};  // counts are exact
  std::optional<double> max_ratio{};      // of the value named by `of`
  std::string of{};                       // "closed_form" or "bounds.<id>"; empty without max_ratio
};

struct CheckSpec {
  std::string name;
  RunSpec run{};
  bool allow_over = false;  // true: a footprint above capacity does not fail the check
  std::vector<Expectation> expect{};
};

}  // namespace attnsim
