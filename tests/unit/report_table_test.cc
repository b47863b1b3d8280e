#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/report/table.h"

namespace attnsim::report {
namespace {

BoundRow bound(std::string id, std::string memory, double words, double ratio, bool rigorous) {
  BoundRow row;
  row.id = std::move(id);
  row.memory = std::move(memory);
  row.words = words;
  row.bytes = 2 * words;
  row.ratio = ratio;
  row.rigorous = rigorous;
  return row;
}

TEST(VerifyTable, SumsUpPerAlgorithmAndListsFailures) {
  VerifyReport report;
  report.cases = {
      {"standard", "forward", "seqlen 8, Br 4", 1e-15, 1e-12, true, ""},
      {"flash_attention_2", "backward", "seqlen 8, Br 4", 0.25, 1e-12, false, "dQ differs"},
      {"standard", "forward", "seqlen 9, Br 4", std::nan(""), 1e-12, false, ""},
      {"standard", "forward", "seqlen 9, Br 2", 1e-13, 1e-12, true, ""}};
  EXPECT_EQ(to_table(report), R"(algorithm          pass      cases  failed  worst error
standard           forward       3       1          nan
flash_attention_2  backward      1       1         0.25
FAIL  flash_attention_2 backward  seqlen 8, Br 4
      max abs error 0.25, tolerance 1e-12: dQ differs
FAIL  standard forward  seqlen 9, Br 4
      max abs error nan, tolerance 1e-12
2 passed, 2 failed
)");
  EXPECT_EQ(to_table(VerifyReport{}), "0 passed, 0 failed\n");
}

TEST(BoundsTable, ShowsClassValueFormulaAndSource) {
  BoundRow compulsory = bound("LB0", "l2", 1024, 0, true);
  compulsory.formula = "2 N d + 2 N d";
  compulsory.holds_for = "any algorithm";
  compulsory.regime = "any M";
  BoundRow same = compulsory;
  same.memory = "hbm";
  BoundRow shape = bound("LB2", "l2", 1234567.891, 12.34, false);
  shape.m_words = Words(25'600);
  shape.formula = "N^2 d^2 / M";
  shape.holds_for = "standard products";
  shape.regime = "M >= d^2";
  shape.source = "Saha and Ye 2024, theorem 3";
  BoundRow other = bound("UB1", "hbm", 1e12, 0.5, true);
  other.kind = "upper";
  other.applies = false;
  other.formula = "4 N^2";
  EXPECT_EQ(to_table(std::vector{compulsory, same, shape, other}),
            R"(bound  kind   memory  M words              words    bytes  run over it  status          class              regime
LB0    lower  l2            -              1,024  2.0 KiB            -  rigorous        any algorithm      any M
LB0    lower  hbm           -              1,024  2.0 KiB            -  rigorous        any algorithm      any M
LB2    lower  l2       25,600        1,234,567.9  2.4 MiB        x12.3  shape only      standard products  M >= d^2
UB1    upper  hbm           -  1,000,000,000,000  1.8 TiB        x0.50  does not apply

LB0  2 N d + 2 N d
LB2  N^2 d^2 / M
     Saha and Ye 2024, theorem 3
UB1  4 N^2
)");
  EXPECT_EQ(to_table(std::vector<BoundRow>{}), "no bound is known for this workload\n");
}

TEST(CheckTable, MarksEveryExpectationAndExplainsFailures) {
  CheckReport report;
  report.rows = {{"near its bound", "bounds.LB2.ratio", "<= 2.5", 1.25, 2.5, true, "not shown"},
                 {"small", "io.hbm.total.bytes", "<= 1.0 KiB", 2048, 1024, false,
                  "io.hbm.K grew by 1,024 bytes"}};
  EXPECT_EQ(to_table(report), R"(PASS  near its bound  bounds.LB2.ratio    <= 2.5       1.25
FAIL  small           io.hbm.total.bytes  <= 1.0 KiB  2,048
      io.hbm.K grew by 1,024 bytes
1 passed, 1 failed
)");
}

TEST(ListTable, ShowsAlgorithms) {
  Catalogue catalogue;
  AlgorithmInfo fa2{.id = "flash_attention_2", .summary = "rows of Q stay on chip", .source = ""};
  fa2.passes = {Pass::forward, Pass::backward};
  fa2.tiles = {{"Br", "rows of Q per task"}, {"Bc", "rows of K and V per step"}};
  AlgorithmInfo standard{.id = "standard", .summary = "three kernels", .source = ""};
  catalogue.algorithms = {fa2, standard};
  EXPECT_EQ(to_table(catalogue), R"(algorithm          passes             tiles   summary
flash_attention_2  forward, backward  Br, Bc  rows of Q stay on chip
standard           forward            -       three kernels
)");
}

TEST(ListTable, ShowsMachines) {
  MemorySpec sram{.name = "sram", .kind = MemoryKind::scratchpad, .per_core = true};
  sram.capacity = Capacity{25600, true};
  MemorySpec l2{.name = "l2", .kind = MemoryKind::cache};
  l2.capacity = Capacity{40 << 20, false};
  MachineSpec two_level{.id = "abstract_two_level", .name = "two-level machine"};
  two_level.memories = {sram, {.name = "hbm", .kind = MemoryKind::dram}};
  MachineSpec gpu{.id = "gpu", .name = "GPU"};
  gpu.cores = 108;
  gpu.memories = {l2};
  EXPECT_EQ(to_table(std::vector{two_level, gpu}),
            R"(hardware            name               cores  memories, inner to outer
abstract_two_level  two-level machine      1  sram 25,600 words/core, hbm
gpu                 GPU                  108  l2 40.0 MiB
)");
}

TEST(AlgorithmHelp, ShowsEveryTileAndParameter) {
  AlgorithmInfo info{
      .id = "flash_attention_2", .summary = "rows of Q stay on chip", .source = "Dao 2023"};
  info.tiles = {{"Br", "rows of Q per task"}, {"Bc", "rows of K and V per step"}};
  ParamSpec stages{"stages", ParamType::integer, "tiles", "2", "K and V tiles in flight"};
  stages.minimum = 1;
  ParamSpec order{"order", ParamType::choice, "", "rows", "what tasks run over"};
  order.choices = {"rows", "heads"};
  info.params = {stages, order, {"lse", ParamType::boolean, "", "true", "write the statistics"}};
  EXPECT_EQ(algorithm_help(info), R"(flash_attention_2: rows of Q stay on chip
  source    Dao 2023
  computes  attention
  passes    forward

tiles (tiles: automatic | released | fit | paper, or every size by name)
  Br  rows of Q per task
  Bc  rows of K and V per step

parameters
  stages  integer >= 1 (tiles)  default 2     K and V tiles in flight
  order   rows | heads          default rows  what tasks run over
  lse     boolean               default true  write the statistics
)");
  EXPECT_EQ(algorithm_help({.id = "x", .summary = "y", .source = "z"}),
            "x: y\n  source    z\n  computes  attention\n  passes    forward\n");
}

}  // namespace
}  // namespace attnsim::report
