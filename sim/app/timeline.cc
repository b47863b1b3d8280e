#include "sim/app/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "sim/core/error.h"
#include "sim/report/format.h"
#include "sim/trace/op_table.h"

namespace attnsim::app {
namespace {

using replay::time::Unit;

constexpr double kPsPerSecond = 1e12;
/// Processes: the device, then its cores.
constexpr std::int64_t kDevice = 0;
/// Tracks of a core: its two units, then these of every place.
constexpr std::int64_t kMatrix = 1, kVector = 2, kPlaces = 3;
enum PlaceTrack : std::int64_t { kTasks, kLoads, kStores, kPlaceTracks };

struct Track {
  std::int64_t number;
  std::string name;
};

Track track_of(std::size_t place, Unit unit) {
  if (unit == Unit::matrix) return {kMatrix, "matrix unit"};
  if (unit == Unit::vector) return {kVector, "vector and exp units"};
  const PlaceTrack kind = unit == Unit::copy_in    ? kLoads
                          : unit == Unit::copy_out ? kStores
                                                   : kTasks;
  constexpr const char* kNames[] = {"tasks", "loads", "stores"};
  return {kPlaces + static_cast<std::int64_t>(place) * kPlaceTracks + kind,
          "place " + std::to_string(place) + ": " + kNames[kind]};
}

config::CoreSpan cores_of(const Arguments& arguments, std::int64_t cores) {
  config::CoreSpan span{.first = 0, .last = 1};
  if (const auto given = arguments.value("timeline-cores")) {
    span = config::load_core_span("--timeline-cores", *given);
    if (span.first >= cores) {
      throw UserError("--timeline-cores " + *given + ": the machine has cores 0-" +
                      std::to_string(cores - 1));
    }
  }
  return span;
}

}  // namespace

std::vector<Option> timeline_options() {
  return {
      {.name = "timeline",
       .value = "FILE",
       .doc = "write what the cores do when, as trace events for ui.perfetto.dev"},
      {.name = "timeline-cores", .value = "FIRST-LAST", .doc = "the cores it shows; default: 0-1"},
      {.name = "timeline-window",
       .value = "FROM-TO",
       .doc = "the time it shows, such as '10 us-20 us'; default: from the start on"}};
}

std::unique_ptr<Timeline> timeline_of(const Arguments& arguments,
                                      const replay::PlannedRun& planned) {
  if (!arguments.has("timeline")) {
    for (const char* option : {"timeline-cores", "timeline-window"}) {
      if (arguments.has(option)) throw UserError(std::string("--") + option + " needs --timeline");
    }
    return nullptr;
  }
  if (arguments.has("no-time")) throw UserError("--timeline needs the time that --no-time forgoes");
  return std::make_unique<Timeline>(arguments, planned);
}

Timeline::Timeline(const Arguments& arguments, const replay::PlannedRun& planned)
    : planned_(planned),
      cores_(cores_of(arguments, planned.run().machine.cores)),
      file_(arguments.value("timeline").value()),
      writer_(file_.stream()) {
  if (const auto given = arguments.value("timeline-window")) {
    const config::TimeSpan span = config::load_time_span("--timeline-window", *given);
    window_ = {static_cast<Ps>(std::llround(span.from * kPsPerSecond)),
               static_cast<Ps>(std::llround(span.to * kPsPerSecond))};
  }
  writer_.name_process(kDevice, planned.run().machine.id);
}

bool Timeline::shown(std::int64_t core, Ps from, Ps to) const {
  return core >= cores_.first && core <= cores_.last &&
         (!window_ || (to > window_->first && from < window_->second));
}

void Timeline::add(std::int64_t core, std::int64_t track, const std::string& track_name,
                   report::TimelineEvent event) {
  if (writer_.events() == kMostEvents) {
    ++left_out_;
    return;
  }
  event.process = core + 1;
  event.track = track;
  if (named_.insert({event.process, 0}).second) {
    writer_.name_process(event.process, "core " + std::to_string(core));
  }
  if (named_.insert({event.process, track}).second) {
    writer_.name_track(event.process, track, track_name);
  }
  latest_shown_ = std::max(latest_shown_, event.to_ps);
  writer_.add(event);
}

void Timeline::end_kernel() {
  if (kernel_ == nullptr) return;
  if (named_.insert({kDevice, 1}).second) writer_.name_track(kDevice, 1, "kernels");
  writer_.add({.process = kDevice,
               .track = 1,
               .name = kernel_->name,
               .from_ps = kernel_begin_,
               .to_ps = std::max(kernel_begin_, latest_),
               .details = {{"tasks", std::to_string(kernel_->tasks())}}});
}

void Timeline::kernel(const Kernel& kernel, Ps begin) {
  end_kernel();
  kernel_ = &kernel;
  kernel_begin_ = begin;
}

void Timeline::work(std::int64_t core, std::size_t place, int agent, const TileOp& op, Unit unit,
                    Ps from, Ps to) {
  latest_ = std::max(latest_, to);
  if (!shown(core, from, to)) return;
  const OpRow& row = op_row(op.op);
  std::string name(row.name);
  std::string shape = std::to_string(op.m) + " x " + std::to_string(op.n);
  if (row.kind == OpClass::traffic) {
    name += " " + planned_.schedule().program().tensors()[op.tensor].name;
  } else if (op.k > 0) {
    shape += " x " + std::to_string(op.k);
  }
  const Track track = track_of(place, unit);
  add(core, track.number, track.name,
      {.name = name,
       .from_ps = from,
       .to_ps = to,
       .overlaps = unit == Unit::copy_in || unit == Unit::copy_out,
       .details = {
           {"place", std::to_string(place)}, {"agent", std::to_string(agent)}, {"shape", shape}}});
}

void Timeline::task(std::int64_t core, std::size_t place, std::int64_t task, Ps from, Ps to) {
  if (!shown(core, from, to)) return;
  const std::string name = "task " + std::to_string(task);
  const Track track = track_of(place, Unit::none);
  add(core, track.number, track.name,
      {.name = name, .from_ps = from, .to_ps = std::max(from, to), .details = {}});
}

void Timeline::finish() {
  end_kernel();
  writer_.finish();
  file_.commit();
  if (left_out_ == 0) return;
  std::fprintf(stderr,
               "timeline: the first %s events, up to %s; %s more are left out: show less with "
               "--timeline-cores or --timeline-window\n",
               report::thousands(kMostEvents).c_str(),
               report::human_seconds(static_cast<double>(latest_shown_) / kPsPerSecond).c_str(),
               report::thousands(left_out_).c_str());
}

}  // namespace attnsim::app
