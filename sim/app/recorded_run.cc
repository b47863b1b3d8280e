#include "sim/app/recorded_run.h"

#include "sim/app/share.h"
#include "sim/config/config.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/file/trace_reader.h"

namespace attnsim::app {

bool is_trace_file(const std::string& file) { return file.ends_with(".trace"); }

RecordedRun recorded_run(const std::string& file) {
  const auto trace = trace_file::TraceReader::open(file);
  const std::string name = file + " (its run)";
  const std::string& text = trace->header().run;
  const Catalogue catalogue = algorithm_catalogue();
  const config::SearchPath share = find_share();
  RecordedRun run;
  run.replay = config::load_run_text(text, name, {.algorithm = "replay"}, catalogue, share);
  run.replay.algorithm.params.set("file", file);
  const bool known = catalogue.algorithm(trace->header().algorithm) != nullptr;
  run.recorded = known ? config::load_run_text(text, name, {}, catalogue, share) : run.replay;
  return run;
}

}  // namespace attnsim::app
