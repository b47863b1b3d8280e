#include "sim/trace/product_kernel.h"

#include <algorithm>

#include "sim/trace/agent.h"
#include "sim/trace/mask.h"

namespace attnsim {

std::vector<TileShape> ProductKernel::footprint(DType operands, const ProductTiles& t) {
  return {{Role::operand, operands, t.rows, t.depth},
          {Role::operand, operands, t.depth, t.cols},
          {Role::accumulator, DType::f32, t.rows, t.cols}};
}

Kernel& ProductKernel::add_to(Program& program, const Product& product, const ProductTiles& tiles) {
  product_ = product;
  tiles_ = tiles;
  return program.add_kernel<&ProductKernel::run>(*this, product.name,
                                                 {{"x", ceil_div(product.to.rows(), tiles.rows)},
                                                  {"y", ceil_div(product.to.cols(), tiles.cols)},
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
  const auto [rows, cols, step] = tiles_;
  const Factor& left = product_.left;
  const Factor& right = product_.right;
  const Index x = at[0];
  const Index y = at[1];
  const Region out = product_.to.block(at[2], x, rows, y, cols);
  Agent a = em.agent();
  Tile c = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [rows, cols]
  {
    Loop planes(em,
                {Run::within_block(at[2], most_planes() / product_.to.planes(), most_planes())});
    for (Index p; co_await planes.next(p);) {
      const Index lp = plane_of(left, p);
      const Index rp = plane_of(right, p);
      Loop steps(em, all_blocks(ceil_div(depth(), step)));
      for (Index z; co_await steps.next(z);) {
        Tile l = a.load(left.transposed ? left.tensor.block(lp, z, step, x, rows)
                                        : left.tensor.block(lp, x, rows, z, step));
        Tile r = a.load(right.transposed ? right.tensor.block(rp, y, cols, z, step)
                                         : right.tensor.block(rp, z, step, y, cols));
        if (drops(Drops::left)) {
          a.dropout(l,
                    left.transposed ? scores_.block(lp, z, step, x, rows)
                                    : scores_.block(lp, x, rows, z, step),
                    dropout_);
        }
        a.matmul_acc(c, {l, left.transposed}, {r, right.transposed}, product_.dtype,
                     product_.scale);
      }
    }
  }
  if (drops(Drops::result)) a.dropout(c, scores_.block(at[2], x, rows, y, cols), dropout_);
  a.store(c, out);
}

}  // namespace attnsim
