// The third reading of a trace: its operations executed on real matrices.
//
// Every operation does what the `meaning` column of the operation table says, in double; in rounded
// mode every value is rounded to the dtype of the tile or tensor it is put in, and the inputs of
// matrix products to the dtype the matrix unit takes. Legality is checked as in counts.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/replay/task_sink.h"
#include "sim/trace/program.h"

namespace attnsim::replay {

enum class Arithmetic : std::uint8_t { exact, rounded };

/// The values of a program's tensors, each [planes * rows, cols] row-major, in the tensor's own row
/// order. Tensors without a value hold NaN.
/// Rows that K and V of a batch have in common: the first `rows` of planes that are `planes` apart.
struct CommonRows {
  std::int64_t rows = 0, planes = 1;
};

class TensorValues {
 public:
  explicit TensorValues(const Program& program);

  std::span<double> of(std::size_t tensor) { return values_[tensor]; }
  std::span<const double> of(std::size_t tensor) const { return values_[tensor]; }

  /// Fills the inputs with uniform numbers in [-1, 1), a pure function of (seed, role, canonical
  /// coordinates): the same whatever the algorithm's packing. Parameters are divided by the square
  /// root of their rows, as weights usually are, so that products with them are of the size of the
  /// other inputs; log decays lie in (-1, 0]. Rounded to the tensor's dtype when the arithmetic is.
  void fill_inputs(const Program& program, std::uint64_t seed, Arithmetic arithmetic,
                   const CommonRows& common = {});

  /// Gives tensor number `tensor`, declared as `decl`, the values `canonical` (in canonical order),
  /// rounded to its dtype when the arithmetic is. REQUIRES: as many as it has elements.
  void set(std::size_t tensor, const TensorDecl& decl, std::span<const double> canonical,
           Arithmetic arithmetic);

 private:
  std::vector<std::vector<double>> values_;
};

/// The input generator: splitmix64 of (seed, stream) at a position, mapped to [-1, 1) with 53 bits.
double input_value(std::uint64_t seed, std::uint64_t stream, std::uint64_t position);

/// Where row `flat_row` (planes flattened) of a tensor stands in canonical order, as a row number
/// over all canonical planes.
std::int64_t canonical_row(const TensorDecl& tensor, std::int64_t flat_row);

/// The tensor's values in canonical order [plane, row, col], with interleaved heads taken apart.
std::vector<double> canonical_values(const TensorDecl& tensor, std::span<const double> values);

/// Executes all tasks of a program. Reads and writes `values`, which outlives it.
class Executor final : public TaskSink {
 public:
  Executor(const Program& program, TensorValues& values, Arithmetic arithmetic);
  ~Executor() override;

  void begin_task(const Kernel& kernel, std::int64_t task) override;
  void consume(std::span<const TileOp> ops) override;
  void end_task() override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace attnsim::replay
