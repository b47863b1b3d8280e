// What attnsim explain answers, as plain data: what a run's time goes to, and what one change of
// the machine would buy.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/result.h"

namespace attnsim {

/// Core-seconds by what a core's units do; those of all cores together are cores x seconds of a
/// kernel. The matrix unit stands on one side, the vector and exp units on the other.
struct CoreSeconds {
  double matrix = 0;   // the matrix unit alone
  double both = 0;     // both sides: one is hidden under the other
  double vector = 0;   // the vector and exp units alone
  double waiting = 0;  // neither, though there is work: for data, for an earlier result, to start
  double idle = 0;     // no work is left for the core, or there never was
  double launch = 0;   // the kernel has not started

  double total() const { return matrix + both + vector + waiting + idle + launch; }
  CoreSeconds& operator+=(const CoreSeconds& other) {
    matrix += other.matrix;
    both += other.both;
    vector += other.vector;
    waiting += other.waiting;
    idle += other.idle;
    launch += other.launch;
    return *this;
  }
};

/// What one kind of operation asks of its unit.
struct OperationTime {
  std::string unit{};       // matrix or vector (which takes elementwise and exp work alike)
  std::string operation{};  // as in attnsim list ops
  double busy_seconds = 0;  // on the average core
};

struct KernelExplanation {
  KernelTime time{};
  std::int64_t cores = 0;  // that got work
  /// From the moment the first of these cores has done its last work to the kernel's end.
  double tail_seconds = 0;
  CoreSeconds spent{};
  std::vector<OperationTime> operations{};  // the largest first

  /// How often all places would be filled if tasks could be divided, and how often they are.
  double ideal_waves() const {
    return time.places > 0 ? static_cast<double>(time.tasks) / static_cast<double>(time.places) : 0;
  }
  double waves() const { return std::ceil(ideal_waves()); }
  /// The share of the places that the waves leave empty.
  double wave_loss() const { return waves() > 0 ? 1 - ideal_waves() / waves() : 0; }
};

/// The run on a machine that differs in one respect.
struct WhatIf {
  std::string change{};  // "hbm bandwidth x2"
  double seconds = 0;
  std::string limiter{};  // then
};

/// The tensor that crosses the limiting memory's boundary most.
struct LimitingTensor {
  std::string memory{}, tensor{};
  Bytes bytes{};
  double share = 0;  // of the memory's traffic
};

struct Explanation {
  std::string algorithm{}, hardware{}, workload{};
  std::vector<std::pair<std::string, std::int64_t>> tiles{};
  TimeReport time{};
  CoreSeconds spent{};                     // of all kernels
  std::optional<LimitingTensor> tensor{};  // where a memory limits
  std::vector<KernelExplanation> kernels{};
  std::vector<WhatIf> what_if{};  // what saves most first
  std::vector<std::string> estimated_inputs{};

  double saved(const WhatIf& change) const {
    return time.seconds > 0 ? 1 - change.seconds / time.seconds : 0;
  }
};

}  // namespace attnsim
