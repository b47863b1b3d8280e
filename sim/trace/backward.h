// What backward passes of attention have in common. Dao, arXiv 2307.08691, Algorithm 2; with
// dropout Dao et al., arXiv 2205.14135, appendix B.2.
#pragma once

#include <cstdint>
#include <string>

#include "sim/core/workload.h"
#include "sim/trace/agent.h"
#include "sim/trace/program.h"
#include "sim/trace/task.h"
#include "sim/trace/tensor.h"

namespace attnsim {

/// TileLists of a backward nest: a forward pass before it has its own, of its own tiles.
inline constexpr const char* kBackwardLists = "mask_backward";

/// dS = P o (dO V^T - D) of one block of scores, [Br, Bc], in a new tile. p [Br, Bc] holds P; after
/// it what multiplies dO in dV: the same, but where there is dropout. d_o [Br, dv], v [Bc, dv],
/// delta [Br, 1]; `scores` is the block's place (AttentionTensors::scores).
Tile score_gradient(Agent a, Tile& p, const Tile& d_o, const Tile& v, const Tile& delta,
                    const Workload& workload, const Region& scores);

/// The same for a tile that holds dO V^T already: d_s becomes dS.
void score_gradient(Agent a, Tile& d_s, Tile& p, const Tile& delta, const Workload& workload,
                    const Region& scores);

/// D = rowsum(dO o O), which is rowsum(P o dP) without P: a kernel before the others.
///
///     for i: D_i = 0; for z: load dO_iz, O_iz; D_i += rowsum(dO_iz o O_iz); store D_i
class DeltaKernel {
 public:
  /// Declares D [planes, rows, 1] in fp32 and adds the kernel, which takes blocks of `rows` rows of
  /// O and dO, `cols` columns at a time: it holds 2 rows x cols + rows elements. Outlives the
  /// program.
  void add_to(Program& program, const Tensor& o, const Tensor& d_o, std::int64_t rows,
              std::int64_t cols);

  const Tensor& delta() const { return delta_; }

  Task run(Emitter& em, GridIndex at) const;

 private:
  Tensor o_, d_o_, delta_;
  std::int64_t rows_ = 1, cols_ = 1;
};

/// A gradient that was summed in fp32 stored once more in the type of its operands, as the last
/// kernel of released backward passes does.
///
///     for i: load dX_i; store it, rounded
class RoundingKernel {
 public:
  /// Declares the rounded tensor, `name`, and adds the kernel, which takes `rows` rows at a time.
  /// Outlives the program.
  void add_to(Program& program, const std::string& name, const Tensor& gradient, DType dtype,
              std::int64_t rows, std::int64_t interleave);

  Task run(Emitter& em, GridIndex at) const;

 private:
  Tensor gradient_, rounded_;
  std::int64_t rows_ = 1;
};

}  // namespace attnsim
