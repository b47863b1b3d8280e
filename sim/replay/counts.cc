#include "sim/replay/counts.h"

#include <algorithm>

namespace attnsim::replay {

Counter::Counter(const Program& program, const MachineSpec& machine, const Target& target)
    : program_(program),
      machine_(machine),
      hierarchy_(machine),
      slots_(program.tensors()),
      traffic_(program.tensors().size() + 1),
      occupation_(machine.memories.size()) {
  for (int i = 0; i < kDTypeCount; ++i) {
    element_bits_[static_cast<std::size_t>(i)] =
        static_cast<std::uint64_t>(target.element_bits(static_cast<DType>(i)));
  }
  for (int r = 0; r < kRoleCount; ++r) {
    space_[static_cast<std::size_t>(r)] = target.space(static_cast<Role>(r));
  }
}

void Counter::begin_task(const Kernel&, std::int64_t) {
  number_ = 0;
  ++tasks_;
}

void Counter::end_task() { slots_.finish_task(number_); }

void Counter::consume(std::span<const TileOp> ops) {
  for (const TileOp& op : ops) {
    ++number_;
    if (op.op == Op::drop) {
      if (op.t[0] < kMaxSlots && slots_.slot(op.t[0]).live) release(op.t[0]);
      slots_.apply(op, number_);
      ++sums_[static_cast<std::size_t>(Op::drop)].records;
      continue;
    }
    slots_.apply(op, number_);
    if (op.flags & kCreates) occupy(op.t[0]);
    WorkSums& sums = sums_[static_cast<std::size_t>(op.op)];
    const auto m = static_cast<std::uint64_t>(op.m);
    const auto n = static_cast<std::uint64_t>(op.n);
    const auto k = static_cast<std::uint64_t>(op.k);
    ++sums.records;
    sums.mn += m * n;
    sums.m += m;
    sums.mk += m * k;
    sums.mnk += m * n * k;
    switch (op.op) {
      case Op::load:
      case Op::load_into:
      case Op::store:
      case Op::store_fill:
        count_traffic(op);
        break;
      case Op::matmul:
      case Op::matmul_acc:
        count_port(op);
        break;
      case Op::move:
        count_move(op);
        break;
      default:
        break;
    }
  }
}

void Counter::occupy(std::uint32_t at) {
  const Slot& slot = slots_.slot(at);
  Occupation& space = occupation_[space_[static_cast<std::size_t>(slot.role)]];
  const std::uint64_t bits = slot_bits(slot);
  space.live += bits;
  space.peak = std::max(space.peak, space.live);
  space.largest[at] = std::max(space.largest[at], bits);
}

void Counter::release(std::uint32_t at) {
  const Slot& slot = slots_.slot(at);
  occupation_[space_[static_cast<std::size_t>(slot.role)]].live -= slot_bits(slot);
}

void Counter::count_traffic(const TileOp& op) {
  const std::uint64_t elements = static_cast<std::uint64_t>(op.m) * static_cast<std::uint64_t>(op.n);
  TrafficByRole& tensor = traffic_[op.tensor];
  if (op.op == Op::store_fill) {
    Traffic& t = tensor[static_cast<std::size_t>(Role::operand)];
    t.written += elements;
    if (op.flags & kInit) t.init += elements;
    return;
  }
  const bool store = op.op == Op::store;
  const Role role = slots_.slot(store ? op.t[1] : op.t[0]).role;
  Traffic& t = tensor[static_cast<std::size_t>(role)];
  (store ? t.written : t.read) += elements;
}

void Counter::count_port(const TileOp& op) {
  for (int i = 1; i <= 2; ++i) {
    const Slot& slot = slots_.slot(op.t[i]);
    const std::size_t origin = std::min<std::size_t>(slot.origin, traffic_.size() - 1);
    traffic_[origin][static_cast<std::size_t>(slot.role)].port +=
        static_cast<std::uint64_t>(slot.rows) * static_cast<std::uint64_t>(slot.cols) *
        element_bits_[static_cast<std::size_t>(slot.dtype)];
  }
}

void Counter::count_move(const TileOp& op) {
  const Slot& from = slots_.slot(op.t[1]);
  const Slot& to = slots_.slot(op.t[0]);
  const std::uint64_t bits = static_cast<std::uint64_t>(op.m) * static_cast<std::uint64_t>(op.n) *
                             element_bits_[static_cast<std::size_t>(to.dtype)];
  const auto same = std::find_if(moves_.begin(), moves_.end(), [&](const Move& move) {
    return move.origin == from.origin && move.from == from.role && move.to == to.role;
  });
  if (same != moves_.end()) {
    same->bits += bits;
  } else {
    moves_.push_back({from.origin, from.role, to.role, bits});
  }
}

WorkSummary Counter::work() const {
  WorkSummary work;
  for (const OpRow& row : op_table()) {
    const WorkSums& sums = sums_[static_cast<std::size_t>(row.op)];
    work.matrix_flops += 2 * sums.of(row.matrix);
    work.exp_ops += sums.of(row.exp);
    work.vector_ops += sums.of(row.vector);
    work.operations += sums.records;
  }
  work.tasks = tasks_;
  return work;
}

}  // namespace attnsim::replay
