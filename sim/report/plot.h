// Line plots of amounts against amounts of one unit as static SVG: both axes logarithmic, ticks at
// powers of two of bytes or words, or of ten of seconds.
#pragma once

#include <string>
#include <vector>

namespace attnsim::report {

enum class PlotStyle {
  steps,        // a value holds up to the next point, the last one up to the right edge
  marked_line,  // straight lines between marks
  marks,        // no lines
  line,         // straight lines
  dotted_line,  // thin and dotted
};

enum class PlotUnit { bytes, words, seconds };

struct PlotPoint {
  double x = 0;
  double y = 0;
};

struct PlotSeries {
  std::string label;
  PlotStyle style = PlotStyle::marked_line;
  std::vector<PlotPoint> points{};  // by x; what is not positive is left out
};

/// A ring around a place that means something; its label shows where the pointer rests on it.
struct PlotRing {
  double x = 0;
  double y = 0;
  std::string label;
};

/// A line from top to bottom, its label beside it.
struct PlotRule {
  double x = 0;
  std::string label;
};

struct Plot {
  std::string title;
  std::string subtitle{};
  std::string x_label;
  std::string y_label;
  std::vector<PlotSeries> series{};  // these give the axes their extent
  PlotUnit unit = PlotUnit::bytes;
  std::vector<PlotRing> rings{};
  std::vector<PlotRule> rules{};
};

/// A whole file, on a white ground; as high as its legend needs. Equal plots give equal text; what
/// cannot be told apart on the drawing is drawn once.
std::string to_svg(const Plot& plot);

}  // namespace attnsim::report
