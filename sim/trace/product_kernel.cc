#include "sim/trace/product_kernel.h"

#include <algorithm>

#include "sim/trace/agent.h"
#include "sim/trace/mask.h"

namespace attnsim {

std::vector<TileShape> ProductKernel::footprint(DType operands, std::int64_t b, std::int64_t bk) {
  return {{Role::operand, operands, b, bk},
          {Role::operand, operands, bk, b},
          {Role::accumulator, DType::f32, b, b}};
}

Kernel& ProductKernel::add_to(Program& program, const Product& product, std::int64_t b,
                              std::int64_t bk) {
  product_ = product;
  b_ = b;
  bk_ = bk;
  return program.add_kernel<&ProductKernel::run>(*this, product.name,
                                                 {{"x", ceil_div(product.to.rows(), b)},
                                                  {"y", ceil_div(product.to.cols(), b)},
                                                  {"plane", product.to.planes()}});
}

void ProductKernel::drop(Drops which, const DropoutSpec& dropout, const Tensor& scores) {
  drops_ = which;
  dropout_ = dropout;
  scores_ = scores;
}

std::int64_t ProductKernel::depth() const {
  const Factor& left = product_.left;
  return left.transposed ? left.tensor.rows() : left.tensor.cols();
}

std::int64_t ProductKernel::most_planes() const {
  return std::max(
      {product_.left.tensor.planes(), product_.right.tensor.planes(), product_.to.planes()});
}

Index ProductKernel::plane_of(const Factor& factor, Index plane) const {
  return plane.divided(most_planes() / factor.tensor.planes());
}

Task ProductKernel::run(Emitter& em, GridIndex at) const {
  const Factor& left = product_.left;
  const Factor& right = product_.right;
  const Index x = at[0];
  const Index y = at[1];
  const Region out = product_.to.block(at[2], x, b_, y, b_);
  Agent a = em.agent();
  Tile c = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
  {
    Loop planes(em,
                {Run::within_block(at[2], most_planes() / product_.to.planes(), most_planes())});
    for (Index p; co_await planes.next(p);) {
      const Index lp = plane_of(left, p);
      const Index rp = plane_of(right, p);
      Loop steps(em, all_blocks(ceil_div(depth(), bk_)));
      for (Index z; co_await steps.next(z);) {
        Tile l = a.load(left.transposed ? left.tensor.block(lp, z, bk_, x, b_)
                                        : left.tensor.block(lp, x, b_, z, bk_));
        Tile r = a.load(right.transposed ? right.tensor.block(rp, y, b_, z, bk_)
                                         : right.tensor.block(rp, z, bk_, y, b_));
        if (drops(Drops::left)) {
          a.dropout(
              l,
              left.transposed ? scores_.block(lp, z, bk_, x, b_) : scores_.block(lp, x, b_, z, bk_),
              dropout_);
        }
        a.matmul_acc(c, {l, left.transposed}, {r, right.transposed}, product_.dtype,
                     product_.scale);
      }
    }
  }
  if (drops(Drops::result)) a.dropout(c, scores_.block(at[2], x, b_, y, b_), dropout_);
  a.store(c, out);
}

}  // namespace attnsim
