// attnsim sweep: the points of a study.
#include "sim/study/sweep.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "sim/app/fault_collector.h"
#include "sim/app/hash.h"
#include "sim/app/interrupt.h"
#include "sim/app/output_file.h"
#include "sim/app/progress.h"
#include "sim/app/share.h"
#include "sim/app/study_folder.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/config/study.h"
#include "sim/report/json.h"
#include "sim/report/study.h"
#include "sim/study/parallel.h"
#include "sim/trace/algorithm.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "A study is a base run and axes of values that are set in it (docs/studies.md;\n"
    "'attnsim help config' lists its keys). Every combination is a point, and a point that cannot\n"
    "be planned on its machine says why.\n"
    "The folder holds study.sqlite with a row per point, found again by the content of its run:\n"
    "an interrupted sweep goes on where it was when the same command is given again, and a study\n"
    "that was changed computes what is new. When all points are there, results.csv and\n"
    "results.jsonl are written, the same for any number of threads.\n";

constexpr std::size_t kMostFaulty = 100;  // points whose faults are shown

/// What a result depends on: the run, what is read off it, and who reads it.
std::string key_of(const RunSpec& run, bool time) {
  return xxh128_hex(config::echo(run) + "\nattnsim " + std::string(report::tool_version()) +
                    (time ? ", time\n" : ", counts\n"));
}

/// The keys of all points. Throws UserError with the faults of those that are no runs.
std::vector<std::string> keys_of(const config::Study& study, unsigned jobs, Progress* progress) {
  std::vector<std::string> keys(study.points());
  std::mutex mutex;
  std::map<std::size_t, UserError> faulty;
  const auto read = [&](std::size_t point) {
    try {
      keys[point] = key_of(study.run(point), study.time());
    } catch (const UserError& error) {
      const std::lock_guard lock(mutex);
      if (faulty.size() < kMostFaulty) faulty.emplace(point, error);
    }
  };
  study::parallel_for(keys.size(), jobs, read, progress);
  FaultCollector faults;
  for (const auto& [point, error] : faulty) faults.add(error);
  faults.throw_if_any();
  return keys;
}

store::StoredResult computed(const RunSpec& run, const std::string& key, bool time) {
  study::PointAnswer answer = study::answer_point(run, time);
  store::StoredResult out{.key = key, .summary = study::summary_of(answer)};
  Result result;
  if (answer.result) {
    result = std::move(*answer.result);
  } else {
    result.run = run;
    result.tile_rule = name(run.algorithm.tiles.rule);
    result.provenance.seed = run.seed;
  }
  result.provenance.config_hash = xxh64_hex(config::echo(run));
  out.document = answer.no_result.empty() ? report::to_json_line(result)
                                          : report::to_json_line(result, answer.no_result);
  return out;
}

/// The points that are not in the store, the first of those that share a run.
std::vector<std::size_t> missing_points(const std::vector<std::string>& keys,
                                        const store::ResultStore& store) {
  std::set<std::string> known = store.keys();
  std::vector<std::size_t> missing;
  for (std::size_t point = 0; point < keys.size(); ++point) {
    if (known.insert(keys[point]).second) missing.push_back(point);
  }
  return missing;
}

unsigned jobs_of(const Arguments& arguments) {
  constexpr std::uint64_t kMost = 256;
  return static_cast<unsigned>(std::min(kMost, whole_number(arguments, "jobs", 1).value_or(0)));
}

/// The name of the study's file, without its ending, in the current folder.
std::string default_folder(const std::string& study) {
  return std::filesystem::path(study).stem().string() + "_results";
}

/// Ends the program when it is interrupted.
void compute_missing(const Arguments& arguments, const config::Study& study,
                     const std::vector<std::string>& keys, const std::vector<std::size_t>& missing,
                     StudyFolder& folder) {
  const InterruptWatch watch;
  const auto compute = [&](std::size_t i) {
    return computed(study.run(missing[i]), keys[missing[i]], study.time());
  };
  {
    WorkProgress progress(arguments, "points");
    study::sweep({.points = missing.size(),
                  .compute = compute,
                  .store = folder.store(),
                  .jobs = jobs_of(arguments),
                  .stop = watch.interrupted()},
                 &progress);
  }
  if (!watch.interrupted()) return;
  std::fprintf(stderr, "interrupted: the same command goes on with what is in '%s'\n",
               folder.path().c_str());
  watch.end_as_interrupted();
}

Exit run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const unsigned jobs = jobs_of(arguments);
  const std::string& file = arguments.operands()[0];
  const config::Study study = config::load_study(file, algorithm_catalogue(), find_share());
  const std::vector<std::string> keys = [&] {
    WorkProgress progress(arguments, "points read");
    return keys_of(study, jobs, &progress);
  }();
  StudyFolder folder(arguments.value("output").value_or(default_folder(file)));
  const std::vector<std::size_t> missing = missing_points(keys, folder.store());
  compute_missing(arguments, study, keys, missing, folder);
  report::StudyOverview overview{.axes = study.axes(),
                                 .computed = missing.size(),
                                 .kept = keys.size() - missing.size(),
                                 .folder = folder.path()};
  folder.write_results(study, keys, overview);
  write_stdout(report::to_table(overview));
  return Exit::done;
}

}  // namespace

Verb sweep_verb() {
  return {.name = "sweep",
          .summary = "compute every point of a what-if study",
          .details = std::string(kDetails),
          .operands = {.name = "STUDY.yaml", .least = 1, .most = 1},
          .options = {{.name = "jobs", .value = "N", .doc = "threads; default: one per core"},
                      {.name = "output",
                       .value = "DIR",
                       .doc = "folder of the results; default: the study's name with _results"}},
          .run = run};
}

}  // namespace attnsim::app
