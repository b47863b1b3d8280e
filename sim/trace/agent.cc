#include "sim/trace/agent.h"

#include <string>

#include "sim/trace/op_table.h"
#include "sim/trace/trace_error.h"

namespace attnsim {

TileOp& Agent::push(Op op, std::int64_t m, std::int64_t n, std::int64_t k) {
  TileOp& record = emitter_->push(op, id_);
  record.m = static_cast<std::int32_t>(m);
  record.n = static_cast<std::int32_t>(n);
  record.k = static_cast<std::int32_t>(k);
  return record;
}

Tile Agent::create(Op op, Role role, std::int64_t rows, std::int64_t cols, DType dtype,
                   TileOp** record) {
  if (rows <= 0 || cols <= 0) {
    throw TraceError(std::string(op_row(op).name) + ": a tile of " + std::to_string(rows) + " x " +
                     std::to_string(cols) + " elements");
  }
  const std::uint32_t slot = emitter_->take_slot();
  TileOp& r = push(op, rows, cols);
  r.flags = kCreates;
  r.dtype = dtype;
  r.role = role;
  r.t[0] = slot;
  if (record != nullptr) *record = &r;
  return Tile(*emitter_, id_, slot, rows, cols);
}

Tile Agent::alloc(Role role, std::int64_t rows, std::int64_t cols, DType dtype) {
  return create(Op::alloc, role, rows, cols, dtype, nullptr);
}

Tile Agent::fill(Role role, std::int64_t rows, std::int64_t cols, DType dtype, double value) {
  TileOp* record = nullptr;
  Tile tile = create(Op::fill, role, rows, cols, dtype, &record);
  record->value = value;
  return tile;
}

namespace {

void require_inside(Op op, const Region& r) {
  if (r.inside) return;
  throw TraceError(std::string(op_row(op).name) + ": region of tensor " + std::to_string(r.tensor) +
                   " at row " + std::to_string(r.flat_row) + ", column " + std::to_string(r.col) +
                   ", " + std::to_string(r.rows) + " x " + std::to_string(r.cols) +
                   " elements, lies outside the tensor");
}

void set_region(TileOp& record, const Region& region) {
  record.tensor = region.tensor;
  record.row = region.flat_row;
  record.col = region.col;
}

}  // namespace

TileOp& Agent::traffic(Op op, const Region& region) {
  require_inside(op, region);
  TileOp& record = push(op, region.rows, region.cols);
  set_region(record, region);
  return record;
}

Tile Agent::load(const Region& from, Role role) {
  require_inside(Op::load, from);
  TileOp* record = nullptr;
  Tile tile = create(Op::load, role, from.rows, from.cols, from.dtype, &record);
  set_region(*record, from);
  return tile;
}

void Agent::load_into(Tile& to, const Region& from) {
  traffic(Op::load_into, from).t[0] = to.slot();
  to.rows_ = from.rows;
  to.cols_ = from.cols;
}

void Agent::store(const Tile& from, const Region& to) { traffic(Op::store, to).t[1] = from.slot(); }

void Agent::init(const Region& to, double value) {
  TileOp& record = traffic(Op::store_fill, to);
  record.value = value;
  record.flags = kInit;
}

void Agent::accumulate(const Tile& from, const Region& to, AddAt at) {
  TileOp& record = traffic(Op::accumulate, to);
  record.t[1] = from.slot();
  if (at == AddAt::memory) record.flags = kAtMemory;
}

Tile Agent::move(const Tile& from, Role role, DType dtype) {
  TileOp* record = nullptr;
  Tile tile = create(Op::move, role, from.rows(), from.cols(), dtype, &record);
  record->t[1] = from.slot();
  return tile;
}

void Agent::product(TileOp& record, const MatrixOperand& a, const MatrixOperand& b, DType operand,
                    double scale) {
  record.t[1] = a.tile->slot();
  record.t[2] = b.tile->slot();
  record.k = static_cast<std::int32_t>(a.cols());
  record.operand_dtype = operand;
  record.value = scale;
  if (a.transposed) record.flags |= kTransposeA;
  if (b.transposed) record.flags |= kTransposeB;
}

Tile Agent::matmul(MatrixOperand a, MatrixOperand b, DType operand, double scale) {
  TileOp* record = nullptr;
  Tile c = create(Op::matmul, Role::accumulator, a.rows(), b.cols(), DType::f32, &record);
  product(*record, a, b, operand, scale);
  return c;
}

void Agent::matmul_acc(Tile& c, MatrixOperand a, MatrixOperand b, DType operand, double scale) {
  TileOp& record = push(Op::matmul_acc, a.rows(), b.cols());
  record.t[0] = c.slot();
  product(record, a, b, operand, scale);
}

void Agent::matmul(ColumnBlock c, MatrixOperand a, MatrixOperand b, DType operand, double scale) {
  TileOp& record = push(Op::matmul_cols, a.rows(), b.cols());
  record.t[0] = c.tile->slot();
  record.col = static_cast<std::int32_t>(c.col);
  record.hi = static_cast<std::int32_t>(c.tile->cols());
  product(record, a, b, operand, scale);
}

void Agent::matmul_acc(Tile& c, ColumnBlock a, MatrixOperand b, DType operand, double scale) {
  TileOp& record = push(Op::matmul_acc_cols, a.tile->rows(), b.cols());
  record.t[0] = c.slot();
  record.col = static_cast<std::int32_t>(a.col);
  record.hi = static_cast<std::int32_t>(a.tile->cols());
  product(record, *a.tile, b, operand, scale);
  record.k = static_cast<std::int32_t>(a.cols);
}

void Agent::hide(Tile& s, const LocalMask& visible) {
  if (!visible.blocks) return band(s, visible.band);
  TileOp& record = push(Op::hide, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.row = visible.row;
  record.col = visible.col;
}

void Agent::band(Tile& s, const LocalBand& visible) {
  TileOp& record = push(Op::band, s.rows(), s.cols(), visible.row_group);
  record.t[0] = s.slot();
  record.lo = visible.lo;
  record.hi = visible.hi;
  record.col = visible.phase;
}

Agent::LocalStats Agent::softmax_local(Tile& s) {
  // The statistics get their storage first, so that the step itself is one record.
  Tile m = alloc(Role::vector, s.rows(), 1, DType::f32);
  Tile l = alloc(Role::vector, s.rows(), 1, DType::f32);
  TileOp& record = push(Op::softmax_local, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.t[1] = m.slot();
  record.t[2] = l.slot();
  return {std::move(m), std::move(l)};
}

void Agent::merge_stats(Tile& m, Tile& l, Tile& block_m, Tile& block_l) {
  TileOp& record = push(Op::merge_stats, m.rows(), 1);
  record.t[0] = m.slot();
  record.t[1] = l.slot();
  record.t[2] = block_m.slot();
  record.t[3] = block_l.slot();
}

void Agent::online_softmax(Tile& s, Tile& m, Tile& l, Tile& accumulator) {
  TileOp& record = push(Op::online_softmax, s.rows(), s.cols(), accumulator.cols());
  record.t[0] = s.slot();
  record.t[1] = m.slot();
  record.t[2] = l.slot();
  record.t[3] = accumulator.slot();
}

Tile Agent::softmax_step(Tile& s, Tile& m, Tile& l) {
  Tile factor = alloc(Role::vector, s.rows(), 1, DType::f32);
  TileOp& record = push(Op::softmax_step, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.t[1] = m.slot();
  record.t[2] = l.slot();
  record.t[3] = factor.slot();
  return factor;
}

void Agent::softmax_stats(const Tile& s, Tile& m, Tile& l) {
  TileOp& record = push(Op::softmax_stats, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.t[1] = m.slot();
  record.t[2] = l.slot();
}

void Agent::softmax_apply(Tile& s, const Tile& m, const Tile& l) {
  TileOp& record = push(Op::softmax_apply, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.t[1] = m.slot();
  record.t[2] = l.slot();
}

void Agent::scale_rows(Tile& x, const Tile& factor) {
  TileOp& record = push(Op::scale_rows, x.rows(), x.cols());
  record.t[0] = x.slot();
  record.t[1] = factor.slot();
}

void Agent::div_rows(Tile& x, const Tile& divisor) {
  TileOp& record = push(Op::div_rows, x.rows(), x.cols());
  record.t[0] = x.slot();
  record.t[1] = divisor.slot();
}

void Agent::add_scaled(Tile& sum, const Tile& x, const Tile& factor) {
  TileOp& record = push(Op::add_scaled, sum.rows(), sum.cols());
  record.t[0] = sum.slot();
  record.t[1] = x.slot();
  record.t[2] = factor.slot();
}

void Agent::lse(Tile& m, const Tile& l) {
  TileOp& record = push(Op::lse, m.rows(), 1);
  record.t[0] = m.slot();
  record.t[1] = l.slot();
}

void Agent::exp_sum(Tile& s, Tile& l) {
  TileOp& record = push(Op::exp_sum, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.t[1] = l.slot();
}

void Agent::exp_rows(Tile& s, const Tile& lse) {
  TileOp& record = push(Op::exp_rows, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.t[1] = lse.slot();
}

void Agent::row_dot_acc(Tile& sum, const Tile& a, const Tile& b) {
  TileOp& record = push(Op::row_dot_acc, a.rows(), a.cols());
  record.t[0] = sum.slot();
  record.t[1] = a.slot();
  record.t[2] = b.slot();
}

void Agent::softmax_grad(Tile& dp, const Tile& p, const Tile& delta) {
  TileOp& record = push(Op::softmax_grad, dp.rows(), dp.cols());
  record.t[0] = dp.slot();
  record.t[1] = p.slot();
  record.t[2] = delta.slot();
}

void Agent::dropout(Tile& p, const Region& scores, const DropoutSpec& spec) {
  require_inside(Op::dropout, scores);
  TileOp& record = push(Op::dropout, p.rows(), p.cols());
  set_region(record, scores);
  record.t[0] = p.slot();
  record.value = spec.probability;
  record.lo = static_cast<std::int32_t>(spec.seed & 0xffffffffU);
  record.hi = static_cast<std::int32_t>(spec.seed >> 32);
}

void Agent::cumsum(Tile& x) { push(Op::cumsum, x.rows(), x.cols()).t[0] = x.slot(); }

Tile Agent::ramp(const Tile& step, std::int64_t rows, double first) {
  TileOp* record = nullptr;
  Tile column = create(Op::ramp, Role::vector, rows, 1, DType::f32, &record);
  record->t[1] = step.slot();
  record->value = first;
  return column;
}

void Agent::from_row(Tile& x, const Tile& row, double sign) {
  TileOp& record = push(Op::from_row, x.rows(), x.cols());
  record.t[0] = x.slot();
  record.t[1] = row.slot();
  record.value = sign;
}

void Agent::scale_exp(Tile& x, const Tile& exponent) {
  TileOp& record = push(Op::scale_exp, x.rows(), x.cols(), exponent.cols());
  record.t[0] = x.slot();
  record.t[1] = exponent.slot();
}

void Agent::decay_state(Tile& state, const Tile& log_decay) {
  TileOp& record = push(Op::decay_state, state.rows(), state.cols(), log_decay.cols());
  record.t[0] = state.slot();
  record.t[1] = log_decay.slot();
}

void Agent::decay(Tile& s, const Tile& at_rows, const Tile& at_cols) {
  TileOp& record = push(Op::decay, s.rows(), s.cols());
  record.t[0] = s.slot();
  record.t[1] = at_rows.slot();
  record.t[2] = at_cols.slot();
}

void Agent::lower(Tile& s) { push(Op::lower, s.rows(), s.cols()).t[0] = s.slot(); }

void Agent::multiply(Tile& x, const Tile& factor) {
  TileOp& record = push(Op::multiply, x.rows(), x.cols());
  record.t[0] = x.slot();
  record.t[1] = factor.slot();
}

Tile Agent::gated_scores(const Tile& q, const Tile& k, const Tile& log_decay, double scale) {
  TileOp* record = nullptr;
  Tile scores =
      create(Op::gated_scores, Role::accumulator, q.rows(), q.rows(), DType::f32, &record);
  record->k = static_cast<std::int32_t>(q.cols());
  record->t[1] = q.slot();
  record->t[2] = k.slot();
  record->t[3] = log_decay.slot();
  record->value = scale;
  return scores;
}

}  // namespace attnsim
