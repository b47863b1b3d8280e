#include "sim/report/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "sim/report/format.h"

namespace attnsim::report {
namespace {

constexpr double kWidth = 860, kMargin = 60;                               // below the drawing area
constexpr double kLeft = 90, kRight = 620, kTop = 60, kLeastBottom = 360;  // of the drawing area
constexpr double kLegend = 640, kLegendRow = 22;
constexpr int kMostTicks = 9;

// Okabe and Ito's palette, which people with any colour vision tell apart; 2008.
constexpr std::array<std::string_view, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#000000"};

std::string_view dashes(std::size_t series, PlotStyle style) {
  if (style == PlotStyle::dotted_line) return " stroke-dasharray=\"2 3\"";
  return series < kColours.size() ? "" : " stroke-dasharray=\"6 4\"";
}

/// What tells a series from the others: a colour, and a dashed line once the colours are used up.
struct Look {
  Look(std::size_t series, PlotStyle style)
      : colour(kColours[series % kColours.size()]),
        stroke(fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{}", colour,
                           style == PlotStyle::dotted_line ? "1.5" : "2", dashes(series, style))) {}
  std::string_view colour;
  std::string stroke;
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    }
  }
  return out;
}

/// Values as positions, in powers of the unit's base; whole powers at both ends.
class Axis {
 public:
  Axis(double from, double to, PlotUnit unit) : from_(from), to_(to), unit_(unit) {}

  void include(double value) {
    low_ = std::min(low_, std::floor(power_of(value)));
    high_ = std::max(high_, std::ceil(power_of(value)));
  }
  /// Nothing was included: powers 0 to 1. One power alone gets another.
  void close() {
    if (low_ > high_) low_ = high_ = 0;
    if (low_ == high_) ++high_;
  }
  double at(double value) const { return position(power_of(value)); }
  double end() const { return to_; }

  struct Tick {
    double position;
    std::string text;
  };
  std::vector<Tick> ticks() const {
    const double stride = std::ceil((high_ - low_) / kMostTicks);
    std::vector<Tick> out;
    for (double power = low_; power <= high_; power += stride) {
      out.push_back(
          {position(power), unit_ == PlotUnit::seconds ? seconds_text(power) : size_text(power)});
    }
    return out;
  }

 private:
  double power_of(double value) const {
    return unit_ == PlotUnit::seconds ? std::log10(value) : std::log2(value);
  }
  double position(double power) const {
    return from_ + (power - low_) / (high_ - low_) * (to_ - from_);
  }
  std::string size_text(double power) const {
    constexpr std::array<std::string_view, 7> kPrefixes = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    const auto whole = static_cast<int>(std::clamp(power, 0.0, 69.0));
    const std::string_view prefix = kPrefixes[static_cast<std::size_t>(whole / 10)];
    const std::string_view unit = unit_ == PlotUnit::bytes ? "B" : "";
    return fmt::format("{}{}{}{}", 1 << whole % 10, prefix.empty() && unit.empty() ? "" : " ",
                       prefix, unit);
  }
  static std::string seconds_text(double power) {
    constexpr std::array<std::string_view, 5> kUnits = {"ps", "ns", "us", "ms", "s"};
    const auto above_ps = static_cast<int>(std::clamp(power + 12, 0.0, 14.0));
    constexpr std::array<int, 3> kTens = {1, 10, 100};
    return fmt::format("{} {}", kTens[static_cast<std::size_t>(above_ps % 3)],
                       kUnits[static_cast<std::size_t>(above_ps / 3)]);
  }

  double from_, to_;
  PlotUnit unit_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

struct Axes {
  Axes(PlotUnit unit, double lowest)
      : x(kLeft, kRight, unit), y(lowest, kTop, unit), bottom(lowest) {}
  Axis x, y;
  double bottom;  // of the drawing area
};

bool has_marks(PlotStyle style) {
  return style == PlotStyle::marked_line || style == PlotStyle::marks;
}

bool is_drawn(const PlotPoint& point) { return point.x > 0 && point.y > 0; }

Axes axes_of(const Plot& plot) {
  const double legend = kLegendRow * static_cast<double>(plot.series.size());
  Axes axes(plot.unit, std::max(kLeastBottom, kTop + legend));
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      if (!is_drawn(point)) continue;
      axes.x.include(point.x);
      axes.y.include(point.y);
    }
  }
  axes.x.close();
  axes.y.close();
  return axes;
}

