// Caches and capacities given on the command line: `--cache capacity=1 MiB,line=64 B,ways=16`.
#include "sim/config/cache_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/config/argument.h"
#include "sim/config/config.h"
#include "sim/config/machine_rules.h"
#include "sim/config/scalar.h"
#include "sim/config/schema.h"

namespace attnsim::config {
namespace {

constexpr std::uint64_t kDefaultLine = 64;
constexpr Range kCount{.min = 1, .max = (std::int64_t{1} << 31) - 1};

/// The words of files are taken, too.
void read_yes(const Cursor& value, bool& out) {
  const std::string& text = value.node().text;
  const bool yes = text == "yes" || text == "true";
  if (!yes && text != "no" && text != "false") return value.expected("yes or no");
  out = yes;
}

void read_size(const Cursor& value, std::uint64_t& out) {
  if (const auto size = value.size()) out = *size;
}

void read_ways(const Cursor& value, CacheSpec& out) {
  if (value.node().text == "full") return;
  const auto ways = parse_integer(value.node().text);
  if (!ways || *ways < kCount.min || *ways > kCount.max) {
    return value.expected("full or " + kCount.description());
  }
  out.ways = static_cast<std::uint64_t>(*ways);
}

std::span<const Field<SeededCache>> cache_table() {
  static const Field<SeededCache> kFields[] = {
      {{.key = "capacity", .type = "size", .required = true, .doc = "whole sets of whole lines"},
       [](const Cursor& v, SeededCache& out) { read_size(v, out.cache.capacity); }},
      {{.key = "line", .type = "size", .fallback = "64 B", .doc = "of a line"},
       [](const Cursor& v, SeededCache& out) { read_size(v, out.cache.line); }},
      {{.key = "sector", .type = "size", .doc = "part of a line that is filled on its own"},
       [](const Cursor& v, SeededCache& out) { out.cache.sector = v.size(); }},
      {{.key = "ways",
        .type = "integer, or full",
        .fallback = "full",
        .doc = "lines of a set; full: fully associative"},
       [](const Cursor& v, SeededCache& out) { read_ways(v, out.cache); }},
      {{.key = "policy", .type = "policy", .fallback = "lru", .doc = "attnsim list policies"},
       [](const Cursor& v, SeededCache& out) {
         if (const auto name = v.choice("policy", cache_policies())) out.cache.rules.policy = *name;
       }},
      {{.key = "write", .type = "back or through", .fallback = "back", .doc = "when it is written"},
       [](const Cursor& v, SeededCache& out) { read_write(v, out.cache.rules); }},
      {{.key = "allocate",
        .type = "yes or no",
        .fallback = "yes",
        .doc = "whether a write miss takes a line"},
       [](const Cursor& v, SeededCache& out) { read_yes(v, out.cache.rules.write_allocate); }},
      {{.key = "fetch",
        .type = "yes or no",
        .fallback = "yes",
        .doc = "whether a write miss fetches lines that the write covers"},
       [](const Cursor& v, SeededCache& out) { read_yes(v, out.cache.rules.fetch_covered); }},
      {{.key = "index",
        .type = "modulo or hash",
        .fallback = "modulo",
        .doc = "how the set of a line is found"},
       [](const Cursor& v, SeededCache& out) { read_index(v, out.cache.rules); }},
      {{.key = "slices",
        .type = "integer",
        .fallback = "1",
        .doc = "parts that lines are hashed over; the index holds inside each"},
       [](const Cursor& v, SeededCache& out) {
         if (const auto slices = v.integer(kCount)) out.cache.rules.slices = *slices;
       }},
      {{.key = "inclusion",
        .type = "neither, inclusive or exclusive",
        .fallback = "neither",
        .doc = "of what the caches inside it hold"},
       [](const Cursor& v, SeededCache& out) { read_inclusion(v, out.cache.rules); }},
      {{.key = "classify",
        .type = "yes or no",
        .fallback = "no",
        .doc = "tell conflict misses from capacity misses; slow"},
       [](const Cursor& v, SeededCache& out) { read_yes(v, out.cache.rules.classify); }},
      {{.key = "seed", .type = "integer", .fallback = "1", .doc = "of a policy that draws"},
       [](const Cursor& v, SeededCache& out) {
         if (const auto seed = v.integer({})) out.seed = static_cast<std::uint64_t>(*seed);
       }},
  };
  return kFields;
}

/// Faults by the names that keys have here.
std::vector<CacheFault> renamed(std::vector<CacheFault> faults) {
  for (CacheFault& fault : faults) {
    if (fault.key == "fetch_covered") fault.key = "fetch";
  }
  return faults;
}

/// `key=value,...` as a map. The keys may repeat only once the fault is recorded.
Node map_of(const std::string& text, const Position& at, Faults& faults) {
  Node map = make_map(at);
  for (const std::string_view item : split_list(text)) {
    const std::size_t equals = item.find('=');
    std::string key(trimmed(item.substr(0, equals)));
    if (equals == std::string_view::npos || key.empty()) {
      faults.add(at, "", "expected key=value, such as capacity=1 MiB, got " + quote(item));
    } else if (map.entry(key) != nullptr) {
      faults.add(at, "", "duplicate key " + quote(key));
    } else {
      Node value = make_scalar(std::string(trimmed(item.substr(equals + 1))), at);
      map.entries.push_back({.key = std::move(key), .at = at, .value = std::move(value)});
    }
  }
  return map;
}

SeededCache read_cache(const std::string& text, std::size_t level, Faults& faults) {
  const std::size_t before = faults.count();
  const Node node = map_of(text, origin("--cache", text), faults);
  const Cursor map(node, "", faults);
  SeededCache out;
  out.cache = {.name = "l" + std::to_string(level), .line = kDefaultLine};
  out.cache.rules = {.policy = "lru", .fetch_covered = true};
  read_map(map, cache_table(), out);
  if (faults.count() == before) add_cache_faults(map, renamed(faults_of(out.cache)));
  return out;
}

/// Caches that do not go into each other.
void check_nesting(const std::vector<std::string>& texts, const std::vector<SeededCache>& caches,
                   Faults& faults) {
  bool tied = false;
  for (std::size_t i = caches.size() - 1; i > 0; --i) {
    const CacheSpec& outer = caches[i].cache;
    tied = tied || outer.rules.inclusion != CacheInclusion::neither;
    const Node node = map_of(texts[i - 1], origin("--cache", texts[i - 1]), faults);
    add_cache_faults(Cursor(node, "", faults),
                     renamed(nesting_faults(caches[i - 1].cache, outer, tied)));
  }
}

}  // namespace

const std::vector<std::string>& cache_policies() {
  static const std::vector<std::string> kPolicies = {"lru",    "fifo",  "tree_plru",
                                                     "random", "srrip", "opt"};
  return kPolicies;
}

void read_write(const Cursor& value, CacheRules& out) {
  const std::vector<std::string> names = {"back", "through"};
  if (const auto text = value.choice("write policy", names)) out.write_through = *text == "through";
}

void read_index(const Cursor& value, CacheRules& out) {
  const std::vector<std::string> names = {"modulo", "hash"};
  const auto text = value.choice("index", names);
  if (text) out.index = *text == "hash" ? CacheIndex::hash : CacheIndex::modulo;
}

void read_inclusion(const Cursor& value, CacheRules& out) {
  const std::vector<std::string> names = {"neither", "inclusive", "exclusive"};
  const auto text = value.choice("inclusion", names);
  if (!text) return;
  const auto index = std::find(names.begin(), names.end(), *text) - names.begin();
  out.inclusion = static_cast<CacheInclusion>(index);
}

std::vector<SeededCache> load_caches(const std::vector<std::string>& texts) {
  Faults faults;
  std::vector<SeededCache> caches;
  for (const std::string& text : texts) {
    caches.push_back(read_cache(text, caches.size() + 1, faults));
  }
  if (faults.count() == 0 && !caches.empty()) check_nesting(texts, caches, faults);
  faults.throw_if_any();
  return caches;
}

std::vector<Bytes> load_capacities(const std::string& option, const std::string& text,
                                   const CapacityRules& rules) {
  Faults faults;
  std::vector<Bytes> out;
  const std::vector<std::string_view> items = split_list(text);
  const Position at = origin(option, text);
  if (items.size() > rules.most) {
    faults.add(at, "",
               "expected at most " + std::to_string(rules.most) + " capacities, got '" +
                   std::to_string(items.size()) + "'");
  }
  for (const std::string_view item : items) {
    const Node node = make_scalar(std::string(trimmed(item)), at);
    const Cursor value(node, "", faults);
    const auto capacity = value.capacity(rules.word_bits > 0);
    if (!capacity) continue;
    out.emplace_back(capacity->bytes(rules.word_bits));
    if (out.back().count % rules.line != 0) {
      value.expected("whole lines of " + std::to_string(rules.line) + " B");
    }
  }
  faults.throw_if_any();
  return out;
}

std::pair<Bytes, Bytes> load_capacity_range(const std::string& option, const std::string& text,
                                            CapacityRules rules) {
  rules.most = 2;
  const std::vector<Bytes> ends = load_capacities(option, text, rules);
  if (ends.size() == 2 && ends[0].count > 0 && ends[0] <= ends[1]) return {ends[0], ends[1]};
  Faults faults;
  faults.add(origin(option, text), "",
             "expected FROM,TO, the smaller one first, such as '64 KiB,1 MiB'");
  faults.throw_if_any();
  return {};
}

std::string cache_reference() {
  std::string out;
  for (const FieldDoc& field : docs_of(cache_table())) {
    std::string key = "  " + field.key;
    key.resize(std::max<std::size_t>(key.size() + 1, 13), ' ');
    out += key + field.type + (field.required ? "; required" : "") +
           (field.fallback.empty() ? "" : "; default " + field.fallback) + ": " + field.doc + "\n";
  }
  return out;
}

}  // namespace attnsim::config
