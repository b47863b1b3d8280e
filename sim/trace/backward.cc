#include "sim/trace/backward.h"

#include "sim/trace/mask.h"

namespace attnsim {

Tile score_gradient(Agent a, Tile& p, const Tile& d_o, const Tile& v, const Tile& delta,
                    const Workload& w, const Region& scores) {
  Tile d_s = a.matmul(d_o, transposed(v), w.dtype);
  score_gradient(a, d_s, p, delta, w, scores);
  return d_s;
}

void score_gradient(Agent a, Tile& d_s, Tile& p, const Tile& delta, const Workload& w,
                    const Region& scores) {
  if (w.dropout) a.dropout(d_s, scores, w.dropout);
  a.softmax_grad(d_s, p, delta);
  if (w.dropout) a.dropout(p, scores, w.dropout);
}

void DeltaKernel::add_to(Program& program, const Tensor& o, const Tensor& d_o, std::int64_t rows,
                         std::int64_t cols) {
  o_ = o;
  d_o_ = d_o;
  rows_ = rows;
  cols_ = cols;
  delta_ = program.add({"D", TensorRole::delta, DType::f32, o.planes(), o.rows(), 1});
  program.add_kernel<&DeltaKernel::run>(*this, "delta",
                                        {{"i", ceil_div(o.rows(), rows)}, {"plane", o.planes()}});
}

Task DeltaKernel::run(Emitter& em, GridIndex at) const {
  const Index i = at[0];
  const Index plane = at[1];
  const Region out = delta_.block(plane, i, rows_);
  Agent a = em.agent();
  Tile sum = a.fill(Role::vector, out.rows, 1, DType::f32, 0);
  {
    Loop columns(em, all_blocks(ceil_div(o_.cols(), cols_)));
    for (Index z; co_await columns.next(z);) {
      const Tile d_o = a.load(d_o_.block(plane, i, rows_, z, cols_));
      const Tile o = a.load(o_.block(plane, i, rows_, z, cols_));
      a.row_dot_acc(sum, d_o, o);
    }
  }
  a.store(sum, out);
}

void RoundingKernel::add_to(Program& program, const std::string& name, const Tensor& gradient,
                            DType dtype, std::int64_t rows, std::int64_t interleave) {
  gradient_ = gradient;
  rows_ = rows;
  rounded_ = program.add({name, TensorRole::workspace, dtype, gradient.planes(), gradient.rows(),
                          gradient.cols(), interleave});
  program.add_kernel<&RoundingKernel::run>(
      *this, "round_" + name,
      {{"i", ceil_div(gradient.rows(), rows)}, {"plane", gradient.planes()}});
}

Task RoundingKernel::run(Emitter& em, GridIndex at) const {
  Agent a = em.agent();
  const Tile block = a.load(gradient_.block(at[1], at[0], rows_));
  a.store(block, rounded_.block(at[1], at[0], rows_));
  co_return;
}

}  // namespace attnsim
