#include "sim/replay/counts.h"

#include <algorithm>

namespace attnsim::replay {

Counter::Counter(const Program& program, const MachineSpec& machine, const Target& target)
    : program_(program),
      machine_(machine),
      hierarchy_(machine),
      slots_(program.tensors()),
      totals_(program.tensors().size()),
      occupation_(machine.memories.size()) {
  for (int i = 0; i < kDTypeCount; ++i) {
    element_bits_[static_cast<std::size_t>(i)] =
        static_cast<std::uint64_t>(target.element_bits(static_cast<DType>(i)));
  }
  for (int r = 0; r < kRoleCount; ++r) {
    space_[static_cast<std::size_t>(r)] = target.space(static_cast<Role>(r));
  }
  smallest_bits_ = static_cast<std::uint64_t>(target.word_bits());
  for (const TensorDecl& t : program.tensors()) {
    smallest_bits_ = std::min(smallest_bits_, element_bits_[static_cast<std::size_t>(t.dtype)]);
  }
}

void Counter::begin_task(const Kernel&, std::int64_t) {
  number_ = 0;
  ++totals_.tasks;
}

void Counter::end_task() { slots_.finish_task(number_); }

void Counter::repeat(const Totals& period, std::uint64_t times) {
  totals_.add(period, times);
  number_ += times * period.operations();
}

void Counter::consume(std::span<const TileOp> ops) {
  auto count_one = [this]<Op kOp>(const TileOp& op) { count<kOp>(op); };
  for (const TileOp& op : ops) dispatch(op, count_one);
}

template <Op kOp>
void Counter::count(const TileOp& op) {
  ++number_;
  slots_.apply<kOp>(op, number_);
  if constexpr (kOp == Op::drop) release(op.t[0]);
  if (op.flags & kCreates) occupy(op.t[0]);
  add_work<kOp>(op);
  if constexpr (kOp == Op::load || kOp == Op::load_into || kOp == Op::store ||
                kOp == Op::store_fill || kOp == Op::accumulate) {
    count_traffic<kOp>(op);
  } else if constexpr (op_row(kOp).matrix.mnk != 0) {
    count_port(op);
  } else if constexpr (kOp == Op::move) {
    count_move(op);
  }
}

template <Op kOp>
void Counter::add_work(const TileOp& op) {
  constexpr OpRow kRow = op_row(kOp);
  WorkSums& sums = totals_.work[static_cast<std::size_t>(kOp)];
  ++sums.records;
  const auto m = static_cast<std::uint64_t>(op.m);
  const auto n = static_cast<std::uint64_t>(op.n);
  const auto k = static_cast<std::uint64_t>(op.k);
  if constexpr (needs_sum(kRow, &UnitWork::mn)) sums.mn += m * n;
  if constexpr (needs_sum(kRow, &UnitWork::m)) sums.m += m;
  if constexpr (needs_sum(kRow, &UnitWork::mk)) sums.mk += m * k;
  if constexpr (needs_sum(kRow, &UnitWork::mnk)) sums.mnk += m * n * k;
}

void Counter::occupy(std::uint32_t at) {
  const Slot& slot = slots_.slot(at);
  Occupation& space = occupation_[space_[static_cast<std::size_t>(slot.role)]];
  const std::uint64_t bits = slot_bits(slot);
  smallest_bits_ = std::min(smallest_bits_, element_bits_[static_cast<std::size_t>(slot.dtype)]);
  space.live += bits;
  space.peak = std::max(space.peak, space.live);
  space.largest[at] = std::max(space.largest[at], bits);
}

void Counter::release(std::uint32_t at) {
  const Slot& slot = slots_.slot(at);
  occupation_[space_[static_cast<std::size_t>(slot.role)]].live -= slot_bits(slot);
}

template <Op kOp>
void Counter::count_traffic(const TileOp& op) {
  const std::uint64_t elements =
      static_cast<std::uint64_t>(op.m) * static_cast<std::uint64_t>(op.n);
  TrafficByRole& tensor = totals_.traffic[op.tensor];
  if constexpr (kOp == Op::store_fill) {
    Traffic& t = tensor[static_cast<std::size_t>(Role::operand)];
    t.written += elements;
    if (op.flags & kInit) t.init += elements;
  } else if constexpr (kOp == Op::store || kOp == Op::accumulate) {
    Traffic& t = tensor[static_cast<std::size_t>(slots_.slot(op.t[1]).role)];
    t.written += elements;
    if (kOp == Op::accumulate && (op.flags & kAtMemory) == 0) t.read += elements;
  } else {
    tensor[static_cast<std::size_t>(slots_.slot(op.t[0]).role)].read += elements;
  }
}

void Counter::count_port(const TileOp& op) {
  const auto k = static_cast<std::uint64_t>(op.k);
  for (int i = 1; i <= 2; ++i) {
    const Slot& slot = slots_.slot(op.t[i]);
    const auto outer = static_cast<std::uint64_t>(i == 1 ? op.m : op.n);
    const std::size_t origin = std::min<std::size_t>(slot.origin, totals_.traffic.size() - 1);
    totals_.traffic[origin][static_cast<std::size_t>(slot.role)].port +=
        outer * k * element_bits_[static_cast<std::size_t>(slot.dtype)];
  }
}

void Counter::count_move(const TileOp& op) {
  const Slot& from = slots_.slot(op.t[1]);
  const Slot& to = slots_.slot(op.t[0]);
  const std::uint64_t bits = static_cast<std::uint64_t>(op.m) * static_cast<std::uint64_t>(op.n) *
                             element_bits_[static_cast<std::size_t>(to.dtype)];
  const auto same = std::find_if(totals_.moves.begin(), totals_.moves.end(), [&](const Move& move) {
    return move.origin == from.origin && move.from == from.role && move.to == to.role;
  });
  if (same != totals_.moves.end()) {
    same->bits += bits;
  } else {
    totals_.moves.push_back({from.origin, from.role, to.role, bits});
  }
}

WorkSummary Counter::work() const {
  WorkSummary work;
  for (const OpRow& row : op_table()) {
    const WorkSums& sums = totals_.work[static_cast<std::size_t>(row.op)];
    work.matrix_flops += 2 * sums.of(row.matrix);
    work.exp_ops += sums.of(row.exp);
    work.vector_ops += sums.of(row.vector);
    work.operations += sums.records;
  }
  work.tasks = totals_.tasks;
  return work;
}

}  // namespace attnsim::replay
