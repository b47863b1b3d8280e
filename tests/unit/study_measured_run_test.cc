// What a measurement is simulated as, and why some are not.
#include <gtest/gtest.h>

#include "sim/study/measured_run.h"
#include "tests/unit/validation_fixture.h"

namespace attnsim::study {
namespace {

class MeasuredRuns : public testing::Test {
 protected:
  MeasuredRun run(const Measurement& row) const {
    return measured_run(row, {.rules = rules_, .catalogue = catalogue_, .machines = machines_});
  }
  std::string reason(const Measurement& row) const {
    const MeasuredRun out = run(row);
    return out.run ? "simulated" : out.reason;
  }

  Measurement row_ = measurement("a", 1);
  std::vector<SourceRule> rules_{};
  const Catalogue catalogue_ = small_catalogue();
  const std::map<std::string, MachineSpec> machines_ = {{"gpu", small_machine()}};
};

TEST_F(MeasuredRuns, WithoutARuleARowIsItsOwnAlgorithm) {
  const MeasuredRun out = run(row_);
  ASSERT_TRUE(out.run) << out.reason;
  EXPECT_EQ(out.run->algorithm.name, "flash_attention_2");
  EXPECT_EQ(out.run->algorithm.params.choice("dq"), "core");
  EXPECT_EQ(out.run->algorithm.tiles.rule, TileRule::automatic);
  EXPECT_EQ(out.run->machine.clock, 1e9);
  EXPECT_EQ(out.run->workload, row_.workload);
  EXPECT_EQ(out.host_overhead, 0);
  EXPECT_FALSE(out.conditions_stated);
}

TEST_F(MeasuredRuns, ARuleNamesAlgorithmClockAndOverhead) {
  SourceRule rule = rule_for_all();
  rule.clock = 1.5e9;
  rule.host_overhead = 2e-6;
  rule.conditions_stated = true;
  rules_ = {rule};
  row_.algorithm = "fa2_by_another_name";
  const MeasuredRun forward = run(row_);
  ASSERT_TRUE(forward.run) << forward.reason;
  EXPECT_EQ(forward.run->algorithm.name, "flash_attention_2");
  EXPECT_EQ(forward.run->algorithm.params.choice("dq"), "core");
  EXPECT_EQ(forward.run->machine.clock, 1.5e9);
  EXPECT_EQ(forward.host_overhead, 2e-6);
  EXPECT_TRUE(forward.conditions_stated);
  row_.workload.pass = Pass::backward;
  EXPECT_EQ(run(row_).run->algorithm.params.choice("dq"), "atomic");
  row_.clock_mhz = 1830;
  EXPECT_EQ(run(row_).run->machine.clock, 1.83e9) << "what a row states goes first";
}

TEST_F(MeasuredRuns, DtypeDropoutAndWindowEnterTheWorkload) {
  row_.dtype = "fp8";
  row_.params = {{"dropout", "0.1"}, {"model", "gpt2"}};
  row_.workload.causal = true;
  row_.window = 256;
  const MeasuredRun out = run(row_);
  ASSERT_TRUE(out.run) << out.reason;
  EXPECT_EQ(out.run->workload.dtype, DType::fp8_e4m3);
  EXPECT_EQ(out.run->workload.dropout.probability, 0.1);
  EXPECT_EQ(out.run->workload.window_left, 255) << "256 keys with the query's own";
  EXPECT_EQ(out.run->workload.window_right, 0);
}

TEST_F(MeasuredRuns, SaysWhatCannotBeSimulated) {
  const auto expect = [&](const char* why, auto change) {
    Measurement row = row_;
    change(row);
    EXPECT_EQ(reason(row), why);
  };
  using M = Measurement;
  expect("simulated", [](M&) {});
  expect("unknown algorithm id 'cudnn'", [](M& m) { m.algorithm = "cudnn"; });
  expect("no preset for hardware 'b200'", [](M& m) { m.hardware = "b200"; });
  expect("several devices", [](M& m) { m.devices = 8; });
  expect("a whole model step, not one attention call", [](M& m) { m.metric = Metric::latency_ms; });
  expect("dtype 'int4'", [](M& m) { m.dtype = "int4"; });
  expect("'flash_attention_2' has no forward_backward pass",
         [](M& m) { m.workload.pass = Pass::forward_backward; });
  expect("'standard' computes without dropout", [](M& m) {
    m.algorithm = "standard";
    m.params = {{"dropout", "0.1"}};
  });
  expect("mask=padding, which the run would not have", [](M& m) {
    m.params = {{"mask", "padding"}};
  });
  expect("parameter 'density', which the run would not have", [](M& m) {
    m.params = {{"density", "0.1"}};
  });
  expect("a window without causal: which side is not said", [](M& m) { m.window = 5; });
  expect("rate of a row with a window: sources count its FLOPs differently", [](M& m) {
    m.window = 5;
    m.workload.causal = true;
    m.metric = Metric::tflops;
  });
}

TEST_F(MeasuredRuns, ARuleMayLeaveOutParametersOrRefuse) {
  SourceRule rule = rule_for_all();
  rule.ignores = {"mask"};
  rules_ = {rule};
  row_.params = {{"mask", "padding"}};
  EXPECT_EQ(reason(row_), "simulated");
  rules_[0].unsupported = "closed source";
  EXPECT_EQ(reason(row_), "closed source");
  rules_[0] = {};
  rules_[0].simulate = "later";
  EXPECT_EQ(reason(row_), "unknown algorithm id 'later'");
}

}  // namespace
}  // namespace attnsim::study
