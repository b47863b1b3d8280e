#include "sim/replay/numbers.h"

#include <cmath>
#include <limits>
#include <string>

#include <Eigen/Core>

#include "sim/core/error.h"
#include "sim/replay/dropout.h"
#include "sim/replay/recurrence_ops.h"
#include "sim/replay/rounding.h"
#include "sim/replay/slot_table.h"
#include "sim/trace/block_mask.h"

namespace attnsim::replay {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

constexpr double kMinusInf = -std::numeric_limits<double>::infinity();
constexpr double kPoison = std::numeric_limits<double>::quiet_NaN();

/// e^(x - reference), where a reference of -inf (nothing visible so far) gives 0.
double exp_from(double x, double reference) {
  return reference == kMinusInf ? 0.0 : std::exp(x - reference);
}

double quotient(double x, double divisor) { return divisor == 0 ? 0.0 : x / divisor; }

void apply_band(Matrix& x, const TileOp& op) {
  for (Eigen::Index r = 0; r < x.rows(); ++r) {
    const Eigen::Index position = (r + op.col) / op.k;
    for (Eigen::Index c = 0; c < x.cols(); ++c) {
      const Eigen::Index diagonal = c - position;
      if (diagonal < op.lo || diagonal > op.hi) x(r, c) = kMinusInf;
    }
  }
}

void exp_sum(Matrix& s, Matrix& l) {
  s = s.unaryExpr([](double x) { return std::exp(x); }).eval();  // Eigen's own keeps -inf above 0
  l += s.rowwise().sum();
}

void softmax_local(Matrix& s, Matrix& m, Matrix& l) {
  m = s.rowwise().maxCoeff();
  for (Eigen::Index r = 0; r < s.rows(); ++r) {
    for (Eigen::Index c = 0; c < s.cols(); ++c) s(r, c) = exp_from(s(r, c), m(r, 0));
  }
  l = s.rowwise().sum();
}

void merge_stats(Matrix& m, Matrix& l, Matrix& block_m, Matrix& block_l) {
  for (Eigen::Index r = 0; r < m.rows(); ++r) {
    const double top = std::max(m(r, 0), block_m(r, 0));
    const double old_part = exp_from(m(r, 0), top) * l(r, 0);
    const double block_factor = exp_from(block_m(r, 0), top);
    const double sum = old_part + block_factor * block_l(r, 0);
    block_m(r, 0) = quotient(old_part, sum);
    block_l(r, 0) = sum == 0 ? 0.0 : block_factor / sum;
    m(r, 0) = top;
    l(r, 0) = sum;
  }
}

/// One online-softmax step; returns the rescale factors. s becomes p unless it is const.
template <typename Scores>
Vector softmax_step(Scores& s, Matrix& m, Matrix& l) {
  Vector factor(s.rows());
  for (Eigen::Index r = 0; r < s.rows(); ++r) {
    const double top = std::max(m(r, 0), s.row(r).maxCoeff());
    factor(r) = exp_from(m(r, 0), top);
    double sum = 0;
    for (Eigen::Index c = 0; c < s.cols(); ++c) {
      const double p = exp_from(s(r, c), top);
      sum += p;
      if constexpr (!std::is_const_v<Scores>) s(r, c) = p;
    }
    l(r, 0) = factor(r) * l(r, 0) + sum;
    m(r, 0) = top;
  }
  return factor;
}

void softmax_apply(Matrix& s, const Matrix& m, const Matrix& l) {
  for (Eigen::Index r = 0; r < s.rows(); ++r) {
    for (Eigen::Index c = 0; c < s.cols(); ++c) {
      s(r, c) = quotient(exp_from(s(r, c), m(r, 0)), l(r, 0));
    }
  }
}

void div_rows(Matrix& x, const Matrix& divisor) {
  for (Eigen::Index r = 0; r < x.rows(); ++r) {
    for (Eigen::Index c = 0; c < x.cols(); ++c) x(r, c) = quotient(x(r, c), divisor(r, 0));
  }
}

void exp_rows(Matrix& s, const Matrix& lse) {
  for (Eigen::Index r = 0; r < s.rows(); ++r) {
    for (Eigen::Index c = 0; c < s.cols(); ++c) s(r, c) = exp_from(s(r, c), lse(r, 0));
  }
}

void lse(Matrix& m, const Matrix& l) {
  for (Eigen::Index r = 0; r < m.rows(); ++r) {
    m(r, 0) = l(r, 0) == 0 ? kMinusInf : m(r, 0) + std::log(l(r, 0));
  }
}

}  // namespace

class Executor::Impl {
 public:
  Impl(const Program& program, TensorValues& values, Arithmetic arithmetic)
      : tensors_(program.tensors()),
        mask_(program.block_mask()),
        values_(values),
        rounded_(arithmetic == Arithmetic::rounded),
        slots_(program.tensors()) {}

