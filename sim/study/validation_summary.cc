// What the points of a validation add up to.
#include <algorithm>
#include <string>
#include <vector>

#include "sim/study/error_statistics.h"
#include "sim/study/validation.h"

namespace attnsim::study {
namespace {

using Points = std::vector<const ValidationPoint*>;

/// Below it kernels last a few microseconds, and host and launch decide.
constexpr std::int64_t kShortest = 512;

bool is_flash_attention(const ValidationPoint& point) {
  const std::string& id = point.series.algorithm;
  return id == "flash_attention_1" || id == "flash_attention_2" || id == "flash_attention_3";
}

/// A set of series that a figure is given for.
struct Group {
  const char* name;
  bool (*contains)(const ValidationPoint&);
};

constexpr Group kGroups[] = {
    {"flash attention 1-3, conditions stated",
     [](const ValidationPoint& p) { return is_flash_attention(p) && p.conditions_stated; }},
    {"flash attention 1-3, all sources", is_flash_attention},
    {"standard", [](const ValidationPoint& p) { return p.series.algorithm == "standard"; }},
};

/// Which rows of a group, by whether the model was fitted to them.
struct Choice {
  const char* name;
  bool (*takes)(const ValidationPoint&);
};

constexpr Choice kChoices[] = {
    {"all", [](const ValidationPoint&) { return true; }},
    {"fitted", [](const ValidationPoint& p) { return p.fitted; }},
    {"unfitted", [](const ValidationPoint& p) { return !p.fitted; }},
};

template <typename Row>
void set_worst(Row& row, const Points& points) {
  const ValidationPoint* worst = worst_of(points);
  if (worst == nullptr) return;
  row.worst = worst->error();
  row.worst_id = worst->id;
}

GroupRow group_row(const Group& group, const Choice& rows, const Points& reference) {
  Points points;
  for (const ValidationPoint* point : reference) {
    const bool long_enough = std::min(point->seqlen_q, point->seqlen_kv) >= kShortest;
    if (long_enough && rows.takes(*point) && group.contains(*point)) points.push_back(point);
  }
  GroupRow row{.group = group.name, .rows = rows.name, .errors = summarise(points)};
  set_worst(row, points);
  return row;
}

std::vector<SeriesRow> series_rows(const std::vector<ValidationPoint>& all) {
  std::vector<SeriesKey> keys;
  std::vector<Points> members;
  for (const ValidationPoint& point : all) {
    const auto place =
        static_cast<std::size_t>(std::ranges::find(keys, point.series) - keys.begin());
    if (place == keys.size()) {
      keys.push_back(point.series);
      members.emplace_back();
    }
    members[place].push_back(&point);
  }
  std::vector<SeriesRow> out;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    out.push_back({.key = keys[i], .errors = summarise(members[i])});
    set_worst(out.back(), members[i]);
  }
  return out;
}

}  // namespace

void summarise(ValidationReport& report) {
  Points reference;
  for (const ValidationPoint& point : report.points) {
    if (point.series.reference) reference.push_back(&point);
  }
  report.overall = summarise(reference);
  report.series = series_rows(report.points);
  report.groups.clear();
  for (const Group& group : kGroups) {
    for (const Choice& rows : kChoices) {
      report.groups.push_back(group_row(group, rows, reference));
    }
  }
}

}  // namespace attnsim::study
