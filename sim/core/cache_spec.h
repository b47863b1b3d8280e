// A cache as its user describes it: in a machine's preset, or in words on the command line. One
// description, one set of rules, one simulation (sim/machine/cache_factory.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnsim {

/// Which set a line belongs to.
enum class CacheIndex : std::uint8_t { modulo, hash };

/// What a cache holds of what the caches inside it hold (cache_tree.h): no matter, all, nothing.
enum class CacheInclusion : std::uint8_t { neither, inclusive, exclusive };

std::string_view name(CacheIndex index);
std::string_view name(CacheInclusion inclusion);

/// How a cache decides.
struct CacheRules {
  std::string policy{};  // of replacement, a registered name; empty: the cache is not simulated
  CacheIndex index = CacheIndex::modulo;
  std::int64_t slices = 1;     // lines are hashed over them; `index` holds inside a slice
  bool write_through = false;  // or write-back
  bool write_allocate = true;  // a write miss takes a line
  bool fetch_covered = false;  // a write miss fetches what the write covers entirely
  bool classify = false;       // tell conflict misses from capacity misses
  CacheInclusion inclusion = CacheInclusion::neither;
};

struct CacheSpec {
  std::string name{};                     // as results call it
  std::uint64_t capacity = 0;             // bytes
  std::uint64_t line = 0;                 // bytes
  std::optional<std::uint64_t> sector{};  // bytes filled on their own; absent: whole lines
  std::optional<std::uint64_t> ways{};    // absent: fully associative
  CacheRules rules{};

  /// What accesses are counted in, in bytes: a sector where a set-associative cache has sectors.
  /// Fully associative and OPT caches work in whole lines.
  std::uint64_t unit() const { return sectored() ? *sector : line; }
  bool sectored() const { return sector && ways && *sector < line && rules.policy != "opt"; }
  std::uint64_t lines() const { return capacity / line; }
  std::uint64_t sets() const { return ways ? lines() / *ways : 1; }
};

/// One of a chain of caches given on the command line.
struct SeededCache {
  CacheSpec cache{};
  std::uint64_t seed = 1;  // of a policy that draws
};

/// Something a description asks for that no simulation does.
struct CacheFault {
  std::string key;  // of the value that is wrong: `capacity`, `write` ...
  std::string message;
};

/// All faults of one cache; none: sets() x ways lines, and every rule is simulated. The name of the
/// policy is not looked up.
std::vector<CacheFault> faults_of(const CacheSpec& cache);

/// Faults of `inner` just inside `outer`. `tied`: outer, or a cache around it, is inclusive or
/// exclusive. REQUIRES: both have no faults of their own.
std::vector<CacheFault> nesting_faults(const CacheSpec& inner, const CacheSpec& outer, bool tied);

}  // namespace attnsim