  void begin() { number_ = 0; }
  void end() { slots_.finish_task(number_); }

  void execute(const TileOp& op) {
    ++number_;
    auto check = [this]<Op kOp>(const TileOp& o) { slots_.apply<kOp>(o, number_); };
    dispatch(op, check);
    if (op.flags & kCreates) tile(op, 0) = Matrix::Constant(op.m, op.n, kPoison);
    switch (op_row(op.op).kind) {
      case OpClass::storage:
        storage(op);
        break;
      case OpClass::traffic:
        traffic(op);
        break;
      case OpClass::compute:
        compute(op);
        break;
      case OpClass::structure:
        break;
    }
    if (rounded_) round_results(op);
  }

 private:
  Matrix& tile(const TileOp& op, std::size_t i) { return tiles_[op.t[i]]; }

  auto region(const TileOp& op) {
    const TensorDecl& t = tensors_[op.tensor];
    return Eigen::Map<Matrix>(values_.of(op.tensor).data(), t.planes * t.rows, t.cols)
        .block(op.row, op.col, op.m, op.n);
  }

  void storage(const TileOp& op) {
    if (op.op == Op::fill) tile(op, 0) = Matrix::Constant(op.m, op.n, op.value);
    if (op.op == Op::drop) tile(op, 0).setConstant(kPoison);
  }

  void traffic(const TileOp& op) {
    switch (op.op) {
      case Op::load:
      case Op::load_into:
        tile(op, 0) = region(op);
        break;
      case Op::store:
        region(op) = tile(op, 1);
        round_region(op);
        break;
      case Op::store_fill:
        region(op).setConstant(op.value);
        round_region(op);
        break;
      case Op::accumulate:
        region(op) += tile(op, 1);
        round_region(op);
        break;
      default:
        tile(op, 0) = tile(op, 1);
    }
  }

  void compute(const TileOp& op) {
    switch (op.op) {
      case Op::matmul:
        tile(op, 0) = product(op);
        break;
      case Op::matmul_acc:
        tile(op, 0) += product(op);
        break;
      case Op::band:
        apply_band(tile(op, 0), op);
        break;
      case Op::softmax_local:
        softmax_local(tile(op, 0), tile(op, 1), tile(op, 2));
        break;
      case Op::merge_stats:
        merge_stats(tile(op, 0), tile(op, 1), tile(op, 2), tile(op, 3));
        break;
      case Op::online_softmax: {
        const Vector factor = softmax_step(tile(op, 0), tile(op, 1), tile(op, 2));
        tile(op, 3).array().colwise() *= factor.array();
        break;
      }
      case Op::softmax_step:
        tile(op, 3) = softmax_step(tile(op, 0), tile(op, 1), tile(op, 2));
        break;
      case Op::softmax_stats:
        softmax_step(std::as_const(tile(op, 0)), tile(op, 1), tile(op, 2));
        break;
      case Op::softmax_apply:
        softmax_apply(tile(op, 0), tile(op, 1), tile(op, 2));
        break;
      case Op::scale_rows:
        tile(op, 0).array().colwise() *= tile(op, 1).col(0).array();
        break;
      case Op::div_rows:
        div_rows(tile(op, 0), tile(op, 1));
        break;
      case Op::add_scaled:
        tile(op, 0) += tile(op, 2).col(0).asDiagonal() * tile(op, 1);
        break;
      case Op::lse:
        lse(tile(op, 0), tile(op, 1));
        break;
      case Op::exp_sum:
        exp_sum(tile(op, 0), tile(op, 1));
        break;
      case Op::hide:
        hide(op);
        break;
      case Op::matmul_cols:
        wide(op, 0).middleCols(op.col, op.n) = product(op);
        break;
      case Op::matmul_acc_cols:
        tile(op, 0) += op.value * (operand(op, 1, kTransposeA).middleCols(op.col, op.k) *
                                   operand(op, 2, kTransposeB));
        break;
      case Op::exp_rows:
        exp_rows(tile(op, 0), tile(op, 1));
        break;
      case Op::row_dot_acc:
        tile(op, 0) += tile(op, 1).cwiseProduct(tile(op, 2)).rowwise().sum();
        break;
      case Op::softmax_grad:
        tile(op, 0).colwise() -= tile(op, 2).col(0);
        tile(op, 0).array() *= tile(op, 1).array();
        break;
      case Op::dropout:
        dropout(op);
        break;
      default:
        recurrence(op);
    }
  }

  /// Exponents are one for all, or one for each of so many: the shapes of the operands leave that
  /// open.
  static void check_exponents(const TileOp& op, std::int32_t all) {
    if (op.k == 1 || op.k == all) return;
    throw TraceError("'" + std::string(op_row(op.op).name) + "': k=" + std::to_string(op.k) +
                     ", expected 1 or " + std::to_string(all));
  }

