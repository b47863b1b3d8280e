// One run, resolved: workload x machine x algorithm. The catalogue says which algorithms exist and
// what they take, so that sim/config can check names without knowing any algorithm.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/core/params.h"
#include "sim/core/workload.h"

namespace attnsim {

/// Where tile sizes come from.
enum class TileRule {
  automatic,  // released where the table has the case, else fit
  released,   // the table of the released kernel for this architecture and head_dim
  fit,        // the least I/O whose footprint fits, solved exactly
  paper,      // the formula printed in the paper, whether it fits or not
  explicit_sizes,
};

std::string_view name(TileRule rule);

struct TileChoice {
  TileRule rule = TileRule::automatic;
  std::map<std::string, std::int64_t> sizes{};  // for explicit_sizes: every declared tile name
};

/// A tile size an algorithm takes, such as Br. Sizes come in pairs, one for each loop nest that
/// chooses its own; those of further nests fall back to a size of the first.
struct TileSpec {
  std::string name;
  std::string doc;
  std::string fallback{};  // the size that stands in for this one; empty: it must be given
};

/// What an algorithm says about itself.
struct AlgorithmInfo {
  std::string id;
  std::string summary;
  std::string source;                  // paper and algorithm number
  std::string function = "attention";  // what it computes: the reference that verifies it
  std::vector<Pass> passes{Pass::forward};
  std::vector<TileSpec> tiles{};
  std::vector<ParamSpec> params{};
  bool dropout = false;    // computes with the dropout of the workload
  bool from_file = false;  // its trace is read from a file: nothing can be tried without one
};

/// Everything a configuration may name; sorted by id.
struct Catalogue {
  std::vector<AlgorithmInfo> algorithms{};

  const AlgorithmInfo* algorithm(std::string_view id) const;
  std::vector<std::string> algorithm_ids() const;
};

struct AlgorithmChoice {
  std::string name;
  TileChoice tiles{};
  ParamValues params{};
};

struct RunSpec {
  Workload workload{};
  MachineSpec machine{};
  AlgorithmChoice algorithm{};
  std::uint64_t seed = 1;
};

}  // namespace attnsim
