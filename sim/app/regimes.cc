#include "sim/app/regimes.h"

#include <string>

#include "sim/app/address_file.h"
#include "sim/app/progress.h"
#include "sim/app/recorded_run.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/report/table.h"
#include "sim/study/best_schedule.h"
#include "sim/study/regimes.h"

namespace attnsim::app {
namespace {

constexpr std::uint64_t kDefaultStep = 5;  // percent
constexpr std::uint64_t kMostStep = 100;

std::uint64_t step_of(const Arguments& arguments) {
  const auto step = whole_number(arguments, "step", 1).value_or(kDefaultStep);
  if (step > kMostStep) {
    throw UserError("option '--step' needs at most 100 percent, got '" + std::to_string(step) +
                    "'");
  }
  return step;
}

study::SizeRange range_of(const Arguments& arguments, const Workload& workload) {
  const auto text = arguments.value("range");
  if (!text) return study::telling_sizes(workload);
  const int word_bits = workload.word_bits();
  const std::uint64_t word = to_bytes(Words(1), word_bits).count;
  const auto [from, to] = config::load_capacity_range(
      "--range", *text, {.most = 2, .line = word, .word_bits = word_bits});
  return {from.count / word, to.count / word};
}

}  // namespace

const std::string_view kRegimeDetails =
    "With --scratchpad there is no cache and nothing is replayed: every algorithm manages a memory "
    "of\n"
    "M words on the two-level machine, with the tiles that fit it best, and is set beside the "
    "lower\n"
    "bounds that hold for it, from M = 4 head_dim to where Q, K, V and O of a KV head fit. "
    "Listed are,\n"
    "exact to the word, the algorithm that moves least and where that changes, for each pair the "
    "M\n"
    "from which on one moves no more than the other (and the first M at which it does: in between "
    "they\n"
    "may change places), and the largest ratio of the least I/O to its largest bound. --best adds "
    "the\n"
    "best nest of tiled_attention at each M (see 'attnsim schedule'). docs/bounds.md, section 10. "
    "The\n"
    "hardware and the run's algorithm play no part.\n";

std::vector<Option> regime_options() {
  return {{.name = "scratchpad",
           .value = "",
           .doc = "no cache: algorithms and bounds against M, and their crossovers"},
          {.name = "best", .value = "", .doc = "with --scratchpad: the best nest, too"},
          {.name = "range",
           .value = "FROM,TO",
           .doc = "with --scratchpad: sizes, such as '256 words,1 MiB'"},
          {.name = "step",
           .value = "PERCENT",
           .doc = "with --scratchpad: from one M to the next; default 5"}};
}

bool asks_for_regimes(const Arguments& arguments) {
  const bool asked = arguments.has("scratchpad");
  for (const std::string_view option : {"best", "range", "step"}) {
    if (!asked && arguments.has(option)) {
      throw UserError("option '--" + std::string(option) + "' needs '--scratchpad'");
    }
  }
  if (!asked) return false;
  for (const std::string_view option : {"line", "opt"}) {
    if (arguments.has(option)) {
      throw UserError("option '--" + std::string(option) +
                      "' is for caches: it does not go with '--scratchpad'");
    }
  }
  for (const std::string& file : arguments.operands()) {
    if (read_address_format(file) || is_trace_file(file)) {
      throw UserError("option '--scratchpad' is for workloads, got '" + file + "'");
    }
  }
  return true;
}

Regimes selected_regimes(const RunSpec& run, const std::vector<AlgorithmChoice>& algorithms,
                         const Arguments& arguments) {
  const study::RegimesRequest request{.workload = run.workload,
                                      .algorithms = algorithms,
                                      .best_nest = arguments.has("best"),
                                      .sizes = range_of(arguments, run.workload),
                                      .step_percent = step_of(arguments)};
  WorkProgress progress(arguments, "fitted tiles");
  Regimes out = study::regimes(request, &progress);
  out.workload = report::workload_text(run.workload);
  return out;
}

}  // namespace attnsim::app
