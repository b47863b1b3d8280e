// Verification: every algorithm computes attention, and a trace that does not is found out.
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/replay/verify.h"

namespace attnsim::replay {
namespace {

TEST(Verify, EveryAlgorithmComputesAttention) {
  for (const AlgorithmInfo& info : algorithm_catalogue().algorithms) {
    SCOPED_TRACE(info.id);
    for (const RunSpec& run : verification_grid(info, 8, 11)) {
      for (const Arithmetic arithmetic : {Arithmetic::exact, Arithmetic::rounded}) {
        const VerifyCase result = verify(run, arithmetic);
        EXPECT_TRUE(result.ok) << result.name << ": " << result.message;
        EXPECT_LE(result.max_abs_error, result.tolerance) << result.name;
        EXPECT_EQ(result.algorithm, info.id);
      }
    }
  }
}

TEST(VerificationGrid, CoversWhatTilingsGetWrong) {
  const AlgorithmInfo info = find_algorithm("flash_attention_2").info;
  std::set<std::string> seen;
  for (const RunSpec& run : verification_grid(info, 200, 1)) {
    const Workload& w = run.workload;
    EXPECT_EQ(w.heads % w.kv_heads, 0);
    if (w.batch > 1) seen.insert("batch");
    if (w.group() > 1) seen.insert("gqa");
    if (w.seqlen_q < w.seqlen_kv) seen.insert("short q");
    if (w.seqlen_q > w.seqlen_kv) seen.insert("long q");
    if (w.seqlen_q == w.seqlen_kv) seen.insert("square");
    if (w.seqlen_q == 1) seen.insert("decode");
    if (w.causal) seen.insert("causal");
    if (w.causal && w.seqlen_q > w.seqlen_kv) seen.insert("rows without keys");
    if (w.window_left) seen.insert("left window");
    if (w.window_right) seen.insert("right window");
    if (w.head_dim == 256) seen.insert("wide head");
    if (w.head_dim != w.head_dim_v) seen.insert("two widths");
    if (!w.masked()) seen.insert("dense");
    seen.insert(std::string("pack ") + (run.algorithm.params.boolean("pack_gqa") ? "on" : "off"));
    seen.insert("tiles " + std::string(name(run.algorithm.tiles.rule)));
    seen.insert(std::string(name(w.dtype)));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"batch",          "bf16",
                                         "causal",         "decode",
                                         "dense",          "fp16",
                                         "fp32",           "gqa",
                                         "left window",    "long q",
                                         "pack off",       "pack on",
                                         "right window",   "rows without keys",
                                         "short q",        "square",
                                         "tiles explicit", "tiles fit",
                                         "tiles paper",    "two widths",
                                         "wide head"}));
}

TEST(VerificationGrid, IsTheSameEveryTime) {
  const AlgorithmInfo info = find_algorithm("standard").info;
  const auto first = verification_grid(info, 50, 3);
  const auto again = verification_grid(info, 50, 3);
  const auto other = verification_grid(info, 50, 4);
  ASSERT_EQ(first.size(), 50u);
  bool differs = false;
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(first[i].workload, again[i].workload);
    EXPECT_EQ(first[i].algorithm.tiles.sizes, again[i].algorithm.tiles.sizes);
    differs = differs || !(first[i].workload == other[i].workload);
  }
  EXPECT_TRUE(differs);
}

/// Attention in one tile a plane, with a fault that the test plugs in at some point.
class OneTile final : public Schedule {
 public:
  /// Called with the output tile and the statistics before they are stored.
  struct State {
    Agent a;
    const OneTile& self;
    Index plane;
    Tile &o, &m;
  };
  using Fault = std::function<bool(State)>;  // false: nothing is stored

  OneTile(const Workload& w, Fault fault) : w_(w), fault_(std::move(fault)) {
    t = add_attention_tensors(program_, w_);
    L = program_.add({"L", TensorRole::lse, DType::f32, w_.query_planes(), w_.seqlen_q, 1});
    program_.add_kernel<&OneTile::run>(*this, "one_tile", {{"plane", w_.query_planes()}});
  }

  Task run(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    const Index plane = at[0];
    const Tile q = a.load(t.q.plane(plane));
    const Tile k = a.load(t.k.plane(t.kv_plane(plane)));
    const Tile v = a.load(t.v.plane(t.kv_plane(plane)));
    Tile s = a.matmul(q, transposed(k), w_.dtype, 1 / std::sqrt(static_cast<double>(w_.head_dim)));
    Tile m = a.fill(Role::vector, w_.seqlen_q, 1, DType::f32, kMinusInfinity);
    Tile l = a.fill(Role::vector, w_.seqlen_q, 1, DType::f32, 0);
    const Tile factor = a.softmax_step(s, m, l);
    Tile o = a.matmul(s, v, w_.dtype);
    a.div_rows(o, l);
    a.lse(m, l);
    if (!fault_({a, *this, plane, o, m})) co_return;
    a.store(o, t.o.plane(plane));
    a.store(m, L.plane(plane));
  }

  AttentionTensors t;
  Tensor L;

 private:
  const Workload w_;
  Fault fault_;
};

VerifyCase verify_with(const OneTile::Fault& fault) {
  RunSpec run;
  run.workload = {
      .heads = 2, .kv_heads = 2, .seqlen_q = 5, .seqlen_kv = 7, .head_dim = 3, .head_dim_v = 4};
  run.machine = two_level_machine();
  run.algorithm.name = "one_tile";
  return verify(run, OneTile(run.workload, fault), Arithmetic::exact);
}

