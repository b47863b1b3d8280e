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
  const std::size_t agent = op.agent;
  last_cost = {};
  if (is_copy(record)) {
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

bool Window::is_operation(const TileOp& record) {
  return op_row(record.op).kind != OpClass::structure && record.op != Op::alloc &&
         record.op != Op::drop;
}

bool Window::is_copy(const TileOp& record) {
  return op_row(record.op).kind == OpClass::traffic && record.op != Op::move;
}

bool Window::append(const TileOp& record) {
  if (record.op == Op::loop_next) ++iteration_;
  const OpRow& row = op_row(record.op);
  if (record.flags & kCreates) {
    used_ = std::max<std::size_t>(used_, record.t[0] + 1);
    slots_[record.t[0]].in_scratchpad = shape_.in_scratchpad[static_cast<std::size_t>(record.role)];
  }
  if (!is_operation(record)) return false;
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

Window::Readiness Window::ready(std::uint32_t number, int strand, Ps now) {
  const TimedOp& waiting = op(number);
  const bool by_rows = shape_.launch->layout == WarpLayout::rows;
  Ps latest = 0;
  for (int i = 0; i < waiting.waits; ++i) {
    const std::uint32_t other = waiting.wait_for[static_cast<std::size_t>(i)];
    if (other < begin_) continue;
    TimedOp& first = op(other);
    const bool own_part = first.strands == 1 || (by_rows && first.agent == waiting.agent &&
                                                 first.strands == waiting.strands);
    Ps done = first.left == 0 ? first.last_done : kNever;
    if (own_part) done = first.done[first.strands == 1 ? 0 : static_cast<std::size_t>(strand)];
    if (done == kNever) return {kNever, {other, own_part && first.strands > 1}};
    latest = std::max(latest, done + between(first.unit, waiting.unit));
    if (first.copy()) first.needed = std::min(first.needed, now);
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
    TimedOp& first = op(begin_);
    if (first.left != 0) return;
    if (first.copy()) first.needed = std::min(first.needed, finished);
    if (first.last_done > finished) return;
    if (retired_ != nullptr && first.copy()) retired_->push_back({begin_, first.needed});
  }
}

void Window::describe(Signature& out, Ps now) const {
  const Ps over = now - shape_.rates->stage_latency;  // what was done by then is done for all
  out.push_back(end_ - begin_);
  for (std::uint32_t number = begin_; number != end_; ++number) {
    const TimedOp& o = op(number);
    out.push_back(static_cast<std::int64_t>(o.unit) | o.agent << 4 | o.strands << 8 | o.left << 12 |
                  (o.waited_for ? 1 : 0) << 16 | o.waits << 20);
    out.push_back(iteration_ - o.iteration);
    out.push_back(o.work);
    for (std::uint8_t s = 0; s < o.strands; ++s) {
      const Ps done = o.done[s];
      const bool decided_outside = o.copy() && o.served == s;
      out.push_back(done == kNever ? -1 : decided_outside || done <= over ? -2 : done - over);
    }
    for (std::uint8_t i = 0; i < o.waits; ++i) out.push_back(relative(o.wait_for[i]));
  }
  std::int64_t in_scratchpad = 0;
  for (std::size_t slot = 0; slot < used_; ++slot) {
    const SlotState& state = slots_[slot];
    in_scratchpad = in_scratchpad << 1 | (state.in_scratchpad ? 1 : 0);
    out.push_back(relative(state.writer));
    for (std::size_t a = 0; a < agents_; ++a) {
      out.push_back(relative(state.readers[a]));
      out.push_back(relative(state.earlier_readers[a]));
    }
  }
  out.push_back(in_scratchpad);
  out.push_back(static_cast<std::int64_t>(used_ << 8 | agents_));
}

void Window::set_answer(std::uint32_t number, Ps done) {
  TimedOp& o = op(number);
  o.done[o.served] = done;
  o.last_done = 0;
  for (std::uint8_t s = 0; s < o.strands; ++s) {
    if (o.done[s] != kNever) o.last_done = std::max(o.last_done, o.done[s]);
  }
}

void Window::shift(Ps by) {
  for (std::uint32_t number = begin_; number != end_; ++number) {
    TimedOp& o = op(number);
    for (std::uint8_t s = 0; s < o.strands; ++s) {
      if (o.done[s] != kNever) o.done[s] += by;
    }
    if (o.left != o.strands) o.last_done += by;
    if (o.needed != kNever) o.needed += by;
  }
}

}  // namespace attnsim::replay::time
