#include "sim/report/timeline.h"

#include <ostream>

#include <fmt/format.h>

#include "sim/report/json.h"
#include "sim/report/json_parts.h"

namespace attnsim::report {
namespace {

std::string json_text(std::string_view text) { return Json(text).dump(-1, ' ', false, kReplace); }

/// Microseconds. A double would lose picoseconds of a long run.
std::string microseconds(std::int64_t ps) {
  return fmt::format("{}.{:06}", ps / 1'000'000, ps % 1'000'000);
}

}  // namespace

TimelineWriter::TimelineWriter(std::ostream& out) : out_(out) {
  out_ << R"({"displayTimeUnit":"ns","otherData":{"tool":"attnsim )" << tool_version()
       << R"("},"traceEvents":[)";
}

void TimelineWriter::write(const std::string& text) {
  out_ << (first_ ? "\n" : ",\n") << text;
  first_ = false;
}

void TimelineWriter::name_thing(std::string_view what, std::int64_t process, std::int64_t track,
                                std::string_view name) {
  write(fmt::format(R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"name":{}}}}})", what,
                    process, track, json_text(name)));
}

void TimelineWriter::name_process(std::int64_t process, std::string_view name) {
  name_thing("process_name", process, 0, name);
}

void TimelineWriter::name_track(std::int64_t process, std::int64_t track, std::string_view name) {
  name_thing("thread_name", process, track, name);
  write(fmt::format(
      R"({{"ph":"M","name":"thread_sort_index","pid":{},"tid":{},"args":{{"sort_index":{}}}}})",
      process, track, track));
}

void TimelineWriter::add(const TimelineEvent& event) {
  ++events_;
  std::string args;
  for (const auto& [key, value] : event.details) {
    args += fmt::format("{}{}:{}", args.empty() ? "" : ",", json_text(key), json_text(value));
  }
  const std::string common =
      fmt::format(R"("name":{},"cat":"work","pid":{},"tid":{},"ts":{})", json_text(event.name),
                  event.process, event.track, microseconds(event.from_ps));
  if (!event.overlaps) {
    write(fmt::format(R"({{"ph":"X",{},"dur":{},"args":{{{}}}}})", common,
                      microseconds(event.to_ps - event.from_ps), args));
    return;
  }
  write(fmt::format(R"({{"ph":"b","id":{},{},"args":{{{}}}}})", events_, common, args));
  write(fmt::format(R"({{"ph":"e","id":{},"name":{},"cat":"work","pid":{},"tid":{},"ts":{}}})",
                    events_, json_text(event.name), event.process, event.track,
                    microseconds(event.to_ps)));
}

void TimelineWriter::finish() { out_ << "\n]}\n"; }

}  // namespace attnsim::report
