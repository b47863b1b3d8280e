// Algorithms that are wrong on purpose: verification must reject each of them, and accept the same
// loop nest without the defect. A verifier that passes one of these proves nothing.
#include <cmath>

#include <gtest/gtest.h>

#include "sim/replay/verify.h"

namespace attnsim {
namespace {

enum class Defect {
  none,
  skips_one_tile,
  forgets_the_rescale,
  wrong_mask_offset,
  never_stores_the_last_block,
  reads_the_wrong_head,
  forgets_the_scale,
  normalises_twice,
  stores_a_stale_statistic,
  keeps_a_number_across_iterations,
};

constexpr std::int64_t kBr = 16;
constexpr std::int64_t kBc = 8;

/// FlashAttention-2's nest with a place for each defect.
class Mutant final : public Schedule {
 public:
  Mutant(const Workload& workload, Defect defect) : w_(workload), defect_(defect), mask_(w_) {
    t_ = add_attention_tensors(program_, w_);
    lse_ = program_.add({"L", TensorRole::lse, DType::f32, w_.query_planes(), w_.seqlen_q, 1});
    program_.add_kernel<&Mutant::forward>(
        *this, "mutant", {{"i", ceil_div(w_.seqlen_q, kBr)}, {"plane", w_.query_planes()}});
  }

  Task forward(Emitter& em, GridIndex at) const {
    const Index i = at[0];
    const bool last_block = (i.value() + 1) * kBr >= w_.seqlen_q;
    Index kv_plane = t_.kv_plane(at[1]);
    if (defect_ == Defect::reads_the_wrong_head) kv_plane = at[1].value() % w_.kv_planes();
    const double scale =
        defect_ == Defect::forgets_the_scale ? 1 : 1 / std::sqrt(static_cast<double>(w_.head_dim));

    Agent a = em.agent();
    Tile q = a.load(t_.q.block(at[1], i, kBr));
    Tile acc = a.fill(Role::accumulator, q.rows(), w_.head_dim_v, DType::f32, 0);
    Tile m = a.fill(Role::vector, q.rows(), 1, DType::f32, kMinusInfinity);
    Tile l = a.fill(Role::vector, q.rows(), 1, DType::f32, 0);
    {
      int visits = 0;
      Loop loop(em, key_blocks(i));
      for (Index j; co_await loop.next(j);) {
        if (defect_ == Defect::keeps_a_number_across_iterations && ++visits == 5) {
          const Tile twice = a.load(t_.k.block(kv_plane, j, kBc));
        }
        Tile k = a.load(t_.k.block(kv_plane, j, kBc));
        Tile v = a.load(t_.v.block(kv_plane, j, kBc));
        Tile s = a.matmul(q, transposed(k), w_.dtype, scale);
        if (loop.kind() != TileKind::full) a.band(s, band(i, j));
        if (defect_ == Defect::forgets_the_rescale) {
          Tile factor = a.softmax_step(s, m, l);
        } else {
          a.online_softmax(s, m, l, acc);
        }
        a.matmul_acc(acc, s, v, w_.dtype);
      }
    }
    a.div_rows(acc, l);
    if (defect_ == Defect::normalises_twice) a.div_rows(acc, l);
    if (defect_ != Defect::stores_a_stale_statistic) a.lse(m, l);
    if (defect_ == Defect::never_stores_the_last_block && last_block) co_return;
    a.store(acc, t_.o.block(at[1], i, kBr));
    a.store(m, lse_.block(at[1], i, kBr));
  }

 private:
  std::vector<Run> key_blocks(Index i) const {
    std::vector<Run> runs = mask_.key_blocks(i, kBr, kBc);
    if (defect_ == Defect::skips_one_tile && i.value() == 1) --runs.back().end;
    return runs;
  }
  LocalBand band(Index i, Index j) const {
    LocalBand visible = mask_.band(i, kBr, j, kBc);
    if (defect_ == Defect::wrong_mask_offset) ++visible.hi;
    return visible;
  }

  const Workload w_;
  const Defect defect_;
  const AttentionMask mask_;
  AttentionTensors t_;
  Tensor lse_;
};

RunSpec grouped_causal_run() {
  RunSpec run;
  run.workload.heads = 4;
  run.workload.kv_heads = 2;
  run.workload.seqlen_q = 45;
  run.workload.seqlen_kv = 51;
  run.workload.head_dim = run.workload.head_dim_v = 32;
  run.workload.causal = true;
  run.algorithm.name = "mutant";
  return run;
}

VerifyCase verdict(Defect defect) {
  const RunSpec run = grouped_causal_run();
  const Mutant mutant(run.workload, defect);
  return replay::verify(run, mutant, replay::Arithmetic::exact);
}

TEST(Mutants, TheNestWithoutDefectIsAccepted) {
  const VerifyCase result = verdict(Defect::none);
  EXPECT_TRUE(result.ok) << result.message;
}

TEST(Mutants, ABodyThatKeepsANumberIsRejected) {
  RunSpec run = grouped_causal_run();
  run.workload.causal = false;  // long runs of equal iterations
  run.workload.seqlen_kv = 9 * kBc;
  EXPECT_TRUE(
      replay::verify(run, Mutant(run.workload, Defect::none), replay::Arithmetic::exact).ok);
  const Mutant mutant(run.workload, Defect::keeps_a_number_across_iterations);
  const VerifyCase result = replay::verify(run, mutant, replay::Arithmetic::exact);
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.message.find("nothing but tiles"), std::string::npos) << result.message;
}

class MutantTest : public testing::TestWithParam<Defect> {};

TEST_P(MutantTest, IsRejectedWithAReason) {
  const VerifyCase result = verdict(GetParam());
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.message.find("expected"), std::string::npos) << result.message;
}

INSTANTIATE_TEST_SUITE_P(Mutants, MutantTest,
                         testing::Values(Defect::skips_one_tile, Defect::forgets_the_rescale,
                                         Defect::wrong_mask_offset,
                                         Defect::never_stores_the_last_block,
                                         Defect::reads_the_wrong_head, Defect::forgets_the_scale,
                                         Defect::normalises_twice,
                                         Defect::stores_a_stale_statistic));

}  // namespace
}  // namespace attnsim
