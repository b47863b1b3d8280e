#include "sim/replay/cache_counts.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/machine/cache/cache_tree.h"
#include "sim/machine/cache_factory.h"
#include "sim/machine/hierarchy.h"
#include "sim/machine/layout.h"
#include "sim/replay/cache_recurrence.h"
#include "sim/replay/interleave.h"

namespace attnsim::replay {
namespace {

/// The memories from just outside the cores to the home, as indices.
std::vector<std::size_t> outer_memories(const MachineSpec& machine) {
  const machine::Hierarchy hierarchy(machine);
  std::vector<std::size_t> out{hierarchy.core_boundary()};
  for (const machine::Crossing& crossing : hierarchy.path(out.front(), hierarchy.home())) {
    out.push_back(crossing.memory);
  }
  return out;
}

/// A level of the chain of simulated caches.
struct Level {
  const MemorySpec* memory;
  std::string outside;  // the memory its misses go to
  machine::CacheTree::Node node = 0;
};

std::vector<Level> simulated_levels(const MachineSpec& machine) {
  const std::vector<std::size_t> memories = outer_memories(machine);
  std::vector<Level> levels;
  for (std::size_t i = 0; i + 1 < memories.size(); ++i) {
    const MemorySpec& memory = machine.memories[memories[i]];
    if (!memory.simulated()) {
      if (levels.empty()) continue;
      break;
    }
    levels.push_back({&memory, machine.memories[memories[i + 1]].name});
  }
  return levels;
}

/// Feeds traffic records to the caches, innermost first.
class CacheFeed final : public TrafficListener {
 public:
  CacheFeed(const PlannedRun& planned, std::vector<Level> levels)
      : layout_(planned.schedule().program().tensors(), planned.target()),
        unit_(spec_of(planned, levels.front()).unit()),
        tree_(unit_),
        levels_(std::move(levels)) {
    machine::CacheTree::Node outside = tree_.add_memory(levels_.back().outside);
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      const CacheSpec spec = spec_of(planned, *level);
      require_same_unit(spec);
      outside = machine::add_cache(tree_, outside, spec, planned.run().seed);
      level->node = outside;
    }
  }

  const machine::Layout& layout() const { return layout_; }
  machine::CacheTree& tree() { return tree_; }

  /// An addition in the core reads and writes; one at the memory is a write towards the cache,
  /// which needs the old value whether the write covers its lines or not.
  std::uint64_t traffic(const TileOp& op, std::size_t) override {
    if (op.op != Op::accumulate) {
      return pass(op, {.write = op.op == Op::store || op.op == Op::store_fill});
    }
    if (op.flags & kAtMemory) return pass(op, {.write = true, .needs_old = true});
    return pass(op, {.write = false}) + pass(op, {.write = true});
  }

  void finish() { tree_.finish(); }
  std::uint64_t unit() const { return unit_; }
  const std::vector<Level>& levels() const { return levels_; }
  machine::CacheCounts counts(const Level& level, std::size_t tensor) const {
    return tree_.counts(level.node, static_cast<std::uint16_t>(tensor));
  }

 private:
  struct Way {
    bool write = false;
    bool needs_old = false;
  };

  std::uint64_t pass(const TileOp& op, Way way) {
    const machine::ByteRect rect = layout_.bytes(op.tensor, op.row, op.col, op.m, op.n);
    machine::LineAccess access;
    access.write = way.write;
    access.tag = op.tensor;
    std::uint64_t address = rect.address;
    for (std::uint64_t row = 0; row < rect.rows; ++row, address += rect.pitch) {
      const machine::LineSpan span = machine::span_of(address, rect.row_bytes, unit_);
      access.lines = span.lines;
      access.covers_lines = span.covered && !way.needs_old;
      tree_.access(levels_.front().node, access);
    }
    return rect.rows * rect.row_bytes;
  }

