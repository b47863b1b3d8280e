// The order in which FlashAttention-3's agents do what: 128 queries by two warpgroups, 3 key
// blocks.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/trace/op_table.h"
#include "tests/analytic/two_level_run.h"
#include "tests/support/record_log.h"

namespace attnsim {
namespace {

constexpr std::int64_t kBc = 32;

struct Options {
  bool overlap = true;
  std::int64_t stages = 2;
  bool causal = false;
};

RunSpec run_of(const Options& options) {
  RunSpec run = two_level_run(1, 16, 25600, "flash_attention_3");
  run.workload.seqlen_q = 128;
  run.workload.seqlen_kv = 3 * kBc;
  run.workload.causal = options.causal;
  run.algorithm.params.set("intra_overlap", options.overlap);
  run.algorithm.params.set("stages", options.stages);
  return with_tiles(run, {{"Br", 128}, {"Bc", kBc}});
}

std::vector<TileOp> trace_of(const Options& options) {
  const replay::PlannedRun planned(run_of(options));
  test::RecordLog recorder;
  replay::run_program(planned.schedule().program(), recorder);
  return recorder.records;
}

/// What one agent does, storage and loop marks left out; loads with tensor and block.
std::string work_of(int agent, const std::vector<TileOp>& trace) {
  std::string out;
  for (const TileOp& op : trace) {
    if (op.agent != agent) continue;
    const OpClass kind = op_row(op.op).kind;
    if (kind == OpClass::storage || kind == OpClass::structure) continue;
    out += out.empty() ? "" : " ";
    if (op.op == Op::load || op.op == Op::load_into) {
      const std::int64_t rows = op.op == Op::load ? 64 : kBc;
      out += "QKV"[op.tensor] + std::to_string(op.row / rows);
    } else {
      out += op_row(op.op).name;
    }
  }
  return out;
}

TEST(FlashAttention3Trace, TheProducerLoadsValuesOneBlockBehindTheKeys) {
  EXPECT_EQ(work_of(0, trace_of({})), "Q0 Q1 K2 K1 V2 K0 V1 V0");
  EXPECT_EQ(work_of(0, trace_of({.overlap = false})), "Q0 Q1 K2 V2 K1 V1 K0 V0");
}

TEST(FlashAttention3Trace, TheNextScoresAreFormedBeforeTheLastValuesAreAdded) {
  const std::vector<TileOp> trace = trace_of({});
  const std::string expected =
      "matmul softmax_step move "
      "matmul matmul_acc softmax_step move scale_rows "
      "matmul matmul_acc softmax_step move scale_rows "
      "matmul_acc div_rows lse store store";
  EXPECT_EQ(work_of(1, trace), expected);
  EXPECT_EQ(work_of(2, trace), expected);
  EXPECT_EQ(work_of(3, trace), "");
}

TEST(FlashAttention3Trace, WithoutOverlapAnIterationFinishesItsBlock) {
  EXPECT_EQ(work_of(1, trace_of({.overlap = false})),
            "matmul softmax_step move matmul_acc "
            "matmul softmax_step move scale_rows matmul_acc "
            "matmul softmax_step move scale_rows matmul_acc "
            "div_rows lse store store");
}

// 32 queries more than keys: the first 32 rows see none, so that every tile of the block is cut.
TEST(FlashAttention3Trace, AllWarpgroupsMaskATileThatIsCutForOne) {
  EXPECT_EQ(work_of(2, trace_of({.overlap = false, .causal = true})),
            "matmul band softmax_step move matmul_acc "
            "matmul band softmax_step move scale_rows matmul_acc "
            "matmul band softmax_step move scale_rows matmul_acc "
            "div_rows lse store store");
}

// Warpgroups take turns within each step, and each keeps storage of its own.
TEST(FlashAttention3Trace, WarpgroupsTakeTurns) {
  std::string turns;
  std::map<std::uint32_t, int> owner;  // of the tiles that warpgroups write
  for (const TileOp& op : trace_of({})) {
    if (op.op == Op::matmul || op.op == Op::softmax_step) turns += std::to_string(op.agent);
    if (op.agent == 0 || op_row(op.op).operands[0].access != Access::write) continue;
    const auto [at, first] = owner.try_emplace(op.t[0], op.agent);
    EXPECT_EQ(at->second, op.agent) << "slot " << op.t[0];
  }
  EXPECT_EQ(turns, "121212121212");
}

/// Slots that the loads of K go to.
std::string key_slots(std::int64_t stages) {
  std::string out;
  for (const TileOp& op : trace_of({.stages = stages})) {
    if (op.op == Op::load_into && op.tensor == 1) out += std::to_string(op.t[0]);
  }
  return out;
}

TEST(FlashAttention3Trace, KeysGoRoundTheirRing) {
  EXPECT_EQ(key_slots(1), "000");
  EXPECT_EQ(key_slots(2), "010");
  EXPECT_EQ(key_slots(3), "012");
}

TEST(FlashAttention3Trace, OptionsChangeNoCount) {
  const Result plain = replay::replay(run_of({}));
  for (const Options& options :
       {Options{.overlap = false}, Options{.stages = 1}, Options{.stages = 4}}) {
    const Result other = replay::replay(run_of(options));
    EXPECT_EQ(total_words(other), total_words(plain));
    EXPECT_EQ(other.work.matrix_flops, plain.work.matrix_flops);
    EXPECT_EQ(other.work.exp_ops, plain.work.exp_ops);
    EXPECT_EQ(other.work.vector_ops, plain.work.vector_ops);
  }
}

}  // namespace
}  // namespace attnsim
