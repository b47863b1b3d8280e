#include "sim/report/time_table.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "sim/report/format.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

constexpr std::size_t kLanesPerLine = 4;

std::string kernels_text(const TimeReport& time) {
  TextTable table({Align::left, Align::right, Align::right, Align::left, Align::right});
  for (const KernelTime& k : time.kernels) {
    table.add_row(
        {"kernel " + k.kernel, human_seconds(k.seconds),
         percent(time.seconds > 0 ? k.seconds / time.seconds : 0), "limited by " + k.limiter,
         fmt::format("{} tasks at {} places", thousands(static_cast<std::uint64_t>(k.tasks)),
                     thousands(static_cast<std::uint64_t>(k.places)))});
  }
  return table.text();
}

}  // namespace

std::string lanes_text(const TimeReport& time) {
  std::vector<LaneRow> lanes = time.lanes;
  std::stable_sort(lanes.begin(), lanes.end(), [](const LaneRow& a, const LaneRow& b) {
    return a.utilisation > b.utilisation;
  });
  std::string out;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    if (i > 0) out += i % kLanesPerLine == 0 ? "\n" : ", ";
    out += fmt::format("{} {}", lanes[i].lane, percent(lanes[i].utilisation));
  }
  return out.empty() ? out : out + '\n';
}

std::string time_text(const Result& result) {
  if (!result.time) return result.no_time.empty() ? "" : "no time: " + result.no_time + '\n';
  const TimeReport& time = *result.time;
  std::string out = fmt::format("{}, {} TFLOP/s, limited by {}\n", human_seconds(time.seconds),
                                number(std::round(time.tflops * 10) / 10), time.limiter);
  out += labelled("busy ", 5, lanes_text(time));
  if (time.kernels.size() > 1) out += kernels_text(time);
  return out;
}

std::string energy_text(const Result& result) {
  std::string total;
  std::vector<std::string> parts;
  for (const EnergyRow& row : result.energy) {
    if (row.memory == "total") {
      total = human_joules(row.joules);
    } else {
      parts.push_back(fmt::format("{} {}", row.memory, human_joules(row.joules)));
    }
  }
  return parts.empty() ? "" : fmt::format("{} for moving data: {}\n", total, join(parts));
}

}  // namespace attnsim::report
