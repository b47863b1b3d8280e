// The gradients of linear attention whose state decays by a number lambda of each head, block by
// block of B steps: two loops over blocks, forwards in time for dQ, backwards for dK and dV, each
// with a state (KV, its gradient dKV) that stays on chip. Qin et al., arXiv 2401.04658, Algorithm
// 2; M[r, c] = lambda^(r - c) for c <= r, else 0, Lambda = diag(lambda^1 .. lambda^B).
//
//     for i:            load K_i, V_i, dO_i; dQ_i = (dO_i V_i^T o M) K_i + Lambda dO_i KV^T; store
//                       KV = lambda^B KV + (lambda^B Lambda^-1 K_i)^T V_i
//     for i descending: load Q_i, K_i, V_i, dO_i
//                       dK_i = (dO_i V_i^T o M)^T Q_i + lambda^B Lambda^-1 V_i dKV^T; store
//                       dV_i = (Q_i K_i^T o M)^T dO_i + lambda^B Lambda^-1 K_i dKV; store
//                       dKV = lambda^B dKV + (Lambda Q_i)^T dO_i
//
// Apart: the terms with M are computed first, all blocks at once, and the loops add the others to
// them. More blocks work at a time, and dQ, dK and dV are read and written once more.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/trace/block_decay.h"
#include "sim/trace/program.h"
#include "sim/trace/recurrence_tensors.h"
#include "sim/trace/tiles.h"

namespace attnsim {

/// Whether a loop over blocks also computes the terms with M.
enum class WithinBlocks : std::uint8_t { together, apart };

/// The one size is B.
class BlockBackwardTiles final : public TileModel {
 public:
  BlockBackwardTiles(const Workload& workload, const Target& target, bool decays,
                     WithinBlocks within, DType inputs)
      : w_(workload),
        target_(target),
        decays_(decays),
        apart_(within == WithinBlocks::apart),
        inputs_(inputs) {}

  TileSizes limits() const override { return {w_.seqlen_q, 1}; }
  bool second_only_helps() const override { return true; }
  std::uint64_t iterations(TileSizes sizes) const override;
  std::vector<TileShape> footprint(TileSizes sizes) const override;
  ClosedForm closed_form(TileSizes sizes) const override;
  std::optional<TileSizes> released() const override;
  /// Blocks as long as the head is wide, so that both terms of a gradient cost the same.
  TileSizes paper() const override;

 private:
  const Workload& w_;
  const Target& target_;
  const bool decays_, apart_;
  const DType inputs_;  // on chip
};

/// The kernels. Immovable once added.
class BlockBackward {
 public:
  struct Plan {
    std::int64_t B = 1;
    WithinBlocks within = WithinBlocks::together;
    DType inputs = DType::f16;   // of Q, K, V and dO on chip
    DType operand = DType::f16;  // what the matrix unit takes
    Launch launch{};
  };

  /// Declares gradients and kernels. The tensors are those of add_recurrence_tensors; no gates: no
  /// decay.
  void add_to(Program& program, const Workload& workload, const RecurrenceTensors& tensors,
              const Plan& plan);

  /// The terms of a block with M.
  Task within_block(Emitter& em, GridIndex at) const;
  /// All of a head.
  Task loops(Emitter& em, GridIndex at) const;

 private:
  struct Decay;

  void query_gradient(Agent& a, Index plane, Index i, const Decay& decay, Tile& kv) const;
  void key_gradients(Agent& a, Index plane, Index i, const Decay& decay, Tile& d_kv) const;
  Tile load(Agent& a, const Tensor& tensor, Index plane, Index i) const;
  Tile scores(Agent& a, const Tile& x, const Tile& y, const DecayWithin& within) const;
  void put(Agent& a, const Tile& gradient, const Region& to) const;
  Tile empty_state(Agent& a) const;

  Plan plan_{};
  RecurrenceTensors t_;
  RecurrenceGradients g_;
};

}  // namespace attnsim
