// Promises every registered algorithm keeps; a new one is picked up without an edit here.
#include "tests/support/algorithms.h"

#include <set>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/replay/counts.h"
#include "sim/replay/function.h"
#include "sim/replay/replay.h"
#include "sim/replay/verify.h"
#include "tests/support/cases.h"
#include "tests/support/record_log.h"

namespace attnsim {
namespace {

class AlgorithmContract : public testing::TestWithParam<std::string> {
 protected:
  AlgorithmInfo info() const { return find_algorithm(GetParam()).info; }
};

TEST_P(AlgorithmContract, DescribesItself) {
  const AlgorithmInfo i = info();
  EXPECT_EQ(i.id, GetParam());
  EXPECT_FALSE(i.summary.empty());
  EXPECT_FALSE(i.source.empty());
  EXPECT_FALSE(i.passes.empty());
  std::set<std::string> names;
  for (const TileSpec& tile : i.tiles) {
    EXPECT_FALSE(tile.doc.empty()) << tile.name;
    EXPECT_TRUE(names.insert(tile.name).second) << tile.name;
  }
  for (const ParamSpec& param : i.params) {
    EXPECT_FALSE(param.doc.empty()) << param.name;
    EXPECT_FALSE(param.default_value.empty()) << param.name;
    EXPECT_TRUE(names.insert(param.name).second) << param.name;
  }
}

TEST_P(AlgorithmContract, ComputesItsFunctionExactly) {
  for (const RunSpec& run : replay::verification_grid(info(), test::cases(120), 7)) {
    const VerifyCase result = replay::verify(run, replay::Arithmetic::exact);
    EXPECT_TRUE(result.ok) << result.name << ": " << result.message;
  }
}

TEST_P(AlgorithmContract, ComputesItsFunctionInTheWorkloadsDtype) {
  for (const RunSpec& run : replay::verification_grid(info(), test::cases(60), 8)) {
    const VerifyCase result = replay::verify(run, replay::Arithmetic::rounded);
    EXPECT_TRUE(result.ok) << result.name << ": " << result.message;
  }
}

TEST_P(AlgorithmContract, ClosedFormAndFootprintEqualTheReplay) {
  for (const RunSpec& run : replay::verification_grid(info(), test::cases(120), 9)) {
    const Result result = replay::replay(run);
    for (const ClosedFormRow& row : result.closed_form) {
      EXPECT_TRUE(row.equals) << row.tensor << ": formula " << row.words.count << " words";
    }
    // LB0 holds for every exact algorithm.
    for (const BoundRow& bound : result.bounds) {
      if (bound.rigorous && bound.kind == "lower") {
        EXPECT_GE(bound.ratio, 1.0) << bound.id << " at " << bound.memory;
      }
    }
  }
}

bool same(const TileOp& a, const TileOp& b) {
  return a.op == b.op && a.row == b.row && a.col == b.col && a.tensor == b.tensor && a.m == b.m &&
         a.n == b.n && a.k == b.k && a.t[0] == b.t[0] && a.t[1] == b.t[1] && a.t[2] == b.t[2] &&
         a.t[3] == b.t[3] && a.lo == b.lo && a.hi == b.hi && a.flags == b.flags;
}

TEST_P(AlgorithmContract, SuspendingAtEveryIterationChangesNothing) {
  for (const RunSpec& run : replay::verification_grid(info(), test::cases(10), 10)) {
    const replay::PlannedRun planned(run);
    for (const Kernel& kernel : planned.schedule().program().kernels()) {
      test::RecordLog pushed;
      replay::run_kernel(kernel, pushed);
      test::RecordLog pulled;
      for (std::int64_t n = 0; n < kernel.tasks(); ++n) {
        Emitter emitter(pulled, Emitter::Mode::pull);
        {
          Task task = kernel.start(emitter, kernel.task(n));
          while (!task.done()) task.resume();
        }
        emitter.flush();
      }
      ASSERT_EQ(pushed.records.size(), pulled.records.size()) << kernel.name;
      for (std::size_t i = 0; i < pushed.records.size(); ++i) {
        ASSERT_TRUE(same(pushed.records[i], pulled.records[i])) << kernel.name << " record " << i;
      }
    }
  }
}

/// As far as a result depends on the trace.
void expect_equal_counts(const Result& a, const Result& b, const std::string& what) {
  ASSERT_EQ(a.io.size(), b.io.size()) << what;
  for (std::size_t i = 0; i < a.io.size(); ++i) {
    EXPECT_EQ(a.io[i].read_bytes, b.io[i].read_bytes) << what << a.io[i].tensor;
    EXPECT_EQ(a.io[i].write_bytes, b.io[i].write_bytes) << what << a.io[i].tensor;
    EXPECT_EQ(a.io[i].init_bytes, b.io[i].init_bytes) << what << a.io[i].tensor;
  }
  for (std::size_t i = 0; i < a.footprint.size(); ++i) {
    EXPECT_EQ(a.footprint[i].peak_bytes, b.footprint[i].peak_bytes) << what;
    EXPECT_EQ(a.footprint[i].static_bytes, b.footprint[i].static_bytes) << what;
  }
  EXPECT_EQ(a.work.matrix_flops, b.work.matrix_flops) << what;
  EXPECT_EQ(a.work.exp_ops, b.work.exp_ops) << what;
  EXPECT_EQ(a.work.vector_ops, b.work.vector_ops) << what;
  EXPECT_EQ(a.work.operations, b.work.operations) << what;
  EXPECT_EQ(a.work.tasks, b.work.tasks) << what;
}

TEST_P(AlgorithmContract, LeavingOutCopiesChangesNothing) {
  for (RunSpec run : replay::verification_grid(info(), test::cases(10), 11)) {
    // Long enough for copies, and still with clipped blocks and odd heads.
    run.workload.seqlen_q = run.workload.seqlen_q * 5 + 1;
    run.workload.seqlen_kv = run.workload.seqlen_kv * 5 + 2;
    run.workload.kv_heads *= 4;
    run.workload.heads *= 4;
    run.workload = replay::in_domain(info().function, std::move(run.workload));
    const auto& mask = run.workload.mask;
    if (mask && mask->kind == kRecordedMask) run.workload.mask.reset();  // of the old lengths
    SCOPED_TRACE(config::echo(run));
    const replay::PlannedRun planned(run);
    expect_equal_counts(replay::replay(planned),
                        replay::replay(planned, nullptr, replay::Repetition::replay_all),
                        run.algorithm.name + " ");
  }
}

/// Every boundary outside the cores sees the same bytes while caches pass everything through.
void expect_same_bytes_outside_the_cores(const Result& result, const std::string& home) {
  for (const IoRow& row : result.io) {
    if (row.memory != "l2" || row.tensor == "total") continue;
    const IoRow* outside = result.io_row(home, row.tensor);
    ASSERT_NE(outside, nullptr) << row.tensor;
    EXPECT_EQ(outside->bytes(), row.bytes()) << row.tensor;
  }
}

TEST_P(AlgorithmContract, RunsOnEveryPreset) {
  const config::SearchPath search{ATTNSIM_SOURCE_DIR};
  for (const std::string& id : test::some_of(config::machine_ids(search))) {
    for (const Pass pass : info().passes) {
      SCOPED_TRACE(id + " " + std::string(name(pass)));
      const config::Overrides overrides{
          .sets = {},
          .algorithm = GetParam(),
          .hardware = id,
          .workload = {"seqlen=300,head_dim=64,heads=4,kv_heads=2,pass=" +
                       std::string(name(pass))}};
      RunSpec run = config::load_run(std::nullopt, overrides, algorithm_catalogue(), search);
      run.workload = replay::in_domain(info().function, std::move(run.workload));
      const Result result = replay::replay(run);
      EXPECT_TRUE(result.fits());
      ASSERT_NE(result.io_row(run.machine.home().name, "total"), nullptr);
      for (const ClosedFormRow& row : result.closed_form) EXPECT_TRUE(row.equals) << row.tensor;
      expect_same_bytes_outside_the_cores(result, run.machine.home().name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, AlgorithmContract, testing::ValuesIn(test::all_algorithms()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace attnsim
