// The public face of sim/config: YAML files and command-line overrides in, plain specs out.
//
// Every load function reports the user's mistakes by throwing one UserError that holds all faults
// found, in the order of the files and of the positions in them. Nothing is cached between calls;
// the functions are safe to call from several threads at once.
//
// `extends`: a run, a workload, a machine and a check's run may build on a file. Maps are merged
// key by key, the derived file wins, and every leaf keeps its own file:line:column for messages. A
// section of the derived file that names another base (hardware: {extends: ...}, algorithm: {name:
// ...}), or that is a plain name, replaces the inherited section instead of merging with it.
// Relative paths are looked up in the folder of the referring file, the current folder, and the
// search path, in this order.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/cache_spec.h"
#include "sim/core/check_spec.h"
#include "sim/core/machine_spec.h"
#include "sim/core/run_spec.h"
#include "sim/core/units.h"

namespace attnsim::config {

/// Where the files that come with attnsim are.
struct SearchPath {
  std::filesystem::path share;  // the folder that contains configs/
};

/// What the command line changes. Applied in this order: algorithm and hardware (each replaces the
/// section of the file), workload, sets.
struct Overrides {
  std::vector<std::string> sets{};         // "path=value", as given to --set
  std::optional<std::string> algorithm{};  // as given to --algorithm
  std::optional<std::string> hardware{};   // as given to --hardware: a preset id or a file
  std::vector<std::string> workload{};     // "k=v,k=v", as given to --workload
};

/// Reads and resolves one run. Without a file everything comes from the overrides; a run that names
/// no algorithm uses flash_attention_2, one that names no hardware nvidia_a100_sxm_80.
RunSpec load_run(const std::optional<std::string>& file, const Overrides& overrides,
                 const Catalogue& catalogue, const SearchPath& search);

/// The same for the text of a run file that is not in a file of its own (a trace carries its run).
/// `name` stands for the file in messages.
RunSpec load_run_text(const std::string& text, const std::string& name, const Overrides& overrides,
                      const Catalogue& catalogue, const SearchPath& search);

/// Reads a machine: a preset id or a file.
MachineSpec load_machine(const std::string& id_or_file, const SearchPath& search);

/// Reads a list of algorithms such as `standard,flash_attention_1`, given to `option`: with `fit`
/// tiles and defaults for all else. Those whose trace is a file are refused.
std::vector<AlgorithmChoice> load_fitted_algorithms(const std::string& option,
                                                    const std::string& text,
                                                    const Catalogue& catalogue);

/// The ids of all presets, sorted.
std::vector<std::string> machine_ids(const SearchPath& search);

/// Reads a check file; the checks in the order of the file.
std::vector<CheckSpec> load_checks(const std::string& file, const Catalogue& catalogue,
                                   const SearchPath& search);

/// Reads the values of --cache, each `key=value,...`, from the core outwards.
std::vector<SeededCache> load_caches(const std::vector<std::string>& texts);

/// The keys of --cache, one a line.
std::string cache_reference();

/// What capacities given in an option have to be.
struct CapacityRules {
  std::size_t most;    // how many
  std::uint64_t line;  // bytes; they are whole lines
  int word_bits = 0;   // words are a unit, too, if not 0
};

/// Reads a list of capacities such as `64 KiB,1 MiB`, given to `option`.
std::vector<Bytes> load_capacities(const std::string& option, const std::string& text,
                                   const CapacityRules& rules);

/// Reads two capacities, such as `64 KiB,1 MiB`: the first and the last, not 0, of a range.
std::pair<Bytes, Bytes> load_capacity_range(const std::string& option, const std::string& text,
                                            CapacityRules rules);

/// Seconds; from < to.
struct TimeSpan {
  double from = 0, to = 0;
};

/// Reads `10 us-20 us`, given to `option`.
TimeSpan load_time_span(const std::string& option, const std::string& text);

/// Both included.
struct CoreSpan {
  std::int64_t first = 0, last = 0;
};

/// Reads `0-3` or `7`, given to `option`.
CoreSpan load_core_span(const std::string& option, const std::string& text);

/// The run as canonical YAML: every default filled in, the machine in full, quantities in base
/// units. Equal runs give equal text, and load_run() of the text gives the run back.
std::string echo(const RunSpec& run);

/// Every key of run files, machine files, check files, study files and measurement files with its
/// type, default and meaning.
std::string config_reference();

}  // namespace attnsim::config
