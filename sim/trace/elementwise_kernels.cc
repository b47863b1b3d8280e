#include "sim/trace/elementwise_kernels.h"

#include <algorithm>

#include "sim/trace/agent.h"

namespace attnsim {
namespace {

std::int64_t col_blocks(const Tensor& x, const ElementBlocks& blocks) {
  return ceil_div(x.cols(), blocks.cols);
}

std::vector<GridDim> grid_of(const Tensor& x, const ElementBlocks& blocks) {
  return {{"j", ceil_div(col_blocks(x, blocks), blocks.rounds)},
          {"i", ceil_div(x.rows(), blocks.rows)},
          {"plane", x.planes()}};
}

/// The blocks of a task, by their column.
std::vector<Run> blocks_of(const Tensor& x, const ElementBlocks& blocks, const GridIndex& at) {
  return {Run::within_block(at[0], blocks.rounds, col_blocks(x, blocks))};
}

Region block(const Tensor& x, const ElementBlocks& blocks, const GridIndex& at, Index j) {
  return x.block(at[2], at[1], blocks.rows, j, blocks.cols);
}

}  // namespace

ElementBlocks ElementBlocks::of(const Tensor& matrix, std::int64_t elements, std::int64_t rounds) {
  const std::int64_t cols = std::clamp<std::int64_t>(elements, 1, matrix.cols());
  return {.rows = std::clamp<std::int64_t>(elements / cols, 1, matrix.rows()),
          .cols = cols,
          .rounds = rounds};
}

Kernel& CopyKernel::add_to(Program& program, const std::string& name, const Tensor& from,
                           DType dtype, const ElementBlocks& blocks,
                           const std::optional<Tensor>& beside) {
  from_ = from;
  beside_ = beside;
  blocks_ = blocks;
  to_ = program.add({name, TensorRole::workspace, dtype, from.planes(), from.rows(), from.cols()});
  return program.add_kernel<&CopyKernel::run>(
      *this, "copy_" + name,
      {{"i", ceil_div(ceil_div(from.rows(), blocks.rows), blocks.rounds)},
       {"j", col_blocks(from, blocks)},
       {"plane", from.planes()}});
}

Task CopyKernel::run(Emitter& em, GridIndex at) const {
  const auto [rows, cols, rounds] = blocks_;
  Agent a = em.agent();
  Loop loop(em, {Run::within_block(at[0], rounds, ceil_div(from_.rows(), rows))});
  for (Index i; co_await loop.next(i);) {
    const Tile x = a.load(from_.block(at[2], i, rows, at[1], cols), Role::vector);
    if (beside_) {
      const Tile unused = a.load(beside_->block(at[2], i, rows, at[1], cols), Role::vector);
    }
    a.store(x, to_.block(at[2], i, rows, at[1], cols));
  }
}

Kernel& ScaleKernel::add_to(Program& program, const std::string& name, const Tensor& x,
                            double factor, const ElementBlocks& blocks) {
  x_ = x;
  factor_ = factor;
  blocks_ = blocks;
  return program.add_kernel<&ScaleKernel::run>(*this, name, grid_of(x, blocks));
}

Task ScaleKernel::run(Emitter& em, GridIndex at) const {
  Agent a = em.agent();
  Loop loop(em, blocks_of(x_, blocks_, at));
  for (Index j; co_await loop.next(j);) {
    const Region where = block(x_, blocks_, at, j);
    Tile x = a.load(where, Role::vector);
    const Tile factor = a.fill(Role::vector, where.rows, 1, DType::f32, factor_);
    a.scale_rows(x, factor);
    a.store(x, where);
  }
}

Kernel& MaskKernel::add_to(Program& program, const std::string& name, const Tensor& x,
                           const Tensor& values, const AttentionMask& mask, bool hides,
                           const ElementBlocks& blocks) {
  x_ = x;
  values_ = values;
  mask_.emplace(mask);
  hides_ = hides;
  blocks_ = blocks;
  return program.add_kernel<&MaskKernel::run>(*this, name, grid_of(x, blocks));
}

Task MaskKernel::run(Emitter& em, GridIndex at) const {
  const auto [rows, cols, rounds] = blocks_;
  Agent a = em.agent();
  Loop loop(em, blocks_of(x_, blocks_, at));
  for (Index j; co_await loop.next(j);) {
    const Region where = block(x_, blocks_, at, j);
    Tile x = a.load(where, Role::vector);
    const Tile values = a.load(values_.block(0, at[1], rows, j, cols), Role::vector);
    if (hides_) a.hide(x, mask_->tile(at[2], at[1], rows, j, cols));
    a.store(x, where);
  }
}

Kernel& DropoutKernel::add_to(Program& program, const std::string& name, const Tensor& p,
                              const Tensor& dropped, const Dropping& dropping,
                              const ElementBlocks& blocks) {
  p_ = p;
  dropped_ = dropped;
  dropping_ = dropping;
  blocks_ = blocks;
  return program.add_kernel<&DropoutKernel::run>(*this, name, grid_of(p, blocks));
}

Task DropoutKernel::run(Emitter& em, GridIndex at) const {
  Agent a = em.agent();
  Loop loop(em, blocks_of(p_, blocks_, at));
  for (Index j; co_await loop.next(j);) {
    const Region where = block(p_, blocks_, at, j);
    Tile p = a.load(where, Role::vector);
    Tile kept = a.fill(Role::vector, where.rows, where.cols, DType::f32, 1);
    if (dropping_.spec) {
      const Tile zero = a.fill(Role::vector, where.rows, 1, DType::f32, 0);
      a.dropout(kept, block(dropping_.scores, blocks_, at, j), dropping_.spec);
      a.softmax_grad(p, kept, zero);  // P = kept o P
    }
    a.store(p, block(dropped_, blocks_, at, j));
    a.store(kept, block(dropping_.kept, blocks_, at, j));
  }
}

Kernel& DropoutGradientKernel::add_to(Program& program, const std::string& name, const Tensor& d_p,
                                      const Dropping& dropping, const ElementBlocks& blocks) {
  d_p_ = d_p;
  dropping_ = dropping;
  blocks_ = blocks;
  return program.add_kernel<&DropoutGradientKernel::run>(*this, name, grid_of(d_p, blocks));
}

Task DropoutGradientKernel::run(Emitter& em, GridIndex at) const {
  Agent a = em.agent();
  Loop loop(em, blocks_of(d_p_, blocks_, at));
  for (Index j; co_await loop.next(j);) {
    const Region where = block(d_p_, blocks_, at, j);
    Tile d_p = a.load(where, Role::vector);
    const Tile kept = a.load(block(dropping_.kept, blocks_, at, j), Role::vector);
    if (dropping_.spec) {
      a.dropout(d_p, block(dropping_.scores, blocks_, at, j), dropping_.spec);
    }
    a.store(d_p, where);
  }
}

}  // namespace attnsim
