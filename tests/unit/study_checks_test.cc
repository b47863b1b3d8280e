// Whole checks: faults with their positions, runs that do not fit, and real replays.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/two_level.h"
#include "sim/study/checks.h"
#include "sim/study/expectation.h"

namespace attnsim::study {
namespace {

Expectation expecting(const std::string& metric, int line) {
  Expectation e;
  e.metric = metric;
  e.file = "checks.yaml";
  e.line = line;
  e.column = 9;
  e.max = 1e9;
  return e;
}

Expectation ratio_of(const std::string& metric, const std::string& of) {
  Expectation e = expecting(metric, 7);
  e.max.reset();
  e.max_ratio = 1;
  e.of = of;
  return e;
}

BoundRow bound(const char* id, const char* memory, bool rigorous, bool applies) {
  BoundRow row;
  row.id = id;
  row.memory = memory;
  row.rigorous = rigorous;
  row.applies = applies;
  return row;
}

/// K crosses l2, and all of it hbm.
Result sample_result() {
  Result result;
  result.run.algorithm.name = "flash_attention_2";
  result.io = {{.memory = "l2", .tensor = "K"},
               {.memory = "l2", .tensor = "total"},
               {.memory = "hbm", .tensor = "total"}};
  result.closed_form = {{.memory = "l2", .tensor = "K"}, {.memory = "l2", .tensor = "total"}};
  result.bounds = {bound("LB0", "l2", true, true), bound("theta_attention", "l2", false, true),
                   bound("LB2", "l2", true, false), bound("LB0", "hbm", true, true)};
  return result;
}

FootprintRow space(const char* name, std::uint64_t peak, std::uint64_t capacity) {
  FootprintRow row{.space = name, .peak_bytes = Bytes(peak), .peak_words = Words(peak / 2)};
  row.capacity_bytes = Bytes(capacity);
  row.capacity_words = Words(capacity / 2);
  row.fits = peak <= capacity;
  return row;
}

/// All faults, one a line, and how many rows there were.
std::string faults(const Result& result, std::vector<Expectation> expect, std::size_t rows = 0) {
  std::vector<Diagnostic> found;
  CheckSpec check;
  check.expect = std::move(expect);
  EXPECT_EQ(evaluate_check(check, result, found).size(), rows);
  return found.empty() ? "" : UserError(found).what();
}

TEST(Check, GathersFaultsWithTheirPositions) {
  EXPECT_EQ(faults(sample_result(),
                   {expecting("io.l3.total.words", 5), expecting("io.l2.K.words", 6),
                    expecting("work.task", 8)},
                   1),
            "checks.yaml:5:9: io.l3.total.words: unknown memory 'l3'; did you mean 'l2'? (expected "
            "one of: l2, hbm)\n"
            "checks.yaml:8:9: work.task: unknown field 'task'; did you mean 'tasks'? (expected one "
            "of: matrix_flops, exp_ops, vector_ops, operations, tasks)");
}

std::string ratio_fault(const std::string& metric, const std::string& of,
                        const Result& result = sample_result()) {
  const std::string text = faults(result, {ratio_of(metric, of)});
  const std::string where = "checks.yaml:7:9: " + metric + ": ";
  EXPECT_EQ(text.substr(0, where.size()), where);
  return text.substr(std::min(text.size(), where.size()));
}

TEST(Check, SaysWhereAReferenceBinds) {
  EXPECT_EQ(ratio_fault("io.hbm.total.words", "closed_form"),
            "max_ratio: the closed form binds at 'l2', not at 'hbm'");
  EXPECT_EQ(ratio_fault("io.hbm.total.words", "bounds.LB2"),
            "max_ratio: bound 'LB2' binds at 'l2', not at 'hbm'");
  Result result = sample_result();
  result.io.push_back({.memory = "sram", .tensor = "total"});
  EXPECT_EQ(ratio_fault("io.sram.total.words", "bounds.LB0", result),
            "max_ratio: bound 'LB0' binds at 'l2', 'hbm', not at 'sram'");
}

TEST(Check, SaysWhatAReferenceCannotDo) {
  EXPECT_EQ(ratio_fault("io.l2.total.read_words", "closed_form"),
            "max_ratio takes io.<memory>.<tensor>.words or io.<memory>.<tensor>.bytes");
  EXPECT_EQ(ratio_fault("work.tasks", "closed_form"),
            "max_ratio takes io.<memory>.<tensor>.words or io.<memory>.<tensor>.bytes");
  EXPECT_EQ(ratio_fault("io.l2.K.words", "bounds.LB0"),
            "max_ratio: bound 'LB0' is about the 'total' of a memory");
  EXPECT_EQ(ratio_fault("io.l2.total.words", "bounds.theta_attention"),
            "bound 'theta_attention' is a shape without constants: no check can rest on it");
  EXPECT_EQ(ratio_fault("io.l2.total.words", "bounds.LB2"),
            "bound 'LB2' does not apply to this run");
  EXPECT_EQ(faults(sample_result(), {expecting("bounds.theta_attention.ratio", 3)}),
            "checks.yaml:3:9: bounds.theta_attention.ratio: bound 'theta_attention' is a shape "
            "without constants: no check can rest on it");
}

TEST(Check, SuggestsReferences) {
  EXPECT_EQ(ratio_fault("io.l2.total.words", "closed_from"),
            "max_ratio of unknown 'closed_from'; did you mean 'closed_form'? (expected one of: "
            "closed_form, bounds.LB0)");
  EXPECT_EQ(ratio_fault("io.l2.total.words", "bounds.LB9"),
            "unknown bound 'LB9'; did you mean 'LB0'? (expected one of: LB0, theta_attention, "
            "LB2)");
  Result result = sample_result();
  result.io.push_back({.memory = "l2", .tensor = "V"});
  EXPECT_EQ(ratio_fault("io.l2.V.words", "closed_form", result),
            "max_ratio: the closed form has no tensor 'V' (expected one of: K, total)");
  result.closed_form.clear();
  EXPECT_EQ(ratio_fault("io.l2.total.words", "closed_form", result),
            "max_ratio: 'flash_attention_2' has no closed form");
}

TEST(Check, FailsWhenTheRunDoesNotFit) {
  Result result = sample_result();
  result.footprint = {space("regs", 1010, 1000), space("sram", 2500, 2000), space("hbm", 1, 2)};
  CheckSpec check;
  check.name = "budget";
  check.expect = {expecting("io.l2.total.words", 1)};
  std::vector<Diagnostic> found;
  const std::vector<CheckRow> rows = evaluate_check(check, result, found);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].check, "budget");
  EXPECT_EQ(rows[0].metric, "fits");
  EXPECT_EQ(rows[0].expectation, "footprint within capacity");
  EXPECT_FALSE(rows[0].ok);
  EXPECT_EQ(rows[0].value, 2500);
  EXPECT_EQ(rows[0].limit, 2000);
  EXPECT_EQ(rows[0].message,
            "footprint.sram.peak_bytes = 2,500 exceeds 2,000 by 500 (25.0 %); over: 'regs', "
            "'sram'");
  EXPECT_TRUE(rows[1].ok);

