// One line on stderr that says how far the work is, for people who watch a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sim/app/options.h"
#include "sim/core/progress.h"

namespace attnsim::app {

/// Silent unless stderr is a terminal and --quiet is not given. The line is gone at the end.
class ProgressLine {
 public:
  /// `unit` is what is counted: "cases".
  ProgressLine(const Arguments& arguments, std::string unit);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  /// `done` of `total` are finished. Drawn a few times a second at most.
  void show(std::uint64_t done, std::uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  std::string unit_;
  bool enabled_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_{};
};

/// A ProgressLine for work that reports to a Progress.
class WorkProgress final : public Progress {
 public:
  WorkProgress(const Arguments& arguments, std::string unit) : line_(arguments, std::move(unit)) {}
  void step(std::uint64_t done, std::uint64_t total, std::string_view) override {
    line_.show(done, total);
  }

 private:
  ProgressLine line_;
};

}  // namespace attnsim::app