  static CacheSpec spec_of(const PlannedRun& planned, const Level& level) {
    return level.memory->cache_spec(planned.run().workload.word_bits());
  }
  void require_same_unit(const CacheSpec& cache) const {
    const std::uint64_t unit = cache.unit();
    if (unit == unit_) return;
    throw UserError("hardware.memories." + cache.name + ": counts in units of " +
                    std::to_string(unit) + " bytes, the cache inside it in " +
                    std::to_string(unit_) + "; give both one line (or sector) size");
  }

  machine::Layout layout_;
  std::uint64_t unit_;
  machine::CacheTree tree_;
  std::vector<Level> levels_;
};

CacheRow row_of(const Level& level, std::string tensor, const machine::CacheCounts& c) {
  return {.name = level.memory->name,
          .tensor = std::move(tensor),
          .accesses = c.accesses,
          .hits = c.hits,
          .misses = c.misses,
          .read_misses = c.read_misses,
          .write_misses = c.write_misses,
          .cold = c.cold,
          .capacity = c.capacity,
          .conflict = c.conflict,
          .fills = c.fills,
          .evictions = c.evictions,
          .write_backs = c.write_backs,
          .final_dirty = c.final_dirty};
}

IoRow io_row_of(const Level& level, std::string tensor, const machine::CacheCounts& c,
                std::uint64_t unit, int word_bits) {
  IoRow row{.memory = level.outside, .tensor = std::move(tensor)};
  row.read_bytes = Bytes(c.fills * unit);
  row.write_bytes = Bytes((c.write_backs + c.final_dirty) * unit);
  row.read_words = to_words(row.read_bytes, word_bits);
  row.write_words = to_words(row.write_bytes, word_bits);
  return row;
}

/// The rows of one memory in `io` give way to `rows`, in their place.
void replace_rows(std::vector<IoRow>& io, const std::string& memory, std::vector<IoRow> rows) {
  const auto of_memory = [&](const IoRow& row) { return row.memory == memory; };
  const auto at = std::find_if(io.begin(), io.end(), of_memory) - io.begin();
  std::erase_if(io, of_memory);
  io.insert(io.begin() + at, rows.begin(), rows.end());
}

void report_level(const CacheFeed& feed, const Level& level, const PlannedRun& planned,
                  Result& result) {
  const std::vector<TensorDecl>& tensors = planned.schedule().program().tensors();
  const int word_bits = planned.run().workload.word_bits();
  machine::CacheCounts total;
  std::vector<IoRow> io;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const machine::CacheCounts counts = feed.counts(level, i);
    if (counts.accesses == 0) continue;
    total += counts;
    result.caches.push_back(row_of(level, tensors[i].name, counts));
    io.push_back(io_row_of(level, tensors[i].name, counts, feed.unit(), word_bits));
  }
  result.caches.push_back(row_of(level, "total", total));
  io.push_back(io_row_of(level, "total", total, feed.unit(), word_bits));
  replace_rows(result.io, level.outside, std::move(io));
}

}  // namespace

bool has_simulated_caches(const MachineSpec& machine) { return !simulated_levels(machine).empty(); }

void simulate_caches(const PlannedRun& planned, Repetition repetition, Result& result,
                     Progress* progress) {
  CacheFeed feed(planned, simulated_levels(planned.run().machine));
  const std::int64_t width =
      planned.run().machine.cores *
      resident_per_core(planned.schedule(), planned.run().machine, planned.target());
  const std::vector<Kernel>& kernels = planned.schedule().program().kernels();
  for (const Kernel& kernel : kernels) {
    if (repetition == Repetition::replay_all) {
      run_interleaved(kernel, width, feed, progress);
      continue;
    }
    CacheRecurrence recurrence(feed, feed.tree(), feed.layout(),
                               planned.schedule().program().tensors(), feed.unit());
    Interleaving tasks(kernel, width, recurrence);
    while (tasks.step()) {
      recurrence.after_step(tasks);
      tasks.show(progress);
    }
  }
  feed.finish();
  for (const Level& level : feed.levels()) report_level(feed, level, planned, result);
}

}  // namespace attnsim::replay
