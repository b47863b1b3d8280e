// The form of metric paths in check files: io.hbm.total.words, footprint.sram.peak_bytes ... Which
// metrics a result has is not known here; only what their names say about their values.
#pragma once

#include <string_view>

namespace attnsim::config {

enum class MetricUnit { number, bytes, seconds, joules };

/// True for two or more names with dots between them.
bool is_metric_path(std::string_view text);

/// The unit of a metric's values: by the end of its last name, or by its first.
MetricUnit metric_unit(std::string_view metric);

/// True for io.<memory>.<tensor>.<field> in bytes or words, which ratios can be taken of.
bool is_traffic(std::string_view metric);

}  // namespace attnsim::config