  check.allow_over = true;
  EXPECT_EQ(evaluate_check(check, result, found).size(), 1u);
  check.allow_over = false;
  result.run.machine.uniform_words = true;
  result.footprint.erase(result.footprint.begin());
  EXPECT_EQ(evaluate_check(check, result, found).front().message,
            "footprint.sram.peak_words = 1,250 exceeds 1,000 by 250 (25.0 %)");
}

/// flash_attention_2 with N = 1024, d = 64 on the two-level machine.
CheckSpec theory(const std::string& name, TileRule rule, std::uint64_t words) {
  CheckSpec check;
  check.name = name;
  check.run.workload.seqlen_q = check.run.workload.seqlen_kv = 1024;
  check.run.machine = two_level_machine();
  check.run.algorithm.name = "flash_attention_2";
  check.run.algorithm.params.set("pack_gqa", false);
  check.run.algorithm.tiles.rule = rule;
  if (rule == TileRule::explicit_sizes) check.run.algorithm.tiles.sizes = {{"Br", 100}, {"Bc", 64}};
  Expectation exact = expecting("io.hbm.total.words", 3);
  exact.max.reset();
  exact.equals = words;
  check.expect = {exact, ratio_of("io.hbm.total.words", "closed_form")};
  return check;
}

class Steps final : public Progress {
 public:
  void step(std::size_t done, std::size_t total, std::string_view name) override {
    text += std::to_string(done) + "/" + std::to_string(total) + " " + std::string(name) + ";";
  }
  std::string text;
};

TEST(RunChecks, ReplaysEachCheckAndKeepsTheirOrder) {
  Steps steps;
  const CheckReport report = run_checks(
      {theory("fit", TileRule::fit, 918528), theory("swapped", TileRule::explicit_sizes, 1573888),
       theory("wrong", TileRule::fit, 918529)},
      &steps);
  EXPECT_EQ(steps.text, "0/3 fit;1/3 swapped;2/3 wrong;3/3 ;");
  ASSERT_EQ(report.rows.size(), 7u);
  EXPECT_EQ(report.failed(), 2u);
  EXPECT_TRUE(report.rows[0].ok) << report.rows[0].message;
  EXPECT_EQ(report.rows[1].message,
            "io.hbm.total.words = 918,528 is at the limit of 918,528 (closed_form)");
  EXPECT_EQ(report.rows[2].metric, "fits");
  EXPECT_EQ(report.rows[2].check, "swapped");
  EXPECT_TRUE(report.rows[3].ok) << report.rows[3].message;
  EXPECT_FALSE(report.rows[5].ok);
}

TEST(RunChecks, ThrowsTheFaultsOfAllChecksAtOnce) {
  CheckSpec misspelt = theory("misspelt", TileRule::fit, 1);
  misspelt.expect[0].metric = "io.hmb.total.words";
  CheckSpec tiny = theory("tiny", TileRule::fit, 1);
  tiny.run.machine.memories[0].capacity = Capacity{8, true};
  try {
    run_checks({misspelt, tiny, misspelt});
    FAIL() << "three faults";
  } catch (const UserError& error) {
    ASSERT_EQ(error.diagnostics().size(), 3u) << error.what();
    EXPECT_EQ(error.diagnostics()[0].text(),
              "checks.yaml:3:9: io.hmb.total.words: unknown memory 'hmb'; did you mean 'hbm'? "
              "(expected one of: hbm)");
    EXPECT_EQ(error.diagnostics()[1].file, "checks.yaml");
    EXPECT_EQ(error.diagnostics()[1].path.substr(0, 12), "check 'tiny'");
    EXPECT_EQ(error.diagnostics()[2].line, 3);
  }
}

}  // namespace
}  // namespace attnsim::study
