#include "sim/replay/cache_counts.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/machine/machine_caches.h"
#include "sim/replay/cache_recurrence.h"
#include "sim/replay/interleave.h"
#include "sim/trace/memory_use.h"
#include "sim/trace/tensor_layout.h"

namespace attnsim::replay {
namespace {

/// Feeds traffic records to the caches that their tiles lie in.
class CacheFeed final : public TrafficListener {
 public:
  CacheFeed(const PlannedRun& planned, const std::vector<TensorFlow>& flows,
            machine::MachineCaches& caches)
      : cores_(planned.run().machine.cores),
        layout_(planned.schedule().program().tensors(), planned.target()),
        caches_(caches),
        ways_in_(planned.schedule().program().tensors().size()) {
    for (const TensorFlow& flow : flows) {
      WayIn& way = ways_in_[flow.tensor];
      const auto cache = caches.next(flow.space);
      if (!way.known) {
        way = {true, cache};
      } else if (way.cache != cache) {
        throw UserError(fault_of(planned, flow, way, cache));
      }
    }
  }

  const TensorLayout& layout() const { return layout_; }

  std::uint64_t traffic(const TileOp& op, std::size_t place) override {
    const std::int64_t core = static_cast<std::int64_t>(place) % cores_;
    const std::optional<std::size_t> cache = ways_in_[op.tensor].cache;
    std::uint64_t bytes = 0;
    layout_.for_each_rect(op.tensor, op.row, op.col, op.m, op.n, [&](const ByteRect& rect) {
      for_each_use(op, [&](const MemoryUse& use) {
        bytes += rect.rows * rect.row_bytes;
        if (cache) caches_.access(*cache, core, rect, use, op.tensor);
      });
    });
    return bytes;
  }

 private:
  /// The first cache that tiles of a tensor reach; none: all its traffic passes beside the caches.
  struct WayIn {
    bool known = false;
    std::optional<std::size_t> cache{};
  };

  static std::string fault_of(const PlannedRun& planned, const TensorFlow& flow, const WayIn& way,
                              std::optional<std::size_t> cache) {
    const std::vector<MemorySpec>& memories = planned.run().machine.memories;
    const auto text = [&](std::optional<std::size_t> c) {
      return c ? "through cache '" + memories[*c].name + "'" : std::string("through no cache");
    };
    return "hardware.memories: tiles of tensor '" +
           planned.schedule().program().tensors()[flow.tensor].name + "' reach memory " +
           text(way.cache) + " and " + text(cache) +
           "; give the memories that hold them one simulated cache as the next";
  }

  std::int64_t cores_;
  TensorLayout layout_;
  machine::MachineCaches& caches_;
  std::vector<WayIn> ways_in_;  // by tensor
};

/// Bytes that arrive at the memories, by memory and tensor.
class Arrivals {
 public:
  Arrivals(const MachineSpec& machine, std::size_t tensors)
      : machine_(machine),
        hierarchy_(machine),
        bytes_(machine.memories.size(), std::vector<Moved>(tensors)),
        beyond_(machine.memories.size(), false) {}

  /// From a memory outwards, up to the next simulated cache.
  void add(std::size_t from, std::size_t tensor, std::uint64_t read, std::uint64_t written) {
    const bool filtered = machine_.memories[from].simulated();
    while (from != hierarchy_.home()) {
      from = hierarchy_.parent(from);
      bytes_[from][tensor].read += read;
      bytes_[from][tensor].written += written;
      if (filtered) beyond_[from] = true;
      if (machine_.memories[from].simulated()) return;
    }
  }

  /// The rows of memories beyond a simulated cache say what arrives there. Rows of no tensor, which
  /// pass no cache, stay.
  void replace(const std::vector<TensorDecl>& tensors, int word_bits,
               std::vector<IoRow>& io) const {
    IoRow total;
    for (IoRow& row : io) {
      const auto memory =
          static_cast<std::size_t>(machine_.memory(row.memory) - machine_.memories.data());
      if (!beyond_[memory]) continue;
      IoRow now{.memory = row.memory, .device = row.device, .tensor = row.tensor};
      if (row.tensor == "total") {
        now += total;
        total = {};
      } else {
        const auto tensor = std::find_if(tensors.begin(), tensors.end(),
                                         [&](const TensorDecl& t) { return t.name == row.tensor; });
        if (tensor == tensors.end()) {
          total += row;
          continue;
        }
        const Moved& moved = bytes_[memory][static_cast<std::size_t>(tensor - tensors.begin())];
        now.read_bytes = Bytes(moved.read);
        now.write_bytes = Bytes(moved.written);
        now.read_words = to_words(now.read_bytes, word_bits);
        now.write_words = to_words(now.write_bytes, word_bits);
        total += now;
      }
      row = std::move(now);
    }
  }

 private:
  struct Moved {
    std::uint64_t read = 0, written = 0;
  };

  const MachineSpec& machine_;
  machine::Hierarchy hierarchy_;
  std::vector<std::vector<Moved>> bytes_;
  std::vector<bool> beyond_;  // a simulated cache
};

/// Fills result.caches; what leaves the caches is added to `arrivals`.
void report_caches(const machine::MachineCaches& caches, const std::vector<TensorDecl>& tensors,
                   Arrivals& arrivals, Result& result) {
  for (const std::size_t cache : caches.caches()) {
    const std::string& name = result.run.machine.memories[cache].name;
    machine::CacheCounts total;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const machine::CacheCounts counts = caches.counts(cache, static_cast<std::uint16_t>(i));
      arrivals.add(cache, i, counts.fills * caches.unit(),
                   (counts.write_backs + counts.final_dirty) * caches.unit());
      if (counts.accesses == 0) continue;
      total += counts;
      result.caches.push_back(cache_row(name, tensors[i].name, counts));
    }
    result.caches.push_back(cache_row(name, "total", total));
  }
}

}  // namespace

CacheRow cache_row(const std::string& cache, std::string tensor, const machine::CacheCounts& c) {
  return {.name = cache,
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

void simulate_caches(const PlannedRun& planned, const std::vector<TensorFlow>& flows,
                     Repetition repetition, Result& result, Progress* progress) {
  const MachineSpec& machine = planned.run().machine;
  const Program& program = planned.schedule().program();
  const int word_bits = planned.run().workload.word_bits();
  const std::int64_t width = tasks_in_flight(planned.schedule(), machine, planned.target());
  std::int64_t busy = 1;
  for (const Kernel& kernel : program.kernels()) busy = std::max(busy, kernel.tasks());

  machine::MachineCaches caches(machine, word_bits, planned.run().seed,
                                std::min(machine.cores, busy));
  CacheFeed feed(planned, flows, caches);
  for (const Kernel& kernel : program.kernels()) {
    if (repetition == Repetition::replay_all) {
      run_interleaved(kernel, width, feed, progress);
      continue;
    }
    CacheRecurrence recurrence(feed, caches.tree(), feed.layout(), program.tensors(),
                               caches.unit());
    Interleaving tasks(kernel, width, recurrence);
    while (tasks.step()) {
      recurrence.after_step(tasks);
      tasks.show(progress);
    }
  }
  caches.finish();

  Arrivals arrivals(machine, program.tensors().size());
  for (const TensorFlow& flow : flows) {
    arrivals.add(flow.space, flow.tensor, flow.read_bytes, flow.written_bytes);
  }
  report_caches(caches, program.tensors(), arrivals, result);
  arrivals.replace(program.tensors(), word_bits, result.io);
}

}  // namespace attnsim::replay
