// Line plots of amounts against amounts of one unit as static SVG: both axes logarithmic, ticks at
// powers of two of bytes or of ten of seconds.
#pragma once

#include <string>
#include <vector>

namespace attnsim::report {

enum class PlotStyle {
  steps,        // a value holds up to the next point, the last one up to the right edge
  marked_line,  // straight lines between marks
  marks,        // no lines
  line,         // no marks
};

enum class PlotUnit { bytes, seconds };

struct PlotPoint {
  double x = 0;
  double y = 0;
};

struct PlotSeries {
  std::string label;
  PlotStyle style = PlotStyle::marked_line;
  std::vector<PlotPoint> points{};  // by x; what is not positive is left out
};

struct Plot {
  std::string title;
  std::string subtitle{};
  std::string x_label;
  std::string y_label;
  PlotUnit unit = PlotUnit::bytes;  // of both axes
  std::vector<PlotSeries> series{};
};

/// A whole file, on a white ground. Equal plots give equal text; what cannot be told apart on the
/// drawing is drawn once.
std::string to_svg(const Plot& plot);

}  // namespace attnsim::report
