// Backward passes that are wrong on purpose: verification must reject each of them, and accept the
// same loop nest without the defect. One that only moves too much is caught by the closed form.
#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/counts.h"
#include "sim/replay/replay.h"
#include "sim/replay/verify.h"

namespace attnsim {
namespace {

enum class Defect {
  none,
  forgets_delta,
  delta_of_the_wrong_rows,
  forgets_the_scale_of_dq,
  forgets_the_scale_of_dk,
  forgets_the_mask,
  overwrites_dq,
  never_clears_dq,
  keeps_one_head_of_the_group,
  skips_one_tile,
  drops_dv_elsewhere,
  visits_one_tile_more,
};

constexpr std::int64_t kBr = 16;
constexpr std::int64_t kBc = 8;

/// FlashAttention-2's backward nest with a place for each defect.
class Mutant final : public Schedule {
 public:
  Mutant(const Workload& workload, Defect defect) : w_(workload), defect_(defect), mask_(w_) {
    const std::int64_t planes = w_.query_planes();
    t_ = add_attention_tensors(program_, w_);
    l_ = program_.add({"L", TensorRole::lse, DType::f32, planes, w_.seqlen_q, 1});
    g_ = add_gradient_tensors(program_, w_, DType::f32);
    delta_.add_to(program_, t_.o, g_.d_o, kBr, w_.head_dim_v);
    if (!has(Defect::never_clears_dq)) {
      program_.add_kernel<&Mutant::clear>(*this, "clear", {{"plane", planes}});
    }
    program_.add_kernel<&Mutant::backward>(
        *this, "mutant", {{"j", ceil_div(w_.seqlen_kv, kBc)}, {"plane", w_.kv_planes()}});
  }

  Task clear(Emitter& em, GridIndex at) const {
    em.agent().init(g_.d_q.plane(at[0]), 0);
    co_return;
  }

  Task backward(Emitter& em, GridIndex at) const {
    const Index j = at[0];
    const Index kv_plane = at[1];
    const double scale = 1 / std::sqrt(static_cast<double>(w_.head_dim));
    Agent a = em.agent();
    Tile k = a.load(t_.k.block(kv_plane, j, kBc));
    Tile v = a.load(t_.v.block(kv_plane, j, kBc));
    Tile d_k = a.fill(Role::accumulator, k.rows(), w_.head_dim, DType::f32, 0);
    Tile d_v = a.fill(Role::accumulator, k.rows(), w_.head_dim_v, DType::f32, 0);
    Loop heads(em, t_.query_planes(kv_plane));
    for (Index plane; co_await heads.next(plane);) {
      const bool first = plane.value() % w_.group() == 0;
      Loop rows(em, row_blocks(j));
      for (Index i; co_await rows.next(i);) {
        Tile q = a.load(t_.q.block(plane, i, kBr));
        Tile d_o = a.load(g_.d_o.block(plane, i, kBr));
        Tile lse = a.load(l_.block(plane, i, kBr), Role::vector);
        Tile delta = loaded_delta(a, plane, i);
        Tile p = a.matmul(q, transposed(k), w_.dtype, scale);
        if (!has(Defect::forgets_the_mask)) a.band(p, mask_.band(i, kBr, j, kBc));
        a.exp_rows(p, lse);
        Tile d_s = a.matmul(d_o, transposed(v), w_.dtype);
        const Region scores = t_.scores(plane, i, kBr, j, kBc);
        a.dropout(d_s, scores, w_.dropout);
        a.softmax_grad(d_s, p, delta);
        a.dropout(p, has(Defect::drops_dv_elsewhere) ? t_.scores(0, i, kBr, j, kBc) : scores,
                  w_.dropout);
        if (first || !has(Defect::keeps_one_head_of_the_group)) {
          a.matmul_acc(d_v, transposed(p), d_o, w_.dtype);
          a.matmul_acc(d_k, transposed(d_s), q, w_.dtype,
                       has(Defect::forgets_the_scale_of_dk) ? 1 : scale);
        }
        Tile d_q = a.matmul(d_s, k, w_.dtype, has(Defect::forgets_the_scale_of_dq) ? 1 : scale);
        if (has(Defect::overwrites_dq)) {
          a.store(d_q, g_.d_q.block(plane, i, kBr));
        } else {
          a.accumulate(d_q, g_.d_q.block(plane, i, kBr), AddAt::core);
        }
      }
    }
    a.store(d_k, g_.d_k.block(kv_plane, j, kBc));
    a.store(d_v, g_.d_v.block(kv_plane, j, kBc));
  }

