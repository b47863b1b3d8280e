// Published measurements, as a measurement file states them, and the rule by which their rates
// become seconds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/workload.h"

namespace attnsim {

enum class Metric : std::uint8_t {
  runtime_ms,  // of the kernel or operator
  tflops,      // rates by the rule of convention_flops()
  tops,
  latency_ms,            // a whole model step
  speedup,               // over parameter `baseline`, same shape and device
  gb_dram,               // moved to and from device memory, in 1e9 bytes
  matrix_unit_util_pct,  // counters
  lds_util_pct,
};

std::string_view name(Metric metric);

/// All names, in declaration order.
std::span<const std::string_view> metric_names();

/// True of the time and the rates of one attention call, which have a measured_seconds().
bool is_operator_time(Metric metric);

/// True of what a profiler counts that is no amount of bytes.
bool is_counter(Metric metric);

/// One row of a measurement file.
struct Measurement {
  std::string id;
  std::string source;  // publication or repository
  std::string ref{};   // table, figure or file in it
  std::string algorithm;
  std::string variant{};   // which implementation, and what sets it apart
  bool reference = false;  // the algorithm's released kernel, timed as an operator
  std::string hardware;
  std::int64_t devices = 1;              // that work on the one problem
  std::optional<double> clock_mhz{};     // locked core clock; absent: free, or not stated
  std::string dtype;                     // of the inputs; int4 and fp4 have no DType
  Workload workload{};                   // shape, causal and pass; the rest is still open
  std::optional<std::int64_t> window{};  // keys a query sees, itself included
  std::map<std::string, std::string> params{};
  Metric metric = Metric::runtime_ms;
  double value = 0;  // positive
};

/// The names a measurement's dtype may have.
std::span<const std::string_view> measured_dtypes();

/// FLOPs by the convention of the field (Dao 2023, arXiv 2307.08691, section 4.1): forward 4 B H Nq
/// Nk d, with 2 (d + dv) in place of 4 d where V has columns of its own; half of it when causal,
/// diagonal or not; backward 2.5 times and both passes 3.5 times the forward pass.
double convention_flops(const Workload& workload);

/// REQUIRES: is_operator_time(row.metric).
double measured_seconds(const Measurement& row);

}  // namespace attnsim
