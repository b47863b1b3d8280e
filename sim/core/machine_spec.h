// A hardware preset as plain data: memories from inner to outer, cores, units, and where the roles
// of tiles live. Read from YAML by sim/config; nothing here simulates anything.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/cache_spec.h"
#include "sim/core/dtype.h"

namespace attnsim {

/// What an algorithm wants a tile for. A preset maps each role to one of its explicitly managed
/// memories; several roles may share one (on the two-level machine all share `sram`).
enum class Role : std::uint8_t {
  operand,      // an input or output block of a matrix product: Q, K, V, O in flight
  accumulator,  // a result of the matrix unit: scores, output accumulators
  vector,       // row statistics and other state of the vector unit
  staging,      // blocks fetched ahead of their use
  exchange,     // blocks handed from one agent to another
};

inline constexpr int kRoleCount = 5;

std::string_view name(Role role);
std::optional<Role> role_from_name(std::string_view text);

enum class MemoryKind : std::uint8_t { registers, scratchpad, cache, dram };

std::string_view name(MemoryKind kind);

/// An amount of memory as written: in bytes, or in words of the workload's dtype.
struct Capacity {
  std::uint64_t amount = 0;
  bool in_words = false;

  std::uint64_t bytes(int word_bits) const {
    return in_words ? (amount * static_cast<std::uint64_t>(word_bits) + 7) / 8 : amount;
  }
};

/// One memory. Absent means unknown, never zero.
struct MemorySpec {
  std::string name;
  MemoryKind kind = MemoryKind::scratchpad;
  bool per_core = false;                    // one instance per core, or one per device
  std::string parent{};                     // the next memory outwards; empty for the outermost
  std::optional<Capacity> capacity{};       // per instance, what software can claim
  std::optional<double> bandwidth{};        // bytes per second, all instances together, peak
  std::optional<double> read_bandwidth{};   // bytes per second, sustained, read only
  std::optional<double> write_bandwidth{};  // bytes per second, sustained, written
  std::optional<double> latency{};          // seconds
  std::optional<std::uint64_t> line{};      // bytes
  std::optional<std::uint64_t> sector{};    // bytes
  std::optional<std::int64_t> ways{};
  CacheRules cache{};              // of a cache
  std::optional<double> energy{};  // joules per byte

  /// A cache that names its replacement policy; one without passes everything through.
  bool simulated() const { return kind == MemoryKind::cache && !cache.policy.empty(); }
  /// Of a simulated cache. What is absent is 0 there.
  CacheSpec cache_spec(int word_bits) const;
};

/// Rates of the execution units, all cores together, at the clocks named beside them: at another
/// clock they scale.
struct UnitSpec {
  std::map<DType, double> matrix{};      // FLOP per second, dense
  std::optional<double> vector{};        // FLOP per second, fp32
  std::optional<double> exp{};           // exponentials per second
  std::optional<double> copy{};          // bytes per second between the cores and what is outside
  std::optional<double> clock{};         // hertz: of vector, exp, copy and the scratchpad's rate
  std::optional<double> matrix_clock{};  // hertz: of matrix; absent: the same
};

/// What a core can hold at once.
struct CoreSpec {
  std::int64_t partitions = 1;  // parts with an issue slot and units of their own (an SM has 4)
  std::optional<std::int64_t> threads{};    // resident
  std::optional<std::int64_t> registers{};  // of 32 bits
  std::optional<std::int64_t> tasks{};      // resident CTAs
  std::optional<std::int64_t> lanes{};      // elementwise operations issued per clock, all pipes;
                                            // absent: half the FLOP of units.vector
};

/// How the units behave under attention load. These are the few constants that are calibrated, per
/// chip generation (docs/time.md).
struct LoadSpec {
  std::optional<double> clock{};       // hertz the power limit sustains; absent: any
  std::optional<double> contention{};  // slowdown of two units that are busy together: each runs
                                       // at 1 / (1 + contention); 0: they overlap perfectly
  std::optional<double> synchronous_matrix{};  // rate of matrix instructions that a warp waits for
                                               // (mma.sync), over the unit's; absent: 1
  std::optional<double> port{};  // share of a product's scratchpad reads that it feels; absent: all
  std::optional<double> memory{};  // share of the outermost memory's stream rate that kernels reach
                                   // which do more than stream; absent: all
  std::optional<double> stage_latency{};  // clocks from the end of an operation to its dependents
  std::optional<double> task_start{};     // clocks from a free place to a task's first operation
};

struct MachineSpec {
  std::string id;
  std::string name;
  std::string arch{};          // released tile tables are keyed by it: sm70, sm80, sm89, sm90 ...
  bool uniform_words = false;  // every element counts as one word (the red-blue pebble machine)
  std::int64_t cores = 1;
  std::optional<double> clock{};       // hertz
  std::vector<MemorySpec> memories{};  // inner to outer; the last one is where tensors live
  std::array<std::string, kRoleCount> roles{};  // memory name by Role
  UnitSpec units{};
  CoreSpec core{};
  LoadSpec load{};
  std::optional<double> launch{};        // seconds from the call to the start of a kernel
  std::optional<double> launch_next{};   // seconds a further kernel of the same stream costs
  std::vector<std::string> estimated{};  // paths of values that are guesses; results say so

  const MemorySpec* memory(std::string_view memory_name) const;
  /// The innermost scratchpad of a core, whose port products read through; nullptr: none.
  const MemorySpec* scratchpad() const;
  /// The memory a role lives in. REQUIRES: a validated spec.
  const MemorySpec& space(Role role) const;
  /// Where tensors live: the outermost memory.
  const MemorySpec& home() const { return memories.back(); }
};

}  // namespace attnsim
