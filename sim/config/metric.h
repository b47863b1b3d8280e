// Names of metrics in check files: io.hbm.total.words, footprint.sram.peak_bytes, bounds.LB2.ratio.
#pragma once

#include <string>
#include <string_view>

#include "sim/core/machine_spec.h"

namespace attnsim::config {

enum class MetricUnit { number, bytes, seconds };

/// What is wrong with a metric on this machine, or "". Heads, fields and memories are checked;
/// which tensors and bounds there are depends on the run.
std::string metric_fault(std::string_view metric, const MachineSpec& machine);

/// The unit of a metric's values: by its last part.
MetricUnit metric_unit(std::string_view metric);

/// True for amounts of data, which ratios can be taken of.
bool is_traffic(std::string_view metric);

/// What metrics there are, for the manual.
std::string metric_forms();

}  // namespace attnsim::config
