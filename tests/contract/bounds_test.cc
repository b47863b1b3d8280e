// No algorithm moves less than a bound that applies to it, on any machine; and a replay that counts
// too little is refused.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/replay/bound_rows.h"
#include "sim/replay/function.h"
#include "sim/replay/replay.h"
#include "sim/replay/verify.h"
#include "tests/support/algorithms.h"
#include "tests/support/cases.h"

namespace attnsim {
namespace {

class AlgorithmBounds : public testing::TestWithParam<std::string> {
 protected:
  AlgorithmInfo info() const { return find_algorithm(GetParam()).info; }

  /// Replays; counts the bounds above the compulsory one. Runs that cannot be planned are left out.
  void expect_above_bounds(const RunSpec& run, const std::string& where) {
    Result result;
    try {
      result = replay::replay(run);
    } catch (const UserError&) {
      return;
    }
    ++runs_;
    for (const BoundRow& row : result.bounds) {
      if (!row.rigorous || !row.applies || row.kind != "lower") continue;
      const IoRow* total = result.io_row(row.memory, "total");
      ASSERT_NE(total, nullptr) << where << " " << row.memory;
      ASSERT_LT(row.bytes, 9007199254740992.0) << "no longer an exact integer";
      EXPECT_GE(total->bytes().count, static_cast<std::uint64_t>(row.bytes))
          << where << ": " << row.id << " at " << row.memory;
      if (row.id != "LB0" && row.bytes > compulsory(result, row.memory)) ++beyond_compulsory_;
    }
  }

  int runs_ = 0;
  int beyond_compulsory_ = 0;

 private:
  static double compulsory(const Result& result, const std::string& memory) {
    for (const BoundRow& row : result.bounds) {
      if (row.id == "LB0" && row.memory == memory) return row.bytes;
    }
    return 0;
  }
};

// Many tiles of the grid overflow the small memories; M is then what the run held.
TEST_P(AlgorithmBounds, HoldOnTheTwoLevelMachine) {
  for (const std::uint64_t m : {40, 300, 2000, 9000, 25600, 200000}) {
    for (RunSpec run : replay::verification_grid(info(), test::cases(60), m)) {
      run.machine.memories[0].capacity = Capacity{m, true};
      expect_above_bounds(run, "M = " + std::to_string(m));
    }
  }
  EXPECT_GT(runs_, 0);
}

// Small memories and long sequences: where the bounds say more than the compulsory traffic.
TEST_P(AlgorithmBounds, HoldWhereTheyBind) {
  for (const std::uint64_t m : {100, 400, 1000, 3000}) {
    for (RunSpec run : replay::verification_grid(info(), 12, 1000 + m)) {
      run.machine.memories[0].capacity = Capacity{m, true};
      run.workload.seqlen_q *= 4;
      run.workload.seqlen_kv *= 4;
      run.workload.head_dim = 8;
      run.workload.head_dim_v = run.workload.head_dim_v % 24 + 1;
      run.algorithm.tiles = {.rule = TileRule::fit};
      run.workload = replay::in_domain(info().function, std::move(run.workload));
      expect_above_bounds(run, "M = " + std::to_string(m));
    }
  }
  // The test is not empty: this one can be planned in all of them.
  if (GetParam() == "flash_attention_2") {
    EXPECT_GT(beyond_compulsory_, 20) << runs_ << " runs";
  }
}

TEST_P(AlgorithmBounds, HoldOnEveryPreset) {
  const config::SearchPath search{ATTNSIM_SOURCE_DIR};
  for (const std::string& id : test::some_of(config::machine_ids(search))) {
    const std::string pass(name(info().passes.front()));
    const config::Overrides overrides{.sets = {},
                                      .algorithm = GetParam(),
                                      .hardware = id,
                                      .workload = {"seqlen=64,head_dim=64,pass=" + pass}};
    const MachineSpec machine =
        config::load_run(std::nullopt, overrides, algorithm_catalogue(), search).machine;
    for (RunSpec run : replay::verification_grid(info(), test::cases(25), 11)) {
      run.machine = machine;
      expect_above_bounds(run, id);
    }
  }
  EXPECT_GT(runs_, 0);
}

INSTANTIATE_TEST_SUITE_P(All, AlgorithmBounds, testing::ValuesIn(test::all_algorithms()),
                         [](const auto& instance) { return instance.param; });

constexpr std::int64_t kBr = 64;
constexpr std::int64_t kBc = 32;

/// FlashAttention-2's nest whose later row blocks find K and V on chip without having kept them:
/// every tensor crosses once, as if M were all of K and V.
class ForgetsToLoad final : public Schedule {
 public:
  explicit ForgetsToLoad(const PlanRequest& r) : w_(r.workload), mask_(w_) {
    t_ = add_attention_tensors(program_, w_);
    program_.add_kernel<&ForgetsToLoad::forward>(
        *this, "forgets_to_load",
        {{"i", ceil_div(w_.seqlen_q, kBr)}, {"plane", w_.query_planes()}});
  }

