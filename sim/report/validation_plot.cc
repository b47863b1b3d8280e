#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "sim/report/format.h"
#include "sim/report/validation.h"

namespace attnsim::report {
namespace {

constexpr double kBand = 0.25;  // the lines beside that of equality

PlotSeries guide(std::string label, double factor, double from, double to) {
  return {.label = std::move(label),
          .style = PlotStyle::line,
          .points = {{from, factor * from}, {to, factor * to}}};
}

}  // namespace

Plot correlation_plot(const ValidationReport& report) {
  Plot plot{.title = "Predicted against measured time",
            .subtitle = "reference rows, one mark each",
            .x_label = "measured",
            .y_label = "predicted",
            .unit = PlotUnit::seconds};
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (const ValidationPoint& point : report.points) {
    if (!point.series.reference) continue;
    auto series = std::ranges::find(plot.series, point.series.algorithm, &PlotSeries::label);
    if (series == plot.series.end()) {
      plot.series.push_back({.label = point.series.algorithm, .style = PlotStyle::marks});
      series = std::prev(plot.series.end());
    }
    series->points.push_back({point.measured_s, point.predicted_s});
    least = std::min(least, point.measured_s);
    most = std::max(most, point.measured_s);
  }
  if (plot.series.empty()) return plot;
  plot.subtitle += fmt::format("; median error {:.1f} %, 90 % within {:.1f} %",
                               100 * report.overall.median, 100 * report.overall.p90);
  plot.series.push_back(guide("25 % above", 1 + kBand, least, most));
  plot.series.push_back(guide("equal", 1, least, most));
  plot.series.push_back(guide("25 % below", 1 - kBand, least, most));
  return plot;
}

}  // namespace attnsim::report
