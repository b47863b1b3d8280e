// The softmax over rows of a matrix in memory, and its gradient, as kernels of their own.
//
//     whole rows:  load rows of S; P = softmax by rows; store P
//     in pieces:   for each piece of a row: load it, take it into (m, l)
//                  for each piece again: load it, P = exp(S - m) / l; store P
//
// The gradient dS = P o (dP - rowsum(P o dP)) goes through P and dP likewise.
#pragma once

#include <cstdint>
#include <string>

#include "sim/trace/program.h"
#include "sim/trace/target.h"
#include "sim/trace/task.h"
#include "sim/trace/tensor.h"

namespace attnsim {

/// What a task takes of a matrix: some whole rows at once, or one row in pieces.
struct RowPieces {
  std::int64_t rows = 1;  // 1 where a row is cut
  std::int64_t cols = 1;  // held at once
};

/// What a task takes of rows of `cols` scores in PyTorch (SoftMax.cu, PersistentSoftmax.cuh), where
/// `tiles` matrices of them are held at once: four rows, one a warp, of up to 1024; of a longer row
/// what the CTA's threads take at a time. Less on a machine that holds less.
RowPieces softmax_pieces(const Target& target, std::int64_t cols, std::int64_t tiles);

/// How such a kernel is launched: each thread holds its elements in fp32 where rows are whole.
Launch softmax_launch(const RowPieces& pieces, std::int64_t cols, std::int64_t tiles);

class SoftmaxKernel {
 public:
  /// Adds the kernel P = softmax(S) to a program that it outlives. REQUIRES: whole rows, or one.
  Kernel& add_to(Program& program, const std::string& name, const Tensor& s, const Tensor& p,
                 const RowPieces& pieces);

  Task whole(Emitter& em, GridIndex at) const;
  Task in_pieces(Emitter& em, GridIndex at) const;

 private:
  Tensor s_, p_;
  RowPieces pieces_;
};

class SoftmaxGradientKernel {
 public:
  /// Adds the kernel dS = P o (dP - rowsum(P o dP)), as above.
  Kernel& add_to(Program& program, const std::string& name, const Tensor& p, const Tensor& d_p,
                 const Tensor& d_s, const RowPieces& pieces);

  Task whole(Emitter& em, GridIndex at) const;
  Task in_pieces(Emitter& em, GridIndex at) const;

 private:
  Tensor p_, d_p_, d_s_;
  RowPieces pieces_;
};

}  // namespace attnsim
