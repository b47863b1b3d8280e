// A timeline as Chrome trace events, written while it happens: https://ui.perfetto.dev opens it.
//
// A process is a core, or the device for its kernels; a thread is a track of it. What a track does
// one after another are complete events; what overlaps on it (copies in flight) are pairs of
// asynchronous ones. Times are in microseconds, exact to the picosecond.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attnsim::report {

struct TimelineEvent {
  std::int64_t process = 0;
  std::int64_t track = 0;
  std::string_view name{};
  std::int64_t from_ps = 0, to_ps = 0;
  bool overlaps = false;  // with others of its track
  std::vector<std::pair<std::string_view, std::string>> details{};
};

class TimelineWriter {
 public:
  /// Writes to `out`, which outlives this.
  explicit TimelineWriter(std::ostream& out);
  TimelineWriter(const TimelineWriter&) = delete;
  TimelineWriter& operator=(const TimelineWriter&) = delete;

  void name_process(std::int64_t process, std::string_view name);
  /// Tracks of a process stand in the order of their numbers.
  void name_track(std::int64_t process, std::int64_t track, std::string_view name);
  void add(const TimelineEvent& event);
  /// Ends the document. Nothing may follow.
  void finish();

  std::uint64_t events() const { return events_; }

 private:
  void name_thing(std::string_view what, std::int64_t process, std::int64_t track,
                  std::string_view name);
  void write(const std::string& text);

  std::ostream& out_;
  std::uint64_t events_ = 0;
  bool first_ = true;
};

}  // namespace attnsim::report
