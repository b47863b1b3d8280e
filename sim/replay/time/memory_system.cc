#include "sim/replay/time/memory_system.h"

#include <algorithm>

namespace attnsim::replay::time {
namespace {

constexpr double kPsPerSecond = 1e12;

/// Time cannot do without knowing what a cache keeps: one that names no policy is taken for LRU.
MachineSpec with_policies(MachineSpec machine) {
  for (MemorySpec& m : machine.memories) {
    if (m.kind == MemoryKind::cache && m.cache.policy.empty() && m.capacity && m.line) {
      m.cache.policy = "lru";
      m.ways.reset();
      m.sector.reset();
    }
  }
  return machine;
}

/// The cache, if there is one, that all tiles of the cores pass.
std::optional<std::size_t> shared_cache(const MachineSpec& machine) {
  for (std::size_t i = 0; i < machine.memories.size(); ++i) {
    if (machine.memories[i].simulated() && !machine.memories[i].per_core) return i;
  }
  return std::nullopt;
}

}  // namespace

MemorySystem::MemorySystem(const PlannedRun& planned)
    : machine_(with_policies(planned.run().machine)),
      layout_(planned.schedule().program().tensors(), planned.target()),
      first_cache_(shared_cache(machine_)) {
  if (first_cache_) {
    caches_.emplace(machine_, planned.run().workload.word_bits(), planned.run().seed,
                    machine_.cores);
    queues_.push_back(queue_of(machine_.memories[*first_cache_], 1));
    lanes_.push_back({.name = machine_.memories[*first_cache_].name});
  }
  queues_.push_back(queue_of(machine_.home(), machine_.load.memory.value_or(1)));
  lanes_.push_back({.name = machine_.home().name});
}

/// A share of the sustained rates where they are known, else of the peaks; a memory without any is
/// never waited for.
MemorySystem::Queue MemorySystem::queue_of(const MemorySpec& memory, double share) {
  Queue queue;
  const std::optional<double> read =
      memory.read_bandwidth ? memory.read_bandwidth : memory.bandwidth;
  const std::optional<double> write = memory.write_bandwidth ? memory.write_bandwidth : read;
  if (read) queue.read = kPsPerSecond / (*read * share);
  if (write) queue.write = kPsPerSecond / (*write * share);
  queue.latency = static_cast<Ps>(memory.latency.value_or(0) * kPsPerSecond);
  return queue;
}

double MemorySystem::serve(std::size_t lane, const Moved& moved, Ps now) {
  Queue& queue = queues_[lane];
  const double work = queue.read * static_cast<double>(moved.read) +
                      queue.write * static_cast<double>(moved.written);
  queue.free = std::max(queue.free, static_cast<double>(now)) + work;
  lanes_[lane].bytes_read += moved.read;
  lanes_[lane].bytes_written += moved.written;
  lanes_[lane].busy += work;
  return queue.free;
}

std::uint64_t MemorySystem::bytes_of(const TileOp& record) const {
  std::uint64_t bytes = 0;
  layout_.for_each_rect(record.tensor, record.row, record.col, record.m, record.n,
                        [&](const ByteRect& rect) { bytes += rect.rows * rect.row_bytes; });
  return bytes;
}

std::vector<SharedLane> MemorySystem::since(const std::vector<SharedLane>& before) const {
  std::vector<SharedLane> out = lanes_;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].bytes_read -= before[i].bytes_read;
    out[i].bytes_written -= before[i].bytes_written;
    out[i].busy -= before[i].busy;
  }
  return out;
}

void MemorySystem::repeat(const std::vector<SharedLane>& before, std::uint64_t times) {
  const std::vector<SharedLane> stretch = since(before);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].bytes_read += times * stretch[i].bytes_read;
    lanes_[i].bytes_written += times * stretch[i].bytes_written;
    lanes_[i].busy += static_cast<double>(times) * stretch[i].busy;
  }
}

void MemorySystem::shift(Ps by) {
  for (Queue& queue : queues_) queue.free += static_cast<double>(by);
}

Served MemorySystem::serve(const TileOp& record, std::int64_t core, Ps now) {
  Moved moved;
  std::uint64_t through_port = 0;
  layout_.for_each_rect(record.tensor, record.row, record.col, record.m, record.n,
                        [&](const ByteRect& rect) {
                          const std::uint64_t bytes = rect.rows * rect.row_bytes;
                          through_port += bytes;
                          for_each_use(record, [&](const MemoryUse& use) {
                            (use.write ? moved.written : moved.read) += bytes;
                            if (use.needs_old) moved.read += bytes;  // the memory itself adds
                            if (caches_)
                              caches_->access(*first_cache_, core, rect, use, record.tensor);
                          });
                        });
  const std::size_t home = lanes_.size() - 1;
  if (!caches_)
    return {static_cast<Ps>(serve(home, moved, now)) + queues_[home].latency, through_port};
  double done = serve(0, moved, now);
  Ps latency = queues_[0].latency;
  const machine::MemoryCounts& home_now = caches_->at_home();
  const Moved missed{.read = home_now.bytes_read - at_home_.bytes_read,
                     .written = home_now.bytes_written - at_home_.bytes_written};
  at_home_ = home_now;
  if (missed.read + missed.written > 0) {
    const double served = serve(home, missed, now);
    if (missed.read > 0) {
      done = std::max(done, served);
      latency = queues_[home].latency;
    }
  }
  return {static_cast<Ps>(done) + latency, through_port};
}

}  // namespace attnsim::replay::time
