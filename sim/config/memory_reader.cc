#include "sim/config/memory_reader.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/config/cache_reader.h"
#include "sim/config/scalar.h"
#include "sim/core/spelling.h"

namespace attnsim::config {
namespace {

constexpr std::size_t kMostMemories = 16;
constexpr Range kWays{.min = 1, .max = 1 << 20};
constexpr Range kSlices{.min = 1, .max = 1 << 20};

struct Draft {
  MemorySpec memory{};
  std::optional<bool> per_core{};
  bool uniform_words = false;
};

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> kKinds = {"registers", "scratchpad", "cache", "dram"};
  return kKinds;
}

void read_kind(const Cursor& value, Draft& out) {
  const auto text = value.choice("memory kind", kinds());
  if (!text) return;
  const auto index = std::find(kinds().begin(), kinds().end(), *text) - kinds().begin();
  out.memory.kind = static_cast<MemoryKind>(index);
}

void read_per(const Cursor& value, Draft& out) {
  const std::vector<std::string> names = {"core", "device"};
  if (const auto text = value.choice("place", names)) out.per_core = *text == "core";
}

void read_capacity(const Cursor& value, Draft& out) {
  const bool words = value.node().text.ends_with("words");
  if (words && !out.uniform_words) {
    value.fault("words are a unit only on a machine with uniform_words: true; expected " +
                quantity_description(Quantity::size) + ", got " + describe(value.node()));
    return;
  }
  out.memory.capacity = value.capacity(out.uniform_words);
}

std::span<const Field<Draft>> memory_table() {
  static const Field<Draft> kFields[] = {
      {{.key = "kind",
        .type = "registers, scratchpad, cache or dram",
        .required = true,
        .doc = "registers and scratchpads are managed by the program, a cache by itself"},
       read_kind},
      {{.key = "per",
        .type = "core or device",
        .fallback = "core for registers and scratchpads, else device",
        .doc = "one instance per core, or one that all cores share"},
       read_per},
      {{.key = "parent",
        .type = "memory",
        .fallback = "the next memory of the list",
        .doc = "the memory outwards of this one; the outermost has none"},
       [](const Cursor& v, Draft& out) {
         out.memory.parent = v.text("the name of a memory").value_or("");
       }},
      {{.key = "capacity",
        .type = "size, or words where uniform_words",
        .doc = "what a program can claim of one instance; required for registers and scratchpads"},
       read_capacity},
      {{.key = "bandwidth", .type = "byte rate", .doc = "peak, all instances together"},
       [](const Cursor& v, Draft& out) { out.memory.bandwidth = v.quantity(Quantity::byte_rate); }},
      {{.key = "read_bandwidth",
        .type = "byte rate",
        .doc = "sustained, reads only, all instances together"},
       [](const Cursor& v, Draft& out) {
         out.memory.read_bandwidth = v.quantity(Quantity::byte_rate);
       }},
      {{.key = "write_bandwidth",
        .type = "byte rate",
        .fallback = "read_bandwidth",
        .doc = "sustained, writes only, all instances together"},
       [](const Cursor& v, Draft& out) {
         out.memory.write_bandwidth = v.quantity(Quantity::byte_rate);
       }},
      {{.key = "latency", .type = "time", .doc = "of one load that nothing else delays"},
       [](const Cursor& v, Draft& out) { out.memory.latency = v.quantity(Quantity::time); }},
      {{.key = "line", .type = "size", .doc = "line of a cache, burst of a DRAM"},
       [](const Cursor& v, Draft& out) { out.memory.line = v.size(); }},
      {{.key = "sector", .type = "size", .doc = "part of a line that is filled on its own"},
       [](const Cursor& v, Draft& out) { out.memory.sector = v.size(); }},
      {{.key = "ways", .type = "integer 1..2^20", .doc = "associativity of a cache"},
       [](const Cursor& v, Draft& out) { out.memory.ways = v.integer(kWays); }},
      {{.key = "policy",
        .type = "lru, fifo, tree_plru, random, srrip or opt",
        .doc = "replacement policy of a cache; a cache without one passes everything through"},
       [](const Cursor& v, Draft& out) {
         out.memory.cache.policy = v.choice("policy", cache_policies()).value_or("");
       }},
      {{.key = "index",
        .type = "modulo or hash",
        .fallback = "modulo",
        .doc = "how a cache finds the set of a line"},
       [](const Cursor& v, Draft& out) { read_index(v, out.memory.cache); }},
      {{.key = "slices",
        .type = "integer 1..2^20",
        .fallback = "1",
        .doc = "parts of a cache that lines are hashed over; the index holds inside each"},
       [](const Cursor& v, Draft& out) {
         out.memory.cache.slices = v.integer(kSlices).value_or(1);
       }},
      {{.key = "write",
        .type = "back or through",
        .fallback = "back",
        .doc = "whether a write reaches the next memory when its line leaves, or at once"},
       [](const Cursor& v, Draft& out) { read_write(v, out.memory.cache); }},
      {{.key = "allocate",
        .type = "true or false",
        .fallback = "true",
        .doc = "whether a write miss takes a line of a cache"},
       [](const Cursor& v, Draft& out) {
         out.memory.cache.write_allocate = v.boolean().value_or(true);
       }},
      {{.key = "fetch_covered",
        .type = "true or false",
        .fallback = "false",
        .doc = "whether a write miss fetches even what the write covers entirely"},
       [](const Cursor& v, Draft& out) {
         out.memory.cache.fetch_covered = v.boolean().value_or(false);
       }},
      {{.key = "inclusion",
        .type = "neither, inclusive or exclusive",
        .fallback = "neither",
        .doc = "whether a cache holds all of what the caches inside it hold, or none of it"},
       [](const Cursor& v, Draft& out) { read_inclusion(v, out.memory.cache); }},
      {{.key = "classify",
        .type = "true or false",
        .fallback = "false",
        .doc = "whether a cache tells conflict misses from capacity misses; slow"},
       [](const Cursor& v, Draft& out) {
         out.memory.cache.classify = v.boolean().value_or(false);
       }},
      {{.key = "energy",
        .type = "energy",
        .doc = "per byte, on the whole path between this memory and a core"},
       [](const Cursor& v, Draft& out) { out.memory.energy = v.quantity(Quantity::energy); }},
  };
  return kFields;
}

/// Names appear in metric paths (io.hbm.total.words), so dots and blanks are out.
bool is_memory_name(const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return text.size() <= 32 && std::all_of(text.begin(), text.end(), fits) && !text.empty() &&
         text[0] >= 'a';
}

/// A what-if about a memory that does not exist: more telling than "missing key 'kind'".
bool check_known(const Cursor& map, const Entry& entry) {
  const bool overridden = entry.at.line == 0 && !entry.at.file.empty();
  if (!overridden || !entry.value.is_map() || entry.value.find("kind") != nullptr) return true;
  std::vector<std::string> known;
  for (const Entry& e : map.node().entries) {
    if (e.key != entry.key) known.push_back(e.key);
  }
  map.faults().add(entry.at, map.path(),
                   "unknown key " + quote(entry.key) + key_hint(entry.key, known));
  return false;
}

void read_memory(const Cursor& map, const Entry& entry, Draft& draft) {
  if (!is_memory_name(entry.key)) {
    map.faults().add(
        entry.at, map.path(),
        "expected a name of lower-case letters, digits and _, got " + quote(entry.key));
    return;
  }
  if (!check_known(map, entry)) return;
  draft.memory.name = entry.key;
  const Cursor value = map.child(entry);
  const std::size_t before = value.faults().count();
  read_map(value, memory_table(), draft);
  if (value.faults().count() > before) return;
  const bool managed = explicitly_managed(draft.memory.kind);
  draft.memory.per_core = draft.per_core.value_or(managed);
  if (managed && !draft.memory.capacity) {
    value.fault("missing key 'capacity' (size): only a cache or a dram can do without");
  }
}

/// A memory that is listed after the parent it names takes the place just inside it: what a file
/// that extends another adds comes last in the merged map. The home of the tensors stays last.
void order_by_parents(std::vector<MemorySpec>& memories) {
  // As many rounds as memories: one that moves may be the parent of one that was looked at before.
  for (std::size_t step = 0; step < memories.size() * memories.size(); ++step) {
    const std::size_t i = step % memories.size();
    const MemorySpec memory = memories[i];
    const auto at = memories.begin() + static_cast<std::ptrdiff_t>(i);
    const auto parent = std::find_if(memories.begin(), at, [&](const MemorySpec& m) {
      return m.name == memory.parent && (memory.per_core || !m.per_core);
    });
    const bool home = i + 1 == memories.size() && memory.kind == MemoryKind::dram;
    if (parent != at && !home) std::rotate(parent, at, at + 1);
  }
}

}  // namespace

bool explicitly_managed(MemoryKind kind) {
  return kind == MemoryKind::registers || kind == MemoryKind::scratchpad;
}

void read_memories(const Cursor& map, bool uniform_words, std::vector<MemorySpec>& out) {
  if (!map.require_map()) return;
  const std::vector<Entry>& entries = map.node().entries;
  if (entries.empty() || entries.size() > kMostMemories) {
    map.fault("expected 1 to " + std::to_string(kMostMemories) + " memories, got '" +
              std::to_string(entries.size()) + "'");
    return;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Draft draft;
    draft.uniform_words = uniform_words;
    read_memory(map, entries[i], draft);
    out.push_back(draft.memory);
  }
  order_by_parents(out);
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    if (out[i].parent.empty()) out[i].parent = out[i + 1].name;
  }
}

std::vector<FieldDoc> memory_fields() { return docs_of(memory_table()); }

}  // namespace attnsim::config