  void recurrence(const TileOp& op) {
    switch (op.op) {
      case Op::cumsum:
        cumsum(tile(op, 0));
        break;
      case Op::ramp:
        ramp(tile(op, 0), tile(op, 1)(0, 0), op.value);
        break;
      case Op::from_row:
        tile(op, 0).rowwise() -= tile(op, 1).row(0);
        tile(op, 0) *= op.value;
        break;
      case Op::scale_exp:
        check_exponents(op, op.n);
        scale_exp(tile(op, 0), tile(op, 1));
        break;
      case Op::decay_state:
        check_exponents(op, op.m);
        decay_state(tile(op, 0), tile(op, 1));
        break;
      case Op::decay:
        decay(tile(op, 0), tile(op, 1), tile(op, 2));
        break;
      case Op::lower:
        lower(tile(op, 0));
        break;
      case Op::multiply:
        tile(op, 0).array() *= tile(op, 1).array();
        break;
      case Op::gated_scores:
        gated_scores(tile(op, 0), tile(op, 1), tile(op, 2), tile(op, 3), op.value);
        break;
      default:
        ATTNSIM_CHECK(false, op_row(op.op).name);
    }
  }

  /// The tile with all its columns; those that nobody wrote yet hold NaN.
  Matrix& wide(const TileOp& op, std::size_t i) {
    Matrix& x = tile(op, i);
    if (x.rows() != op.m || x.cols() != op.hi) x = Matrix::Constant(op.m, op.hi, kPoison);
    return x;
  }

  void hide(const TileOp& op) {
    if (mask_ == nullptr) throw TraceError("hide: the workload has no block mask");
    if (!mask_->holds(op.row, op.m, op.col, op.n)) {
      throw TraceError("hide: row " + std::to_string(op.row) + ", key " + std::to_string(op.col) +
                       ", " + std::to_string(op.m) + " x " + std::to_string(op.n) +
                       " elements, lies outside the mask");
    }
    Matrix& x = tile(op, 0);
    for (Eigen::Index r = 0; r < x.rows(); ++r) {
      for (Eigen::Index c = 0; c < x.cols(); ++c) {
        if (!mask_->shows(op.row + r, op.col + c)) x(r, c) = kMinusInf;
      }
    }
  }

  void dropout(const TileOp& op) {
    const DropoutSpec spec{op.value,
                           static_cast<std::uint32_t>(op.lo) |
                               static_cast<std::uint64_t>(static_cast<std::uint32_t>(op.hi)) << 32};
    Matrix& x = tile(op, 0);
    for (Eigen::Index r = 0; r < x.rows(); ++r) {
      const std::int64_t row = canonical_row(tensors_[op.tensor], op.row + r);
      for (Eigen::Index c = 0; c < x.cols(); ++c) {
        x(r, c) = dropped(spec, row, op.col + c) ? 0 : x(r, c) / (1 - spec.probability);
      }
    }
  }

  Matrix operand(const TileOp& op, std::size_t i, std::uint8_t flip) {
    Matrix x = tile(op, i);
    if (rounded_) {
      x = x.unaryExpr([&](double v) { return round_to(op.operand_dtype, v); });
    }
    if (op.flags & flip) return x.transpose();
    return x;
  }

  Matrix product(const TileOp& op) {
    return op.value * (operand(op, 1, kTransposeA) * operand(op, 2, kTransposeB));
  }

  void round_region(const TileOp& op) {
    if (!rounded_) return;
    const DType dtype = tensors_[op.tensor].dtype;
    auto to = region(op);
    to = to.unaryExpr([dtype](double v) { return round_to(dtype, v); }).eval();
  }

  /// Values live in tiles of their dtype: what an operation wrote is rounded to it.
  void round_results(const TileOp& op) {
    const OpRow& row = op_row(op.op);
    for (std::size_t i = 0; i < row.operands.size(); ++i) {
      const Access access = row.operands[i].access;
      if (access != Access::write && access != Access::update) continue;
      const DType dtype = slots_.slot(op.t[i]).dtype;
      tile(op, i) = tile(op, i).unaryExpr([dtype](double v) { return round_to(dtype, v); }).eval();
    }
  }

  const std::vector<TensorDecl>& tensors_;
  const BlockMask* mask_;
  TensorValues& values_;
  bool rounded_;
  SlotTable slots_;
  std::array<Matrix, kMaxSlots> tiles_;
  std::uint64_t number_ = 0;
};

Executor::Executor(const Program& program, TensorValues& values, Arithmetic arithmetic)
    : impl_(std::make_unique<Impl>(program, values, arithmetic)) {}
Executor::~Executor() = default;

void Executor::begin_task(const Kernel&, std::int64_t) { impl_->begin(); }
void Executor::end_task() { impl_->end(); }
void Executor::consume(std::span<const TileOp> ops) {
  for (const TileOp& op : ops) impl_->execute(op);
}

}  // namespace attnsim::replay