 private:
  bool has(Defect defect) const { return defect_ == defect; }

  Tile loaded_delta(Agent a, Index plane, Index i) const {
    if (has(Defect::forgets_delta)) {
      return a.fill(Role::vector, l_.block(plane, i, kBr).rows, 1, DType::f32, 0);
    }
    const Index of = has(Defect::delta_of_the_wrong_rows) ? Index(0) : plane;
    return a.load(delta_.delta().block(of, i, kBr), Role::vector);
  }

  std::vector<Run> row_blocks(Index j) const {
    std::vector<Run> runs = mask_.row_blocks(j, kBr, kBc);
    if (has(Defect::skips_one_tile) && j.value() == 1) --runs.back().end;
    if (has(Defect::visits_one_tile_more) && j.value() == 6) --runs.front().begin;
    return runs;
  }

  const Workload w_;
  const Defect defect_;
  const AttentionMask mask_;
  AttentionTensors t_;
  GradientTensors g_;
  Tensor l_;
  DeltaKernel delta_;
};

RunSpec grouped_causal_run() {
  RunSpec run;
  run.workload = {.heads = 4,
                  .kv_heads = 2,
                  .seqlen_q = 45,
                  .seqlen_kv = 51,
                  .head_dim = 32,
                  .head_dim_v = 24,
                  .causal = true,
                  .dropout = {.probability = 0.2, .seed = 5},
                  .pass = Pass::backward};
  run.algorithm.name = "mutant";
  return run;
}

VerifyCase verdict(Defect defect) {
  const RunSpec run = grouped_causal_run();
  return replay::verify(run, Mutant(run.workload, defect), replay::Arithmetic::exact);
}

TEST(BackwardMutants, TheNestWithoutDefectIsAccepted) {
  const VerifyCase result = verdict(Defect::none);
  EXPECT_TRUE(result.ok) << result.message;
}

class BackwardMutant : public testing::TestWithParam<Defect> {};

TEST_P(BackwardMutant, IsRejectedWithAReason) {
  const VerifyCase result = verdict(GetParam());
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.message.find("expected"), std::string::npos) << result.message;
}

INSTANTIATE_TEST_SUITE_P(Mutants, BackwardMutant,
                         testing::Values(Defect::forgets_delta, Defect::delta_of_the_wrong_rows,
                                         Defect::forgets_the_scale_of_dq,
                                         Defect::forgets_the_scale_of_dk, Defect::forgets_the_mask,
                                         Defect::overwrites_dq, Defect::never_clears_dq,
                                         Defect::keeps_one_head_of_the_group,
                                         Defect::skips_one_tile, Defect::drops_dv_elsewhere));

std::uint64_t words_moved(Defect defect, const RunSpec& run) {
  const Mutant mutant(run.workload, defect);
  const Target target(run.machine, run.workload);
  replay::Counter counter(mutant.program(), run.machine, target);
  replay::run_program(mutant.program(), counter);
  return counter.io(run.workload.word_bits()).back().words().count;
}

// Its numbers are right: all of the tile is hidden. Its traffic is not what the formula says.
TEST(BackwardMutants, OneTileTooManyIsCaughtByTheClosedForm) {
  EXPECT_TRUE(verdict(Defect::visits_one_tile_more).ok);
  RunSpec run = grouped_causal_run();
  run.machine = two_level_machine();
  run.algorithm.name = "flash_attention_2";
  run.algorithm.tiles = {.rule = TileRule::explicit_sizes, .sizes = {{"Br", kBr}, {"Bc", kBc}}};
  run.algorithm.params.set("pack_gqa", false);
  run.algorithm.params.set("dq", std::string("core"));
  std::uint64_t formula = 0;
  for (const ClosedFormTerm& term : replay::PlannedRun(run).schedule().closed_form()) {
    formula += term.read + term.written;
  }
  EXPECT_EQ(words_moved(Defect::none, run), formula);
  // Four heads load Q, dO, L, D of 16 rows once more and add to dQ.
  EXPECT_EQ(words_moved(Defect::visits_one_tile_more, run), formula + 4 * 16 * (3 * 32 + 24 + 2));
}

}  // namespace
}  // namespace attnsim
