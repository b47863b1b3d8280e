#include "sim/replay/time/window.h"

#include <algorithm>
#include <utility>

#include "sim/core/error.h"
#include "sim/trace/op_table.h"

namespace attnsim::replay::time {
namespace {

Unit traffic_unit(Op op) {
  return op == Op::load || op == Op::load_into ? Unit::copy_in : Unit::copy_out;
}

}  // namespace

void Window::wait_for(TimedOp& op, std::uint32_t number) const {
  if (number < begin_) return;
  for (int i = 0; i < op.waits; ++i) {
    if (op.wait_for[static_cast<std::size_t>(i)] == number) return;
  }
  ATTNSIM_CHECK(op.waits < kMostWaits, "an operation waits for more than its operands");
  op.wait_for[op.waits++] = number;
}

void Window::read(TimedOp& op, std::uint32_t slot, std::uint32_t number) {
  SlotState& state = slots_[slot];
  wait_for(op, state.writer);
  state.readers[op.agent] = number;
}

void Window::write(TimedOp& op, std::uint32_t slot, std::uint32_t number) {
  SlotState& state = slots_[slot];
  wait_for(op, state.writer);
  for (std::size_t a = 0; a < agents_; ++a) {
    wait_for(op, state.readers[a]);
    state.readers[a] = 0;
  }
  state.writer = number;
}

/// A value fetched into a buffer: it waits for the readers of the value that was there.
void Window::load(TimedOp& op, std::uint32_t slot, std::uint32_t number) {
  SlotState& state = slots_[slot];
  if (!shape_.launch->double_buffered) {
    write(op, slot, number);
    return;
  }
  for (std::size_t a = 0; a < agents_; ++a) {
    wait_for(op, state.earlier_readers[a]);
    state.earlier_readers[a] = std::exchange(state.readers[a], 0);
  }
  state.writer = number;
}

const OpCost& Window::known_cost(const TileOp& record, std::size_t agent) {
  const auto in_scratchpad = [&](int operand) {
    const std::uint32_t slot = record.t[operand];
    return slot != kNoSlot && slots_[slot].in_scratchpad;
  };
  const CostKey key{.m = record.m,
                    .n = record.n,
                    .k = record.k,
                    .operands = record.operand_dtype,
                    .result = record.dtype,
                    .agent = static_cast<std::uint8_t>(agent),
                    .a_in_scratchpad = in_scratchpad(1),
                    .b_in_scratchpad = in_scratchpad(2),
                    .to_scratchpad = shape_.in_scratchpad[static_cast<std::size_t>(record.role)]};
  constexpr unsigned kTransposes = kTransposeA | kTransposeB;
  KnownCost& known = shape_.bench->known[static_cast<std::size_t>(record.op) * (kTransposes + 1) +
                                         (record.flags & kTransposes)];
  if (known.key != key) {
    known = {key, cost_of(record, {.in_scratchpad = key.a_in_scratchpad},
                          {.in_scratchpad = key.b_in_scratchpad}, *shape_.launch,
                          shape_.warps[agent], *shape_.rates, key.to_scratchpad)};
  }
  return known.cost;
}

/// The unit an operation needs and for how long.
void Window::settle(TimedOp& op, const TileOp& record) {
  const OpRow& row = op_row(record.op);
  const std::size_t agent = op.agent;
  last_cost = {};
  if (row.kind == OpClass::traffic && record.op != Op::move) {
    op.unit = traffic_unit(record.op);
    // What leaves from registers passes the core's port while its warps wait for room there; what
    // leaves from the scratchpad is copied beside them.
    const bool from_registers =
        op.unit == Unit::copy_out && record.t[1] != kNoSlot && !slots_[record.t[1]].in_scratchpad;
    if (from_registers) op.strands = op.left = shape_.strands[agent];
    op.waited_for = from_registers;
    return;
  }
  op.strands = op.left = shape_.strands[agent];
  if (record.op == Op::fill) return;  // registers set beside other work
  last_cost = known_cost(record, agent);
  op.unit = last_cost.busy > 0 ? last_cost.unit : Unit::none;
  op.work = static_cast<Ps>(last_cost.busy / op.strands);
  op.waited_for = !(op.unit == Unit::matrix && shape_.launch->asynchronous_matrix);
}

bool Window::append(const TileOp& record) {
  if (record.op == Op::loop_next) ++iteration_;
  const OpRow& row = op_row(record.op);
  if (record.flags & kCreates) {
    slots_[record.t[0]].in_scratchpad = shape_.in_scratchpad[static_cast<std::size_t>(record.role)];
  }
  if (row.kind == OpClass::structure || record.op == Op::alloc || record.op == Op::drop) {
    return false;
  }
  const std::uint32_t number = end_;
  if (end_ - begin_ == ops_.size()) {
    ops_.grow(begin_, end_);
    records_.grow(begin_, end_);
  }
  TimedOp& op = this->op(number);
  op = {};
  op.done.fill(kNever);
  op.agent = std::min<std::uint8_t>(record.agent, kMostAgents - 1);
  op.iteration = iteration_;
  agents_ = std::max(agents_, op.agent + std::size_t{1});
  settle(op, record);
  const bool fetched = op.unit == Unit::copy_in;
  for (std::size_t i = 0; i < row.operands.size(); ++i) {
    const Access access = row.operands[i].access;
    if (access == Access::none || access == Access::release) continue;
    if (access == Access::read) {
      read(op, record.t[i], number);
    } else if (fetched) {
      load(op, record.t[i], number);
    } else {
      write(op, record.t[i], number);
    }
  }
  if (keep_records_ || op.unit == Unit::copy_in || op.unit == Unit::copy_out) {
    records_[number] = record;
  }
  ++end_;
  return true;
}

Window::Readiness Window::ready(std::uint32_t number, int strand) const {
  const TimedOp& waiting = op(number);
  const bool by_rows = shape_.launch->layout == WarpLayout::rows;
  Ps latest = 0;
  for (int i = 0; i < waiting.waits; ++i) {
    const std::uint32_t other = waiting.wait_for[static_cast<std::size_t>(i)];
    if (other < begin_) continue;
    const TimedOp& first = op(other);
    const bool own_part = first.strands == 1 || (by_rows && first.agent == waiting.agent &&
                                                 first.strands == waiting.strands);
    Ps done = first.left == 0 ? first.last_done : kNever;
    if (own_part) done = first.done[first.strands == 1 ? 0 : static_cast<std::size_t>(strand)];
    if (done == kNever) return {kNever, {other, own_part && first.strands > 1}};
    latest = std::max(latest, done + between(first.unit, waiting.unit));
  }
  return {latest, {}};
}

Ps Window::retires_at() const {
  const TimedOp& first = op(begin_);
  return first.left != 0 ? kNever : first.last_done + shape_.rates->stage_latency;
}

void Window::retire(Ps now) {
  const Ps finished = now - shape_.rates->stage_latency;
  for (; begin_ != end_; ++begin_) {
    const TimedOp& first = op(begin_);
    if (first.left != 0 || first.last_done > finished) return;
  }
}

}  // namespace attnsim::replay::time
