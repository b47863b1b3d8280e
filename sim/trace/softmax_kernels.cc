#include "sim/trace/softmax_kernels.h"

#include <algorithm>
#include <bit>

#include "sim/trace/agent.h"
#include "sim/trace/mask.h"

namespace attnsim {
namespace {

/// Longest row that a warp holds in its registers.
constexpr std::int64_t kWarpRow = 1024;
constexpr std::int64_t kWarps = 4;   // of a CTA that takes whole rows
constexpr std::int64_t kVector = 8;  // elements of a thread that takes a part of one, at a time

/// Threads of a CTA that passes over a long row: they take half of it at a time (SoftMax.cu).
std::int64_t softmax_threads(std::int64_t cols) {
  const std::int64_t vectors = std::min<std::int64_t>(cols / kVector, 1024) / 2;
  return std::max<std::int64_t>(
      Launch::kWarp, static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(vectors))));
}

std::vector<GridDim> grid_of(const Tensor& scores, const RowPieces& pieces) {
  return {{"i", ceil_div(scores.rows(), pieces.rows)}, {"plane", scores.planes()}};
}

/// The pieces of a row.
std::vector<Run> pieces_of(const Tensor& scores, const RowPieces& pieces) {
  return all_blocks(ceil_div(scores.cols(), pieces.cols));
}

}  // namespace

RowPieces softmax_pieces(const Target& target, std::int64_t cols, std::int64_t tiles) {
  constexpr std::int64_t kStatistics = 16;  // words, of a row
  const auto capacity = static_cast<std::int64_t>(target.capacity_words(Role::vector));
  const std::int64_t rows = capacity / (tiles * cols + kStatistics);
  if (cols <= kWarpRow && rows >= 1) return {.rows = std::min(rows, kWarps), .cols = cols};
  const std::int64_t most = std::max<std::int64_t>(1, (capacity - kStatistics) / tiles);
  return {.rows = 1, .cols = std::min({cols, most, kVector * softmax_threads(cols)})};
}

Launch softmax_launch(const RowPieces& pieces, std::int64_t cols, std::int64_t tiles) {
  if (pieces.cols < cols) return {.threads = softmax_threads(cols)};
  return {.threads = kWarps * Launch::kWarp,
          .registers = 32 + tiles * cols / Launch::kWarp,
          .layout = WarpLayout::rows};
}

Kernel& SoftmaxKernel::add_to(Program& program, const std::string& name, const Tensor& s,
                              const Tensor& p, const RowPieces& pieces) {
  s_ = s;
  p_ = p;
  pieces_ = pieces;
  const std::vector<GridDim> grid = grid_of(s, pieces);
  return pieces.cols < s.cols() ? program.add_kernel<&SoftmaxKernel::in_pieces>(*this, name, grid)
                                : program.add_kernel<&SoftmaxKernel::whole>(*this, name, grid);
}

Task SoftmaxKernel::whole(Emitter& em, GridIndex at) const {
  Agent a = em.agent();
  Tile s = a.load(s_.block(at[1], at[0], pieces_.rows), Role::vector);  // [rows, Nk]
  const auto row = a.softmax_local(s);
  a.div_rows(s, row.l);
  a.store(s, p_.block(at[1], at[0], pieces_.rows));
  co_return;
}

Task SoftmaxKernel::in_pieces(Emitter& em, GridIndex at) const {
  const Index r = at[0];
  const Index plane = at[1];
  Agent a = em.agent();
  Tile m = a.fill(Role::vector, 1, 1, DType::f32, kMinusInfinity);
  Tile l = a.fill(Role::vector, 1, 1, DType::f32, 0);
  {
    Loop loop(em, pieces_of(s_, pieces_));
    for (Index c; co_await loop.next(c);) {
      const Tile s = a.load(s_.block(plane, r, 1, c, pieces_.cols), Role::vector);
      a.softmax_stats(s, m, l);
    }
  }
  Loop loop(em, pieces_of(s_, pieces_));
  for (Index c; co_await loop.next(c);) {
    Tile s = a.load(s_.block(plane, r, 1, c, pieces_.cols), Role::vector);
    a.softmax_apply(s, m, l);
    a.store(s, p_.block(plane, r, 1, c, pieces_.cols));
  }
}

Kernel& SoftmaxGradientKernel::add_to(Program& program, const std::string& name, const Tensor& p,
                                      const Tensor& d_p, const Tensor& d_s,
                                      const RowPieces& pieces) {
  p_ = p;
  d_p_ = d_p;
  d_s_ = d_s;
  pieces_ = pieces;
  const std::vector<GridDim> grid = grid_of(p, pieces);
  return pieces.cols < p.cols()
             ? program.add_kernel<&SoftmaxGradientKernel::in_pieces>(*this, name, grid)
             : program.add_kernel<&SoftmaxGradientKernel::whole>(*this, name, grid);
}

Task SoftmaxGradientKernel::whole(Emitter& em, GridIndex at) const {
  Agent a = em.agent();
  const Tile p = a.load(p_.block(at[1], at[0], pieces_.rows), Role::vector);  // [rows, Nk]
  Tile d_p = a.load(d_p_.block(at[1], at[0], pieces_.rows), Role::vector);
  Tile mean = a.fill(Role::vector, p.rows(), 1, DType::f32, 0);
  a.row_dot_acc(mean, p, d_p);
  a.softmax_grad(d_p, p, mean);
  a.store(d_p, d_s_.block(at[1], at[0], pieces_.rows));
  co_return;
}

Task SoftmaxGradientKernel::in_pieces(Emitter& em, GridIndex at) const {
  const Index r = at[0];
  const Index plane = at[1];
  Agent a = em.agent();
  Tile mean = a.fill(Role::vector, 1, 1, DType::f32, 0);
  {
    Loop loop(em, pieces_of(p_, pieces_));
    for (Index c; co_await loop.next(c);) {
      const Tile p = a.load(p_.block(plane, r, 1, c, pieces_.cols), Role::vector);
      const Tile d_p = a.load(d_p_.block(plane, r, 1, c, pieces_.cols), Role::vector);
      a.row_dot_acc(mean, p, d_p);
    }
  }
  Loop loop(em, pieces_of(p_, pieces_));
  for (Index c; co_await loop.next(c);) {
    const Tile p = a.load(p_.block(plane, r, 1, c, pieces_.cols), Role::vector);
    Tile d_p = a.load(d_p_.block(plane, r, 1, c, pieces_.cols), Role::vector);
    a.softmax_grad(d_p, p, mean);
    a.store(d_p, d_s_.block(plane, r, 1, c, pieces_.cols));
  }
}

}  // namespace attnsim
