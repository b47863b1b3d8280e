// The operations an algorithm writes, as one instruction stream of a task.
//
// A plain CTA has one agent. Warp-specialised kernels and split cube/vector cores have several:
// each issues its own operations in order and waits for the others through the tiles they share.
// The order of emission over all agents is what the trace means; agents only constrain time.
//
// Every operation's exact meaning and cost is its row in op_table.cc; what is said here is how it
// reads. Shapes: [rows, cols]. Misuse (a dropped tile, shapes that do not match, a region outside
// its tensor) throws TraceError, at the emission or at the replay of the record.
#pragma once

#include <cstdint>
#include <limits>

#include "sim/core/workload.h"
#include "sim/trace/mask.h"
#include "sim/trace/tensor.h"
#include "sim/trace/tile.h"

namespace attnsim {

inline constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

/// Where a read-modify-write of memory executes. In the core it crosses every boundary once in each
/// direction; at the memory (an atomic add) only the addend crosses, outwards.
enum class AddAt : std::uint8_t { core, memory };

/// A handle: copy freely; the emitter outlives it.
class Agent {
 public:
  Agent(Emitter& emitter, int id) : emitter_(&emitter), id_(id) {}

  // --- storage -----------------------------------------------------------------------------------
  /// Storage for a value to come (a ring slot).
  Tile alloc(Role role, std::int64_t rows, std::int64_t cols, DType dtype);
  /// A constant tile: zeros for an accumulator, -inf for a running maximum.
  Tile fill(Role role, std::int64_t rows, std::int64_t cols, DType dtype, double value);

  // --- traffic -----------------------------------------------------------------------------------
  Tile load(const Region& from, Role role = Role::operand);
  /// The value may be smaller than the storage (a ragged last tile).
  void load_into(Tile& to, const Region& from);
  void store(const Tile& from, const Region& to);
  /// Sets a region to a constant before the algorithm proper: counted as initialisation.
  void init(const Region& to, double value);
  /// Adds to a region, where `at` says.
  void accumulate(const Tile& from, const Region& to, AddAt at);
  /// A copy in another memory.
  Tile move(const Tile& from, Role role, DType dtype);

  // --- matrix unit: c [m, n], a [m, k], b [k, n]
  // ------------------------------------------------------
  /// scale * a b, in a new accumulator tile of fp32. `operand` is what the unit rounds a and b to.
  Tile matmul(MatrixOperand a, MatrixOperand b, DType operand, double scale = 1.0);
  void matmul_acc(Tile& c, MatrixOperand a, MatrixOperand b, DType operand, double scale = 1.0);
  /// Columns of a wider tile = scale * a b; its other columns keep their values.
  void matmul(ColumnBlock c, MatrixOperand a, MatrixOperand b, DType operand, double scale = 1.0);
  /// c += scale * a b, where a is some columns of a wider tile.
  void matmul_acc(Tile& c, ColumnBlock a, MatrixOperand b, DType operand, double scale = 1.0);

  // --- vector and exp units: s [m, n]; row statistics [m, 1]
  // ----------------------------------------------
  /// s = -inf where the mask hides an element. `hide` takes any mask, `band` only a band.
  void hide(Tile& s, const LocalMask& visible);
  void band(Tile& s, const LocalBand& visible);
  /// s becomes exp(s - rowmax), with its row maximum and row sum.
  struct LocalStats;
  LocalStats softmax_local(Tile& s);
  /// Folds a block's statistics into the running ones; they become the factors by which the old
  /// output rows and the new block's rows must be scaled (FlashAttention-1).
  void merge_stats(Tile& m, Tile& l, Tile& block_m, Tile& block_l);
  /// One online-softmax step: s becomes p, the accumulator [m, dv] is rescaled.
  void online_softmax(Tile& s, Tile& m, Tile& l, Tile& accumulator);
  /// The same, but returning the rescale factor as a tile, so that it can overlap a product.
  Tile softmax_step(Tile& s, Tile& m, Tile& l);
  /// Takes s into running statistics and leaves it as it is.
  void softmax_stats(const Tile& s, Tile& m, Tile& l);
  /// s = exp(s - m) / l by rows.
  void softmax_apply(Tile& s, const Tile& m, const Tile& l);
  void scale_rows(Tile& x, const Tile& factor);
  /// x / divisor by rows, 0 where the divisor is 0 (a row that saw no key).
  void div_rows(Tile& x, const Tile& divisor);
  /// sum += x, each row by its factor: the outputs of two parts of the keys become one.
  void add_scaled(Tile& sum, const Tile& x, const Tile& factor);
  /// m becomes the log-sum-exp m + log(l).
  void lse(Tile& m, const Tile& l);
  /// s becomes exp(s), without a maximum; its row sums are added to l.
  void exp_sum(Tile& s, Tile& l);

  // --- backward ----------------------------------------------------------------------------------
  /// s = exp(s - lse) by rows: the probabilities again, from saved log-sum-exps.
  void exp_rows(Tile& s, const Tile& lse);
  /// sum [m, 1] += the row sums of a o b.
  void row_dot_acc(Tile& sum, const Tile& a, const Tile& b);
  /// dp becomes dS = p o (dp - delta) by rows.
  void softmax_grad(Tile& dp, const Tile& p, const Tile& delta);
  /// Drops elements of p and scales the others by 1 / (1 - probability). Which ones depends on
  /// their place in the scores and on the seed alone, so any pass over them finds the same.
  void dropout(Tile& p, const Region& scores, const DropoutSpec& spec);

  // --- recurrences: log decays are running sums of log gates
  // ---------------------------------------------
  /// Running sums down the rows.
  void cumsum(Tile& x);
  /// A column of `rows` running sums of the constant in `step` [1, 1]: (first + r) step.
  Tile ramp(const Tile& step, std::int64_t rows, double first = 1);
  /// x - row, or row - x where the sign is -1, with a row [1, n].
  void from_row(Tile& x, const Tile& row, double sign);
  /// x exp(exponent); an exponent [m, 1] is one for each row.
  void scale_exp(Tile& x, const Tile& exponent);
  /// Scales the rows of a state [d, dv] by exp(log_decay), [1, d] or [1, 1].
  void decay_state(Tile& state, const Tile& log_decay);
  /// s [m, n] times the decay between its rows and its columns, exp(at_rows - at_cols), both
  /// columns.
  void decay(Tile& s, const Tile& at_rows, const Tile& at_cols);
  /// s = 0 above its diagonal.
  void lower(Tile& s);
  void multiply(Tile& x, const Tile& factor);
  /// The scores [m, m] of queries and keys of the same m steps under gates by head dimension, whose
  /// running sums are `log_decay`: no product of matrices, since a decay belongs to each term.
  Tile gated_scores(const Tile& q, const Tile& k, const Tile& log_decay, double scale = 1.0);

 private:
  Tile create(Op op, Role role, std::int64_t rows, std::int64_t cols, DType dtype, TileOp** record);
  TileOp& push(Op op, std::int64_t m, std::int64_t n, std::int64_t k = 0);
  TileOp& traffic(Op op, const Region& region);
  void product(TileOp& record, const MatrixOperand& a, const MatrixOperand& b, DType operand,
               double scale);

  Emitter* emitter_;
  int id_;
};

struct Agent::LocalStats {
  Tile m, l;
};

}  // namespace attnsim
