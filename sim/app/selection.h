// The run that the command line selects: a file, and what options change in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/app/options.h"
#include "sim/core/run_spec.h"

namespace attnsim::app {

/// One run file, which may be left out.
inline constexpr Operands kRunOperand = {.name = "RUN.yaml", .least = 0, .most = 1};

/// --algorithm, --hardware, --workload, --set.
std::vector<Option> selection_options();

/// --exact-replay, for verbs that replay.
inline constexpr Option kExactReplay = {
    .name = "exact-replay",
    .value = "",
    .doc = "replay everything, also what is found to repeat; counts are the same"};

/// The one line of help on what these mean together.
inline constexpr std::string_view kSelectionDetails =
    "Without a file everything comes from the options and the defaults. --algorithm and "
    "--hardware\n"
    "replace the file's section, then --workload and --set change single values:\n"
    "  --workload seqlen=4096,head_dim=128,causal=true\n"
    "  --set algorithm.tiles='{Br: 128, Bc: 64}' --set hardware.memories.sram.capacity='96 KiB'\n"
    "'attnsim help config' lists every key.\n";

/// Throws UserError with every fault of the file and the options.
RunSpec selected_run(const Arguments& arguments);

/// The same where the operands are not the run file alone: `files` holds it, or nothing.
RunSpec selected_run(const Arguments& arguments, const std::vector<std::string>& files);

}  // namespace attnsim::app