void add_frame(std::string& out, const Plot& plot, const Axes& axes) {
  for (const Axis::Tick& tick : axes.x.ticks()) {
    out += fmt::format(
        "<path d=\"M{0:.1f} {1:.0f}V{2:.0f}\" stroke=\"#ddd\"/>"
        "<text x=\"{0:.1f}\" y=\"{3:.0f}\" text-anchor=\"middle\">{4}</text>\n",
        tick.position, kTop, axes.bottom, axes.bottom + 18, tick.text);
  }
  for (const Axis::Tick& tick : axes.y.ticks()) {
    out += fmt::format(
        "<path d=\"M{1:.0f} {0:.1f}H{2:.0f}\" stroke=\"#ddd\"/>"
        "<text x=\"{3:.0f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        tick.position, kLeft, kRight, kLeft - 8, tick.position + 4, tick.text);
  }
  out +=
      fmt::format("<path d=\"M{0:.0f} {2:.0f}V{3:.0f}H{1:.0f}\" fill=\"none\" stroke=\"#222\"/>\n",
                  kLeft, kRight, kTop, axes.bottom);
  out += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>\n",
                     (kLeft + kRight) / 2, axes.bottom + 42, escaped(plot.x_label));
  out += fmt::format(
      "<text transform=\"translate(18 {:.0f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      (kTop + axes.bottom) / 2, escaped(plot.y_label));
}

/// Positions in tenths of a pixel: the resolution of the drawing.
struct Place {
  long x, y;
  bool operator==(const Place&) const = default;
};

std::vector<Place> places_of(const PlotSeries& series, const Axes& axes) {
  std::vector<Place> out;
  for (const PlotPoint& point : series.points) {
    if (!is_drawn(point)) continue;
    const Place place{std::lround(axes.x.at(point.x) * 10), std::lround(axes.y.at(point.y) * 10)};
    if (out.empty() || out.back() != place) out.push_back(place);
  }
  return out;
}

std::string pixels(long tenths) { return fmt::format("{:.1f}", static_cast<double>(tenths) / 10); }

std::string line_through(const std::vector<Place>& places, PlotStyle style) {
  std::string path = "M" + pixels(places[0].x) + " " + pixels(places[0].y);
  for (std::size_t i = 1; i < places.size(); ++i) {
    const bool steps = style == PlotStyle::steps;
    if (steps && places[i].x != places[i - 1].x) path += "H" + pixels(places[i].x);
    if (steps && places[i].y != places[i - 1].y) path += "V" + pixels(places[i].y);
    if (!steps) path += "L" + pixels(places[i].x) + " " + pixels(places[i].y);
  }
  if (style == PlotStyle::steps) path += fmt::format("H{:.1f}", kRight);
  return path;
}

void add_series(std::string& out, const PlotSeries& series, const Axes& axes, const Look& look) {
  const std::vector<Place> places = places_of(series, axes);
  if (places.empty()) return;
  if (series.style != PlotStyle::marks) {
    out += fmt::format("<path d=\"{}\" {}/>\n", line_through(places, series.style), look.stroke);
  }
  if (!has_marks(series.style)) return;
  for (const Place& place : places) {
    out += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"3.5\" fill=\"{}\"/>\n", pixels(place.x),
                       pixels(place.y), look.colour);
  }
}

void add_legend_row(std::string& out, const PlotSeries& series, std::size_t row, const Look& look) {
  const double y = kTop + 12 + kLegendRow * static_cast<double>(row);
  if (series.style != PlotStyle::marks) {
    out += fmt::format("<path d=\"M{:.0f} {:.0f}h24\" {}/>", kLegend, y, look.stroke);
  }
  if (has_marks(series.style)) {
    out += fmt::format("<circle cx=\"{:.0f}\" cy=\"{:.0f}\" r=\"3.5\" fill=\"{}\"/>", kLegend + 12,
                       y, look.colour);
  }
  out += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", kLegend + 32, y + 4,
                     escaped(series.label));
}

void add_rule(std::string& out, const PlotRule& rule, const Axes& axes) {
  const double x = axes.x.at(rule.x);
  out += fmt::format(
      "<path d=\"M{0:.1f} {1:.0f}V{2:.0f}\" stroke=\"#888\" stroke-dasharray=\"4 3\"/>"
      "<text transform=\"translate({3:.1f} {4:.0f}) rotate(-90)\" text-anchor=\"end\" "
      "font-size=\"11\" fill=\"#555\">{5}</text>\n",
      x, kTop, axes.bottom, x + 13, kTop + 6, escaped(rule.label));
}

void add_ring(std::string& out, const PlotRing& ring, const Axes& axes) {
  out += fmt::format(
      "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" fill=\"none\" stroke=\"#222\" "
      "stroke-width=\"1.5\"><title>{}</title></circle>\n",
      axes.x.at(ring.x), axes.y.at(ring.y), escaped(ring.label));
}

}  // namespace

std::string to_svg(const Plot& plot) {
  const Axes axes = axes_of(plot);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\" role=\"img\">\n"
      "<title>{2}</title>\n"
      "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>\n"
      "<text x=\"16\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{2}</text>\n"
      "<text x=\"16\" y=\"42\">{3}</text>\n",
      kWidth, axes.bottom + kMargin, escaped(plot.title), escaped(plot.subtitle));
  add_frame(out, plot, axes);
  for (const PlotRule& rule : plot.rules) add_rule(out, rule, axes);
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const Look look(i, plot.series[i].style);
    add_series(out, plot.series[i], axes, look);
    add_legend_row(out, plot.series[i], i, look);
  }
  for (const PlotRing& ring : plot.rings) add_ring(out, ring, axes);
  return out + "</svg>\n";
}

}  // namespace attnsim::report