TEST(Verify, AcceptsAScheduleOfATest) {
  const VerifyCase result = verify_with([](const OneTile::State&) { return true; });
  EXPECT_TRUE(result.ok) << result.message;
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(result.algorithm, "one_tile");
  EXPECT_LT(result.max_abs_error, 1e-14);
}

TEST(Verify, FindsOutputThatWasNeverWritten) {
  const VerifyCase result =
      verify_with([](const OneTile::State& s) { return s.plane.value() == 0; });
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.max_abs_error, std::numeric_limits<double>::infinity());
  EXPECT_EQ(result.message.substr(0, 40), "O[plane 1, row 0, col 0] = nan, expected");
}

TEST(Verify, FindsAWrongElement) {
  const VerifyCase result = verify_with([](OneTile::State s) {
    s.a.store(s.o, s.self.t.o.plane(s.plane));
    s.a.store(s.m, s.self.L.plane(s.plane));
    if (s.plane.value() == 1) {
      s.a.init(s.self.t.o.region(1, 3, 1, 2, 1), 50);  // one element of O, after the fact
    }
    return false;
  });
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message.substr(0, 46), "O[plane 1, row 3, col 2] = 50.000000, expected");
}

TEST(Verify, FindsAWrongLse) {
  const VerifyCase result = verify_with([](OneTile::State s) {
    s.a.store(s.o, s.self.t.o.plane(s.plane));
    s.a.store(s.m, s.self.L.plane(s.plane));
    if (s.plane.value() == 1) s.a.init(s.self.L.region(1, 2, 1, 0, 1), -7);
    return false;
  });
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message.substr(0, 37), "LSE[plane 1, row 2, col 0] = -7.00000");
}

TEST(Verify, AnErrorBelowTheToleranceIsNone) {
  const auto nudged_by = [](double nudge) {
    return verify_with([nudge](OneTile::State s) {
      const Tile ones = s.a.fill(Role::vector, 5, 1, DType::f64, 1 + nudge);
      s.a.scale_rows(s.o, ones);
      return true;
    });
  };
  EXPECT_TRUE(nudged_by(1e-14).ok);
  EXPECT_FALSE(nudged_by(1e-9).ok);
}

TEST(Verify, ReportsAnIllegalTraceAsAFailedCase) {
  const VerifyCase result = verify_with([](OneTile::State s) {
    s.o.drop();
    return true;
  });
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message,
            "illegal trace: kernel 'one_tile' task 0 (plane=0): op 13 'store': tile t1 was dropped "
            "or moved from");
}

RunSpec small_run(const std::string& algorithm) {
  RunSpec run;
  run.workload = {.seqlen_q = 5,
                  .seqlen_kv = 5,
                  .head_dim = 32,
                  .head_dim_v = 16,
                  .dtype = DType::bf16,
                  .causal = true,
                  .window_left = 3};
  run.machine = two_level_machine();
  run.algorithm.name = algorithm;
  run.algorithm.tiles = {.rule = TileRule::explicit_sizes, .sizes = {{"Br", 2}, {"Bc", 3}}};
  run.algorithm.params.set("trimmed", true);
  run.algorithm.params.set("pack_gqa", false);
  return run;
}

TEST(Verify, NamesItsCaseByTheWorkloadAndTheTiles) {
  EXPECT_EQ(
      verify(small_run("flash_attention_1"), Arithmetic::exact).name,
      "batch 1, heads 1/1, seqlen 5 x 5, head_dim 32/16, causal, left 3, Br 2, Bc 3, trimmed, "
      "exact");
  EXPECT_EQ(
      verify(small_run("flash_attention_1"), Arithmetic::rounded).name,
      "batch 1, heads 1/1, seqlen 5 x 5, head_dim 32/16, causal, left 3, Br 2, Bc 3, trimmed, "
      "bf16");
}

TEST(Replay, SaysWhichTilesAndWhichRule) {
  RunSpec run = small_run("flash_attention_2");
  EXPECT_EQ(replay(run).tile_rule, "explicit");
  EXPECT_EQ(replay(run).tiles,
            (std::vector<std::pair<std::string, std::int64_t>>{{"Br", 2}, {"Bc", 3}}));
  run.algorithm.tiles.rule = TileRule::automatic;  // no released tiles on this machine
  EXPECT_EQ(replay(run).tile_rule, "fit");
  run.algorithm.tiles.rule = TileRule::paper;
  EXPECT_EQ(replay(run).tile_rule, "paper");
}

TEST(Replay, OfWhatCannotBePlannedIsTheUsersFault) {
  RunSpec run = small_run("flash_attention_2");
  run.algorithm.tiles.rule = TileRule::released;
  EXPECT_THROW(replay(run), UserError);
  run.algorithm.tiles.rule = TileRule::fit;
  run.machine.memories[0].capacity = Capacity{90, true};  // 2 * (32 + 16) words for one row and key
  EXPECT_THROW(replay(run), UserError);
}

// A file may ask for 2^40 queries.
TEST(Replay, OfASequenceTooLongForATraceIsTheUsersFault) {
  RunSpec run = small_run("flash_attention_2");
  run.workload.seqlen_q = std::int64_t{1} << 33;
  run.algorithm.tiles.sizes = {{"Br", 1 << 20}, {"Bc", 1 << 20}};
  EXPECT_THROW(PlannedRun{run}, UserError);
}

}  // namespace
}  // namespace attnsim::replay
