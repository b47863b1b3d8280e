#include "sim/core/cache_spec.h"

namespace attnsim {
namespace {

/// The cache models count lines in 31 bits and valid sectors in 8.
constexpr std::uint64_t kMostLines = (std::uint64_t{1} << 31) - 1;
constexpr std::uint64_t kMostSectors = 8;

using Faults = std::vector<CacheFault>;

std::string quoted(std::uint64_t number) { return "'" + std::to_string(number) + "'"; }

/// False when sets cannot be told.
bool check_size(const CacheSpec& c, Faults& out) {
  const std::size_t before = out.size();
  if (c.line == 0) out.push_back({"line", "a simulated cache needs a line size"});
  if (c.capacity == 0) out.push_back({"capacity", "a simulated cache needs a capacity"});
  if (out.size() > before) return false;
  if (c.sector &&
      (*c.sector == 0 || c.line % *c.sector != 0 || c.line / *c.sector > kMostSectors)) {
    out.push_back({"sector", "expected 1 to 8 equal sectors in a line of " +
                                 std::to_string(c.line) + " bytes, got sectors of " +
                                 quoted(*c.sector) + " bytes"});
  }
  if (c.capacity % c.line != 0) {
    out.push_back({"capacity", "expected whole lines of " + std::to_string(c.line) +
                                   " bytes, got " + quoted(c.capacity) + " bytes"});
  } else if (c.lines() > kMostLines) {
    out.push_back({"capacity", "expected fewer than 2^31 lines, got " + quoted(c.lines())});
  } else if (c.ways && (*c.ways == 0 || c.lines() % *c.ways != 0)) {
    out.push_back({"ways", "expected a divisor of the " + std::to_string(c.lines()) +
                               " lines, got " + quoted(*c.ways)});
  }
  return out.size() == before;
}

void check_placement(const CacheSpec& c, Faults& out) {
  const auto slices = static_cast<std::uint64_t>(c.rules.slices);
  const bool hash = c.rules.index == CacheIndex::hash;
  if (!c.ways) {
    if (hash) out.push_back({"index", "without ways all lines share one set"});
    if (slices != 1) out.push_back({"slices", "without ways all lines share one set"});
  } else if (slices != 1 && hash) {
    out.push_back({"slices", "index hash spreads lines over all sets already"});
  } else if (slices == 0 || c.sets() % slices != 0) {
    out.push_back({"slices", "expected a divisor of the " + std::to_string(c.sets()) +
                                 " sets, got " + quoted(slices)});
  }
}

/// Keys that ask for more than a write-back, write-allocate cache of whole lines.
void check_plain(const CacheSpec& c, const std::string& why, Faults& out) {
  if (c.rules.write_through) out.push_back({"write", "expected back: " + why});
  if (!c.rules.write_allocate) out.push_back({"allocate", "expected true: " + why});
  if (c.sectored()) out.push_back({"sector", "expected none: " + why});
}

void check_rules(const CacheSpec& c, Faults& out) {
  const CacheInclusion inclusion = c.rules.inclusion;
  if (c.rules.policy == "opt") {
    check_plain(c, "policy opt is simulated in no other way", out);
    if (inclusion != CacheInclusion::neither) {
      out.push_back({"inclusion", "expected neither: policy opt cannot give lines back"});
    }
    if (c.rules.classify) out.push_back({"classify", "expected false: policy opt does not tell"});
  } else if (inclusion == CacheInclusion::exclusive) {
    check_plain(c, "the cache is exclusive", out);
    if (c.rules.classify) {
      out.push_back({"classify",
                     "expected false: the cache is exclusive, which leaves conflict "
                     "misses undefined"});
    }
  } else if (inclusion == CacheInclusion::inclusive && !c.rules.write_allocate) {
    out.push_back({"allocate", "expected true: the cache is inclusive"});
  }
}

}  // namespace

std::string_view name(CacheIndex index) { return index == CacheIndex::hash ? "hash" : "modulo"; }

std::string_view name(CacheInclusion inclusion) {
  constexpr std::string_view kNames[] = {"neither", "inclusive", "exclusive"};
  return kNames[static_cast<int>(inclusion)];
}

std::vector<CacheFault> faults_of(const CacheSpec& cache) {
  Faults out;
  if (check_size(cache, out)) check_placement(cache, out);
  check_rules(cache, out);
  return out;
}

std::vector<CacheFault> nesting_faults(const CacheSpec& inner, const CacheSpec& outer, bool tied) {
  Faults out;
  if (inner.unit() != outer.unit()) {
    out.push_back({inner.sectored() ? "sector" : "line",
                   "this cache counts in units of " + std::to_string(inner.unit()) + " bytes, '" +
                       outer.name + "' outside it in " + std::to_string(outer.unit()) +
                       "; give both one line (with ways: sector) size"});
    return out;
  }
  if (!tied) return out;
  const std::string why =
      "'" + outer.name + "' outside it is inclusive or exclusive, or lies in such a cache";
  if (inner.rules.policy == "opt") out.push_back({"policy", "opt cannot give lines back: " + why});
  if (!inner.rules.fetch_covered) out.push_back({"fetch_covered", "expected true: " + why});
  if (outer.rules.inclusion == CacheInclusion::exclusive) {
    check_plain(inner, "'" + outer.name + "' outside it is exclusive", out);
  } else if (inner.line != outer.line) {
    out.push_back({"line", "expected " + std::to_string(outer.line) + " bytes: " + why});
  }
  return out;
}

}  // namespace attnsim
