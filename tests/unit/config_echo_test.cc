// Check files, and the echo of a run: both hold whole runs.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "tests/unit/config_fixture.h"

namespace attnsim::config {
namespace {

using ConfigChecks = ConfigFolder;
using ConfigEcho = ConfigFolder;

TEST_F(ConfigChecks, AreRunsWithExpectations) {
  write("run.yaml", kRun);
  write("check.yaml", R"(
checks:
  - name: budget
    run: {extends: run.yaml, workload: {heads: 2}}
    allow_over: true
    expect:
      - {metric: io.hbm.total.bytes, min: 5, max: 1.1 GB}
      - {metric: io.l2.total.words, max_ratio: 1.25, of: closed_form}
      - {metric: io.l2.Q.words, equals: 9007199254740993}
      - {metric: bounds.LB2.ratio, max: 2.5}
  - {name: other, run: run.yaml, expect: [{metric: footprint.sram.peak_bytes, max: 96 KiB}]}
)");
  const std::vector<CheckSpec> checks = load_checks("check.yaml", catalogue(), search());
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_EQ(checks[0].name, "budget");
  EXPECT_TRUE(checks[0].allow_over);
  EXPECT_EQ(checks[0].run.workload.heads, 2);
  ASSERT_EQ(checks[0].expect.size(), 4u);
  EXPECT_EQ(checks[0].expect[0].min, 5);
  EXPECT_EQ(checks[0].expect[0].max, 1.1e9);
  EXPECT_EQ(checks[0].expect[0].file, "check.yaml");
  EXPECT_EQ(checks[0].expect[0].line, 7);
  EXPECT_EQ(checks[0].expect[1].max_ratio, 1.25);
  EXPECT_EQ(checks[0].expect[1].of, "closed_form");
  EXPECT_EQ(checks[0].expect[2].equals, 9007199254740993u);
  EXPECT_EQ(checks[1].expect[0].max, 98304);
  EXPECT_FALSE(checks[1].allow_over);
}

TEST_F(ConfigEcho, IsTheRun) {
  for (const char* text :
       {kRun,
        "{workload: {seqlen_q: 3, seqlen_kv: 5, head_dim: 8, window: {left: 2}, causal: true, "
        "dtype: fp8_e4m3}, hardware: {extends: small, name: \"a \\\"b\\\" \\\\ c\", id: x-1}, "
        "algorithm: {name: blocked, tiles: {Br: 1, Bc: 2}, mode: b, scale: 0.3}, seed: 7}",
        "{workload: tiny, hardware: {uniform_words: true, cores: 1, memories: {sram: {kind: "
        "scratchpad, capacity: 25600 words}, hbm: {kind: dram}}, roles: {operand: sram, "
        "accumulator: sram, vector: sram, staging: sram, exchange: sram}}}"}) {
    const RunSpec run = load(text);
    const std::string once = echo(run);
    const RunSpec again = load(once);
    EXPECT_EQ(echo(again), once);
    EXPECT_EQ(again.workload, run.workload);
    EXPECT_EQ(again.machine.id, run.machine.id);
    EXPECT_EQ(again.machine.name, run.machine.name);
    EXPECT_EQ(again.machine.memories[0].latency, run.machine.memories[0].latency);
    EXPECT_EQ(again.machine.units.matrix, run.machine.units.matrix);
    EXPECT_EQ(again.algorithm.tiles.sizes, run.algorithm.tiles.sizes);
    EXPECT_EQ(again.algorithm.params.all(), run.algorithm.params.all());
    EXPECT_EQ(again.seed, run.seed);
  }
}

TEST_F(ConfigEcho, IsCanonical) {
  write("base.yaml", "{hardware: small, algorithm: blocked}");
  const RunSpec one = load(kRun);
  const RunSpec two = load(
      "{extends: base.yaml, workload: {head_dim: 64, seqlen_kv: 128, "
      "seqlen_q: 128, heads: 1, dtype: fp16}, seed: 1}");
  EXPECT_EQ(echo(one), echo(two));
}

}  // namespace
}  // namespace attnsim::config
