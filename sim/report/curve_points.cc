#include "sim/report/curve_points.h"

#include <fmt/format.h>

#include "sim/report/json_parts.h"

namespace attnsim::report {
namespace {

std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, kReplace); }

}  // namespace

std::string points_json(const std::vector<CurveSeries>& all, std::uint64_t word_bytes) {
  std::string out = "[";
  const char* separator = "";
  const auto begin = [&](const CurveSeries& series, Bytes capacity) {
    out += fmt::format("{}\n    {{\"policy\": {}, \"capacity_bytes\": {}", separator,
                       quoted(series.policy), capacity.count);
    if (word_bytes > 0) out += fmt::format(", \"m_words\": {}", capacity.count / word_bytes);
    separator = ",";
  };
  for (const CurveSeries& series : all) {
    for (const InfeasibleCapacity& at : series.infeasible) {
      begin(series, at.capacity);
      out += ", \"read_bytes\": null, \"write_bytes\": null, \"infeasible\": true";
      out += fmt::format(", \"reason\": {}}}", quoted(at.reason));
    }
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const CurvePoint& point = series.points[i];
      begin(series, point.capacity);
      out += fmt::format(", \"read_bytes\": {}, \"write_bytes\": {}", point.read.count,
                         point.write.count);
      if (word_bytes > 0) out += fmt::format(", \"words\": {}", point.total().count / word_bytes);
      if (!series.tiles.empty()) out += ", \"tiles\": " + quoted(series.tiles[i]);
      out += '}';
    }
  }
  return out + "\n  ]";
}

std::string with_text(std::string document, std::string_view key, const std::string& value) {
  document.resize(document.rfind("\n}"));
  return document + fmt::format(",\n  \"{}\": ", key) + value + "\n}\n";
}

}  // namespace attnsim::report
