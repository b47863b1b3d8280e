// attnsim run --timeline: what each unit of some cores does when, as a file of trace events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/app/options.h"
#include "sim/app/stream_file.h"
#include "sim/config/config.h"
#include "sim/replay/time/time.h"
#include "sim/report/timeline.h"

namespace attnsim::app {

/// --timeline, --timeline-cores, --timeline-window.
std::vector<Option> timeline_options();

/// Writes while a run's time is read. Memory is O(1): nothing is kept.
class Timeline final : public replay::time::Listener {
 public:
  using Ps = replay::time::Ps;

  /// The events a file holds at most; what comes later is left out, and finish() says so.
  static constexpr std::uint64_t kMostEvents = 1'000'000;

  /// References the run. Throws UserError when an option makes no sense or the file cannot be
  /// written. REQUIRES: --timeline is given.
  Timeline(const Arguments& arguments, const replay::PlannedRun& planned);

  void kernel(const Kernel& kernel, Ps begin) override;
  void work(std::int64_t core, std::size_t place, int agent, const TileOp& op,
            replay::time::Unit unit, Ps from, Ps to) override;
  void task(std::int64_t core, std::size_t place, std::int64_t task, Ps from, Ps to) override;

  /// Ends the file and gives it its name. Tells on stderr what was left out, if anything was.
  void finish();

 private:
  bool shown(std::int64_t core, Ps from, Ps to) const;
  void add(std::int64_t core, std::int64_t track, const std::string& track_name,
           report::TimelineEvent event);
  void end_kernel();

  const replay::PlannedRun& planned_;
  config::CoreSpan cores_{.first = 0, .last = 1};
  std::optional<std::pair<Ps, Ps>> window_{};
  StreamFile file_;
  report::TimelineWriter writer_;
  const Kernel* kernel_ = nullptr;
  Ps kernel_begin_ = 0;
  Ps latest_ = 0;  // end of any work so far, shown or not
  Ps latest_shown_ = 0;
  std::uint64_t left_out_ = 0;
  std::set<std::pair<std::int64_t, std::int64_t>> named_{};  // process and track
};

/// Nothing when none is asked for. Throws UserError as above.
std::unique_ptr<Timeline> timeline_of(const Arguments& arguments,
                                      const replay::PlannedRun& planned);

}  // namespace attnsim::app
