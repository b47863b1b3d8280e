// What a replay answers, as plain data. sim/report writes it; field names follow the JSON result.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/run_spec.h"
#include "sim/core/units.h"

namespace attnsim {

/// Traffic of one tensor across the boundary just inside `memory` (hbm: between HBM and what lies
/// directly inside it; l2: between L2 and the cores). `init` is the part of the writes that stores
/// constants before the algorithm starts; it is included in `write`.
struct IoRow {
  std::string memory;
  int device = 0;
  std::string tensor;  // "total" sums the rows of one memory
  Bytes read_bytes{}, write_bytes{}, init_bytes{};
  Words read_words{}, write_words{}, init_words{};

  Bytes bytes() const { return read_bytes + write_bytes; }
  Words words() const { return read_words + write_words; }
  /// Adds the amounts; what the row is about stays.
  IoRow& operator+=(const IoRow& other);
};

/// A formula's count for one tensor, or for "total", against the replay's.
struct ClosedFormRow {
  std::string memory;
  std::string tensor;
  Bytes bytes{};
  Words words{};
  bool equals = false;
};

/// Peak occupation of one memory against its capacity (absent: unlimited or unknown).
struct FootprintRow {
  std::string space;
  Bytes peak_bytes{};    // most bytes live at once (the outermost memory: all tensors together)
  Bytes static_bytes{};  // sum over storage slots of the largest tile each ever held
  Words peak_words{};
  std::optional<Bytes> capacity_bytes{};
  std::optional<Words> capacity_words{};
  bool fits = true;                      // peak_bytes <= capacity_bytes
  std::map<std::string, Bytes> parts{};  // outermost memory: inputs, outputs, workspace, masks
};

/// Accesses to one simulated cache by one tensor, in lines (sectors where the cache has them).
/// misses = read_misses + write_misses = cold + capacity + conflict; write_backs leaves out the
/// lines that were still dirty at the end.
struct CacheRow {
  std::string name;
  std::string tensor;  // "total" sums the rows of one cache
  std::uint64_t accesses = 0, hits = 0, misses = 0, read_misses = 0, write_misses = 0;
  std::uint64_t cold = 0, capacity = 0, conflict = 0;
  std::uint64_t fills = 0, evictions = 0, write_backs = 0, final_dirty = 0;
};

/// What moving the bytes that a memory serves costs: from the cores to it, all memories between
/// included, so that rows add up.
struct EnergyRow {
  std::string memory;  // "total" sums the rows
  Bytes bytes{};       // that come from or go to this memory, and no further
  double joules = 0;
};

/// A lower or upper bound on the words crossing a boundary.
struct BoundRow {
  std::string id;
  std::string kind = "lower";  // or "upper"
  std::string memory;
  std::optional<Words> m_words{};  // on-chip words the formula uses; absent when it uses none
  bool rigorous = false;           // false: not proven with its constants, never pass or fail
  bool applies = true;             // to the run's algorithm and regime; without a run: to some
  double words = 0;                // rigorous: an integer, rounded down where a double is too short
  double bytes = 0;
  double ratio = 0;       // I/O of the run over the bound; 0 when there is no run
  std::string holds_for;  // the class of algorithms, in words
  std::string regime;     // where it says something, or "any M"
  std::string formula;
  std::string source;
};

/// Work done by the execution units, from the operation table.
struct WorkSummary {
  std::uint64_t matrix_flops = 0;  // 2 per multiply-add
  std::uint64_t exp_ops = 0;
  std::uint64_t vector_ops = 0;
  std::uint64_t operations = 0;  // trace records
  std::uint64_t tasks = 0;
};

/// How much of the score matrices a run visits, over all planes: in tiles of its own sizes, and in
/// elements. realised = visited over all tiles; useful = visible over visited elements.
struct Density {
  std::uint64_t tiles = 0, visited_tiles = 0;
  std::uint64_t visited_elements = 0, visible_elements = 0;

  double realised() const {
    return tiles == 0 ? 0 : static_cast<double>(visited_tiles) / static_cast<double>(tiles);
  }
  double useful() const {
    return visited_elements == 0
               ? 0
               : static_cast<double>(visible_elements) / static_cast<double>(visited_elements);
  }
};

/// What one unit or memory did over a run.
struct LaneRow {
  std::string lane;         // matrix, exp, vector, sram_port, a memory's name, launch
  double busy_seconds = 0;  // averaged over the instances of a unit
  double utilisation = 0;   // of the run's time
};

/// One kernel's share of a run's time.
struct KernelTime {
  std::string kernel;
  double seconds = 0;  // its launch included
  std::string limiter;
  std::int64_t tasks = 0;
  std::int64_t places = 0;  // tasks resident on all cores together
};

/// Estimated runtime of a run, from events on the units and memories of the machine.
struct TimeReport {
  double seconds = 0;
  std::string limiter;  // the lane that keeps the run longest
  double flops = 0;     // by the field's convention: 4 B H Nq Nk d forward, half of it when causal
  double tflops = 0;    // flops over seconds, in 1e12 per second
  std::uint64_t home_bytes = 0;  // to and from the outermost memory, behind the caches
  std::vector<LaneRow> lanes{};
  std::vector<KernelTime> kernels{};
};

struct Provenance {
  std::string config_hash;
  std::uint64_t seed = 0;
  std::string command;
  std::vector<std::string> estimated_inputs{};
};

struct Result {
  RunSpec run{};
  std::string tile_rule;                                      // the rule that chose the tiles
  std::vector<std::pair<std::string, std::int64_t>> tiles{};  // Br, Bc, ... as used
  std::vector<IoRow> io{};
  std::vector<ClosedFormRow> closed_form{};
  std::vector<FootprintRow> footprint{};
  std::vector<BoundRow> bounds{};
  std::vector<CacheRow> caches{};
  std::vector<EnergyRow> energy{};   // of memories whose energy the machine states, and their total
  std::optional<Density> density{};  // of algorithms that skip tiles, on masked workloads
  WorkSummary work{};
  std::optional<TimeReport> time{};  // absent: not asked for, does not fit, or rates are unknown
  std::string no_time{};             // why it is absent, when it was asked for
  Provenance provenance{};

  /// The row of one tensor at one memory; nullptr when nothing crossed there.
  const IoRow* io_row(std::string_view memory, std::string_view tensor) const;
  const FootprintRow* footprint_row(std::string_view space) const;
  /// True when every memory holds what the run puts into it.
  bool fits() const;
};

/// One numeric verification, of one algorithm on one workload.
struct VerifyCase {
  std::string algorithm;
  std::string pass = "forward";
  std::string name{};  // the workload and tiles in short
  double max_abs_error = 0;
  double tolerance = 0;
  bool ok = false;
  std::string message{};  // why it failed
};

struct VerifyReport {
  std::vector<VerifyCase> cases{};
  std::uint64_t passed() const;
  std::uint64_t failed() const;
};

/// One expectation of a check file, evaluated.
struct CheckRow {
  std::string check;        // the check's name
  std::string metric;       // io.hbm.total.words ...
  std::string expectation;  // "<= 1.1 GB", "= closed_form x 1.00" ...
  double value = 0;
  double limit = 0;
  bool ok = false;
  std::string message{};  // readable verdict: the offending tensor and memory, and the delta
};

struct CheckReport {
  std::vector<CheckRow> rows{};
  std::uint64_t passed() const;
  std::uint64_t failed() const;
};

}  // namespace attnsim
