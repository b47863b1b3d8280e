#include "sim/config/metric.h"

#include <algorithm>

namespace attnsim::config {

bool is_metric_path(std::string_view text) {
  return text.find('.') != std::string_view::npos && !text.starts_with('.') &&
         !text.ends_with('.') && text.find("..") == std::string_view::npos &&
         text.find(' ') == std::string_view::npos;
}

MetricUnit metric_unit(std::string_view metric) {
  if (metric.ends_with("bytes")) return MetricUnit::bytes;
  if (metric.ends_with("seconds")) return MetricUnit::seconds;
  if (metric.starts_with("energy.")) return MetricUnit::joules;
  return MetricUnit::number;
}

bool is_traffic(std::string_view metric) {
  return is_metric_path(metric) && metric.starts_with("io.") &&
         std::count(metric.begin(), metric.end(), '.') == 3 &&
         (metric.ends_with("bytes") || metric.ends_with("words"));
}

}  // namespace attnsim::config