  Task forward(Emitter& em, GridIndex at) const {
    const bool first = at[0].value() == 0;
    Agent a = em.agent();
    Tile q = a.load(t_.q.block(at[1], at[0], kBr));
    Tile acc = a.fill(Role::accumulator, q.rows(), w_.head_dim_v, DType::f32, 0);
    Tile m = a.fill(Role::vector, q.rows(), 1, DType::f32, kMinusInfinity);
    Tile l = a.fill(Role::vector, q.rows(), 1, DType::f32, 0);
    {
      Loop loop(em, mask_.key_blocks(at[0], kBr, kBc));
      for (Index j; co_await loop.next(j);) {
        Tile k = block(a, t_.k.block(at[1], j, kBc), first);
        Tile v = block(a, t_.v.block(at[1], j, kBc), first);
        Tile s = a.matmul(q, transposed(k), w_.dtype, 1);
        a.online_softmax(s, m, l, acc);
        a.matmul_acc(acc, s, v, w_.dtype);
      }
    }
    a.store(acc, t_.o.block(at[1], at[0], kBr));
  }

 private:
  Tile block(Agent& a, const Region& region, bool first) const {
    if (first) return a.load(region);
    return a.fill(Role::operand, region.rows, region.cols, w_.dtype, 0);
  }

  const Workload w_;
  const AttentionMask mask_;
  AttentionTensors t_;
};

AlgorithmInfo forgetful_info(BoundClass claimed) {
  return {.id = "forgets_to_load", .summary = "", .source = "", .bound_class = std::move(claimed)};
}

RunSpec forgetful_run(std::int64_t seqlen) {
  RunSpec run = replay::verification_grid(forgetful_info({}), 1, 1).front();
  run.workload = {.seqlen_q = seqlen, .seqlen_kv = seqlen};
  return run;
}

Result replay_forgetful(std::int64_t seqlen, BoundClass claimed) {
  const Algorithm mutant{forgetful_info(std::move(claimed)), plan_schedule<ForgetsToLoad>};
  return replay::replay(replay::PlannedRun(forgetful_run(seqlen), mutant));
}

std::string refusal(std::int64_t seqlen, BoundClass claimed) {
  try {
    replay_forgetful(seqlen, std::move(claimed));
  } catch (const InternalError& error) {
    return error.what();
  }
  return "";
}

TEST(BoundsOfAMutant, RefuseTooSmallACount) {
  // 4 N d words with N = 1024, d = 64, two bytes each, against LB2 = 401,066 words at M = 25,600.
  EXPECT_EQ(refusal(1024, {}),
            "'forgets_to_load' moved 524288 bytes at 'hbm', less than the bound LB2 with M = 25600 "
            "words, 802132 bytes (standard products, scores once forward): X (ceil(P / max(W^2 / 4 "
            "d (d + d_v), W)) - p) loads, W = M + X, best X; about 2 P d^2 / M");
}

// dX has bounds too: at N = 1024, d = 64, M = 25600 no trace loads fewer than 638,960 words and
// stores the 4,096 of dX (LB3-norec).
TEST(BoundsOfAMutant, RefuseTooSmallACountOfTheParameterGradient) {
  RunSpec run = forgetful_run(1024);
  run.workload.pass = Pass::backward;
  run.algorithm = {.name = "attention_parameter_gradient", .tiles = {.rule = TileRule::fit}};
  Result result = replay::replay(run);
  const auto with_words = [&](std::uint64_t words) {
    for (IoRow& row : result.io) {
      if (row.tensor != "total") continue;
      row.read_bytes = Bytes(2 * words);
      row.write_bytes = Bytes(0);
    }
    return result;
  };
  EXPECT_NO_THROW(replay::require_bounds_hold(with_words(638960 + 4096)));
  try {
    replay::require_bounds_hold(with_words(638960 + 4095));
    FAIL() << "a word too few was accepted";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find("less than the bound LB3-norec with M = 25600 words"),
              std::string::npos)
        << error.what();
  }
}

TEST(BoundsOfAMutant, LetPassWhatItsClassMayDo) {
  EXPECT_EQ(refusal(1024, {.recomputes = {Pass::forward}}), "");  // LB1 is no more than 4 N d here
  const std::string longer = refusal(4096, {.recomputes = {Pass::forward}});
  EXPECT_NE(longer.find("less than the bound LB1"), std::string::npos) << longer;
  EXPECT_EQ(refusal(4096, {.exact = false}), "");  // 4 N d is compulsory
  EXPECT_EQ(refusal(256, {}), "");                 // K and V do fit in M = 25,600 words
}

}  // namespace
}  // namespace attnsim
