// A result's time and energy in every format, and the explanation of it.
#include <cmath>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/report/csv.h"
#include "sim/report/explanation.h"
#include "sim/report/format.h"
#include "sim/report/json.h"
#include "sim/report/table.h"

namespace attnsim::report {
namespace {

using nlohmann::json;

TimeReport sample_time() {
  return {
      .seconds = 0.00125,
      .limiter = "matrix",
      .flops = 2.5e11,
      .tflops = 200,
      .lanes = {{"matrix", 0.00075, 0.6}, {"exp", 0.001, 0.8}, {"launch", 0, 0}},
      .kernels = {
          {.kernel = "first", .seconds = 0.001, .limiter = "matrix", .tasks = 8192, .places = 216},
          {.kernel = "second",
           .seconds = 0.00025,
           .limiter = "latency",
           .tasks = 5,
           .places = 108}}};
}

Result timed_result() {
  Result result;
  result.time = sample_time();
  result.energy = {
      {"l2", Bytes(100), 1e-9}, {"hbm", Bytes(50), 2.5e-9}, {"total", Bytes(150), 3.5e-9}};
  return result;
}

TEST(HumanSeconds, KeepsThreeDigitsAndFindsTheUnit) {
  EXPECT_EQ(human_seconds(0), "0 s");
  EXPECT_EQ(human_seconds(1.5), "1.50 s");
  EXPECT_EQ(human_seconds(0.00125), "1.25 ms");
  EXPECT_EQ(human_seconds(0.0009999), "1.00 ms");
  EXPECT_EQ(human_seconds(16.34e-9), "16.3 ns");
  EXPECT_EQ(human_seconds(1e-12), "1.00 ps");
  EXPECT_EQ(human_seconds(2e-14), "0.02 ps");
  EXPECT_EQ(human_seconds(12345.6), "12,346 s");
  EXPECT_EQ(human_seconds(std::nan("")), "-");
  EXPECT_EQ(human_joules(0.0125), "12.5 mJ");
  EXPECT_EQ(human_joules(12345), "12.3 kJ");
}

TEST(TimeJson, HasTheFieldsOfTheInterface) {
  const json time = json::parse(to_json(timed_result())).at("time");
  EXPECT_EQ(time.at("seconds"), 0.00125);
  EXPECT_EQ(time.at("limiter"), "matrix");
  EXPECT_EQ(time.at("flops"), 250'000'000'000);
  EXPECT_EQ(time.at("tflops"), 200);
  ASSERT_EQ(time.at("lanes").size(), 3u);
  EXPECT_EQ(time.at("lanes")[1],
            json({{"lane", "exp"}, {"busy_seconds", 0.001}, {"utilisation", 0.8}}));
  EXPECT_EQ(time.at("kernels")[1], json({{"kernel", "second"},
                                         {"seconds", 0.00025},
                                         {"limiter", "latency"},
                                         {"tasks", 5},
                                         {"places", 108}}));
}

TEST(TimeJson, IsNullWithAReasonOrLeftOut) {
  Result result;
  EXPECT_FALSE(json::parse(to_json(result)).contains("time"));
  EXPECT_FALSE(json::parse(to_json(result)).contains("energy"));
  result.no_time = "the run does not fit";
  EXPECT_TRUE(json::parse(to_json(result)).at("time").is_null());
  EXPECT_EQ(json::parse(to_json(result)).at("no_time"), "the run does not fit");
}

TEST(EnergyJson, HasARowPerMemoryAndTheirTotal) {
  const json energy = json::parse(to_json(timed_result())).at("energy");
  ASSERT_EQ(energy.size(), 3u);
  EXPECT_EQ(energy[1], json({{"memory", "hbm"}, {"bytes", 50}, {"joules", 2.5e-9}}));
  EXPECT_EQ(energy[2].at("memory"), "total");
}

TEST(TimeTable, SaysHowLongAndWhatLimits) {
  const std::string text = to_table(timed_result());
  const std::size_t at = text.find("time ");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_EQ(text.substr(at), R"(time         1.25 ms, 200 TFLOP/s, limited by matrix
             busy exp 80.0 %, matrix 60.0 %, launch 0.0 %
             kernel first   1.00 ms  80.0 %  limited by matrix   8,192 tasks at 216 places
             kernel second   250 us  20.0 %  limited by latency      5 tasks at 108 places
energy       3.50 nJ for moving data: l2 1.00 nJ, hbm 2.50 nJ
)");
  Result result = timed_result();
  result.time->kernels.pop_back();
  EXPECT_EQ(to_table(result).find("kernel first"), std::string::npos);
}

TEST(TimeTable, SaysWhyThereIsNone) {
  Result result;
  EXPECT_EQ(to_table(result).find("time"), std::string::npos);
  result.no_time = "the run does not fit";
  EXPECT_NE(to_table(result).find("time         no time: the run does not fit\n"),
            std::string::npos);
}

TEST(TimeCsv, StandsOnEveryLine) {
  Result result = timed_result();
  result.io = {{.memory = "hbm", .tensor = "Q"}};
  const std::string text = to_csv(result);
  EXPECT_NE(text.find("init_words,seconds,tflops,limiter\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with(",0,0.00125,200,matrix\n")) << text;
  result.time.reset();
  EXPECT_TRUE(to_csv(result).ends_with(",0,,,\n")) << to_csv(result);
}

Explanation sample_explanation() {
  Explanation e{.algorithm = "flash_attention_2", .hardware = "tiny", .workload = "batch 1"};
  e.tiles = {{"Br", 64}, {"Bc", 32}};
  e.time = sample_time();
  e.time.limiter = "hbm";
  e.spent = {.matrix = 1, .both = 2, .vector = 3, .waiting = 2, .idle = 1.5, .launch = 0.5};
  e.tensor = LimitingTensor{.memory = "hbm", .tensor = "K", .bytes = Bytes(2048), .share = 0.5};
  KernelExplanation k{.time = e.time.kernels[0], .cores = 108, .tail_seconds = 0.0001};
  k.spent = e.spent;
  k.operations = {{"matrix", "matmul", 3e-4},
                  {"vector", "online_softmax", 2e-4},
                  {"matrix", "matmul_acc", 1e-4}};
  e.kernels = {k};
  e.what_if = {{"hbm bandwidth x2", 0.001, "exp"}, {"no launch cost", 0.0013, "hbm"}};
  e.estimated_inputs = {"memories.hbm.latency"};
  return e;
}

TEST(ExplanationTable, TellsItTopDown) {
  EXPECT_EQ(to_table(sample_explanation()), R"(flash_attention_2 on tiny, tiles Br 64, Bc 32
batch 1

time       1.25 ms, 200 TFLOP/s
limited by hbm: K is 50.0 % of the hbm traffic (2.0 KiB)
busy       exp 80.0 %, matrix 60.0 %, launch 0.0 %

core time  20.0 %  matrix unit and vector or exp unit together: one hidden under the other
           10.0 %  matrix unit alone
           30.0 %  vector or exp unit alone
           20.0 %  waiting: for data, an earlier result, or the first operation of a task
           15.0 %  idle: no task left, or none given
            5.0 %  launch

kernel first
           1.00 ms, limited by matrix
           8,192 tasks at 216 places: 37.93 waves in 38, 0.2 % of the places empty
           tail 100 us (10.0 %), 15.0 % of the core time idle
           matrix unit: matmul 75.0 %, matmul_acc 25.0 %
           vector unit: online_softmax 100.0 %

one change of the machine, the time read again
           hbm bandwidth x2  1.00 ms  20.0 % saved  then limited by exp
           no launch cost    1.30 ms  4.0 % longer  then limited by hbm

rests on guessed preset values: memories.hbm.latency
)");
}

TEST(ExplanationJson, HasEveryPart) {
  const json e = json::parse(to_json(sample_explanation()));
  EXPECT_EQ(e.at("run").at("params"), json({{"Br", 64}, {"Bc", 32}}));
  EXPECT_EQ(e.at("time").at("seconds"), 0.00125);
  EXPECT_EQ(e.at("spent").at("both"), 0.2);
  EXPECT_EQ(e.at("tensor"),
            json({{"memory", "hbm"}, {"tensor", "K"}, {"bytes", 2048}, {"share", 0.5}}));
  const json& kernel = e.at("kernels").at(0);
  EXPECT_EQ(kernel.at("waves"), 38);
  EXPECT_NEAR(kernel.at("ideal_waves").get<double>(), 8192.0 / 216, 1e-12);
  EXPECT_NEAR(kernel.at("wave_loss").get<double>(), 1 - 8192.0 / 216 / 38, 1e-12);
  EXPECT_EQ(kernel.at("operations").size(), 3u);
  EXPECT_EQ(e.at("what_if").at(0).at("change"), "hbm bandwidth x2");
  EXPECT_NEAR(e.at("what_if").at(0).at("saved").get<double>(), 0.2, 1e-12);
  Explanation without = sample_explanation();
  without.tensor.reset();
  EXPECT_TRUE(json::parse(to_json(without)).at("tensor").is_null());
}

TEST(ExplanationCsv, StartsWithTheRunAsItIs) {
  EXPECT_TRUE(to_csv(sample_explanation())
                  .starts_with("change,seconds,saved,limiter\nnone,0.00125,0,hbm\nhbm bandwidth "
                               "x2,0.001,0.19"))
      << to_csv(sample_explanation());
}

}  // namespace
}  // namespace attnsim::report
