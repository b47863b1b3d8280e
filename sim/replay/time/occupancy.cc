#include "sim/replay/time/occupancy.h"

#include <algorithm>
#include <array>
#include <optional>

#include "sim/trace/emitter.h"
#include "sim/trace/op_table.h"

namespace attnsim::replay::time {
namespace {

/// After so many iterations of its loops a task has held all that it ever holds.
constexpr int kIterations = 16;

/// Follows the scratchpad bytes of a task.
class ScratchpadUse final : public Sink {
 public:
  ScratchpadUse(const MachineSpec& machine, const Launch& launch)
      : machine_(machine), launch_(launch) {}

  void consume(std::span<const TileOp> ops) override {
    for (const TileOp& op : ops) {
      if (op.op == Op::loop_begin) enter();
      if (op.op == Op::loop_end) --depth_;
      if (op.op == Op::drop) release(op.t[0]);
      if (op.flags & kCreates) create(op);
      if (op_row(op.op).matrix.mnk != 0) exchange(op);
    }
  }

  /// Tiles, and where warps that cut a product by its depth meet to add up their parts.
  std::uint64_t peak() const { return peak_ + exchanged_; }
  std::uint64_t loaded_in_innermost_loop() const { return loaded_peak_; }

 private:
  struct Held {
    std::uint64_t bytes = 0;
    bool loaded = false;
  };

  /// Only the innermost loop's loads run ahead: what a deeper loop shows to be outside it does not.
  void enter() {
    if (++depth_ <= deepest_) return;
    deepest_ = depth_;
    loaded_ = loaded_peak_ = 0;
    for (Held& held : held_) held.loaded = false;
  }

  void create(const TileOp& op) {
    in_registers_[op.t[0]] = machine_.space(op.role).kind == MemoryKind::registers;
    if (machine_.space(op.role).kind != MemoryKind::scratchpad) return;
    const std::uint64_t bytes = static_cast<std::uint64_t>(op.m) *
                                static_cast<std::uint64_t>(op.n) *
                                static_cast<std::uint64_t>(bits(op.dtype)) / 8;
    held_[op.t[0]] = {bytes, op.op == Op::load && depth_ > 0 && depth_ == deepest_};
    now_ += bytes;
    if (held_[op.t[0]].loaded) loaded_ += bytes;
    peak_ = std::max(peak_, now_);
    loaded_peak_ = std::max(loaded_peak_, loaded_);
  }
  void exchange(const TileOp& op) {
    constexpr std::int64_t kAccumulatorBytes = 4;
    const bool cut = launch_.layout == WarpLayout::columns && (op.flags & kTransposeA) == 0 &&
                     in_registers_[op.t[1]];
    if (!cut) return;
    const std::int64_t bytes = launch_.warps_of(op.agent) * op.m * op.n * kAccumulatorBytes;
    exchanged_ = std::max(exchanged_, static_cast<std::uint64_t>(bytes));
  }
  void release(std::uint32_t slot) {
    now_ -= held_[slot].bytes;
    if (held_[slot].loaded) loaded_ -= held_[slot].bytes;
    held_[slot] = {};
  }

  const MachineSpec& machine_;
  const Launch& launch_;
  std::array<bool, kMaxSlots> in_registers_{};
  std::uint64_t exchanged_ = 0;
  std::array<Held, kMaxSlots> held_{};
  std::uint64_t now_ = 0, peak_ = 0, loaded_ = 0, loaded_peak_ = 0;
  int depth_ = 0, deepest_ = 0;
};

std::uint64_t scratchpad_bytes(const MachineSpec& machine, const Kernel& kernel) {
  ScratchpadUse use(machine, kernel.launch);
  Emitter emitter(use, Emitter::Mode::pull);
  std::optional<Task> task(kernel.start(emitter, kernel.task(kernel.scheduled(0))));
  for (int i = 0; i < kIterations && !task->done(); ++i) task->resume();
  task.reset();
  emitter.flush();
  return use.peak() + (kernel.launch.double_buffered ? use.loaded_in_innermost_loop() : 0);
}

}  // namespace

std::int64_t places_per_core(const PlannedRun& planned, const Kernel& kernel) {
  const MachineSpec& machine = planned.run().machine;
  const CoreSpec& core = machine.core;
  const Launch& launch = kernel.launch;
  if (!core.threads) return 1;
  std::int64_t places = core.tasks.value_or(*core.threads);
  places = std::min(places, *core.threads / std::max<std::int64_t>(1, launch.threads));
  if (core.registers && launch.registers > 0) {
    places = std::min(places, *core.registers / (launch.registers * launch.threads));
  }
  const std::uint64_t bytes = scratchpad_bytes(machine, kernel);
  for (const MemorySpec& m : machine.memories) {
    if (m.kind != MemoryKind::scratchpad || !m.per_core || !m.capacity || bytes == 0) continue;
    const std::uint64_t capacity = m.capacity->bytes(planned.target().word_bits());
    places = std::min(places, static_cast<std::int64_t>(capacity / bytes));
  }
  return std::max<std::int64_t>(1, places);
}

}  // namespace attnsim::replay::time
