// A kernel that multiplies matrices in memory, block by block, output-stationary.
//
//     for each block (x, y) of C, rows x cols: C_xy = 0
//       for z: load A_xz [rows, depth], B_zy [depth, cols]; C_xy += scale A_xz B_zy
//       store C_xy
//
// It holds rows cols + (rows + cols) depth elements and moves |A| ceil(n / cols) + |B| ceil(m /
// rows) + |C| for C [m, n].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/workload.h"
#include "sim/trace/program.h"
#include "sim/trace/target.h"
#include "sim/trace/task.h"
#include "sim/trace/tensor.h"

namespace attnsim {

/// One factor: the planes of a tensor, each transposed or not.
struct Factor {
  Tensor tensor;
  bool transposed = false;
};

/// to = scale * op(left) op(right) for every plane of `to`. A factor with fewer planes than another
/// is shared by consecutive planes (K by the query heads of a group); where a factor has more
/// planes than `to`, products of consecutive planes are summed (dK and dV over a group).
struct Product {
  std::string name;
  Factor left, right;
  Tensor to;
  DType dtype = DType::f16;  // what the matrix unit rounds its operands to
  double scale = 1;
};

/// A block of C and a step of its products.
struct ProductTiles {
  std::int64_t rows = 1, cols = 1, depth = 1;
  bool operator==(const ProductTiles&) const = default;
};

class ProductKernel {
 public:
  enum class Drops : std::uint8_t { left, result };

  /// What a task holds: the blocks of A and B, and that of C in fp32.
  static std::vector<TileShape> footprint(DType operands, const ProductTiles& tiles);
  static std::vector<TileShape> footprint(DType operands, std::int64_t b, std::int64_t bk) {
    return footprint(operands, {b, b, bk});
  }

  /// Adds the kernel to a program that it outlives. Returns it, to set how it is launched.
  Kernel& add_to(Program& program, const Product& product, const ProductTiles& tiles);
  /// The same with square blocks.
  Kernel& add_to(Program& program, const Product& product, std::int64_t b, std::int64_t bk) {
    return add_to(program, product, {b, b, bk});
  }

  /// Dropout of the left factor as it is loaded, or of the result before it is stored. `scores` has
  /// the shape of that matrix (AttentionTensors::shape).
  void drop(Drops which, const DropoutSpec& dropout, const Tensor& scores);

  Task run(Emitter& em, GridIndex at) const;

 private:
  std::int64_t depth() const;
  std::int64_t most_planes() const;
  Index plane_of(const Factor& factor, Index plane) const;
  bool drops(Drops which) const { return dropout_ && drops_ == which; }

  Product product_;
  ProductTiles tiles_{};
  DropoutSpec dropout_{};
  Drops drops_ = Drops::left;
  Tensor scores_;
};

}  // namespace attnsim
