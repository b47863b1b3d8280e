// Core time taken apart, on events made by hand.
#include <gtest/gtest.h>

#include "sim/study/load_log.h"

namespace attnsim::study {
namespace {

using replay::time::Ps;
using replay::time::Unit;

constexpr double kPs = 1e-12;

TileOp record(Op op) {
  TileOp out;
  out.op = op;
  return out;
}

void work(LoadLog& log, std::int64_t core, Unit unit, Ps from, Ps to, Op op = Op::matmul) {
  log.work(core, 0, 0, record(op), unit, from, to);
}

TimeReport time_of(double seconds, std::int64_t tasks, std::int64_t places) {
  TimeReport time;
  time.seconds = seconds;
  time.kernels = {{"k", seconds, "matrix", tasks, places}};
  return time;
}

KernelExplanation only_kernel(const LoadLog& log, const TimeReport& time, std::int64_t cores) {
  const std::vector<KernelExplanation> kernels = log.kernels(time, cores);
  EXPECT_EQ(kernels.size(), 1u);
  return kernels.at(0);
}

TEST(LoadLog, TellsWhatIsHiddenFromWhatIsNot) {
  LoadLog log;
  log.kernel({}, 100);
  work(log, 0, Unit::copy_in, 100, 150);
  work(log, 0, Unit::vector, 200, 210, Op::scale_rows);  // all of it under the product
  work(log, 0, Unit::matrix, 150, 250);
  work(log, 0, Unit::vector, 210, 260, Op::online_softmax);  // 40 of it under the product
  work(log, 0, Unit::matrix, 270, 300);
  const KernelExplanation k = only_kernel(log, time_of(300 * kPs, 1, 1), 1);
  EXPECT_NEAR(k.spent.launch, 100 * kPs, 1e-18);
  EXPECT_NEAR(k.spent.both, 50 * kPs, 1e-18);
  EXPECT_NEAR(k.spent.matrix, 80 * kPs, 1e-18);   // 150-200, 270-300
  EXPECT_NEAR(k.spent.vector, 10 * kPs, 1e-18);   // 250-260
  EXPECT_NEAR(k.spent.waiting, 60 * kPs, 1e-18);  // 100-150, 260-270
  EXPECT_NEAR(k.spent.idle, 0, 1e-18);
  EXPECT_NEAR(k.spent.total(), 300 * kPs, 1e-18);
}

TEST(LoadLog, CountsEveryOverlapOnce) {
  LoadLog log;
  log.kernel({}, 0);
  // Three products while one elementwise operation goes on, and one that outlives it.
  work(log, 0, Unit::matrix, 0, 10);
  work(log, 0, Unit::matrix, 10, 20);
  work(log, 0, Unit::vector, 5, 30);
  work(log, 0, Unit::matrix, 25, 40);
  work(log, 0, Unit::vector, 35, 45);
  const KernelExplanation k = only_kernel(log, time_of(45 * kPs, 1, 1), 1);
  EXPECT_NEAR(k.spent.both, (15 + 5 + 5) * kPs, 1e-18);
  EXPECT_NEAR(k.spent.matrix, (35 - 25) * kPs, 1e-18);
  EXPECT_NEAR(k.spent.vector, (35 - 25) * kPs, 1e-18);
  EXPECT_NEAR(k.spent.waiting, 0, 1e-18);
}

TEST(LoadLog, KnowsTailAndIdleCores) {
  LoadLog log;
  log.kernel({}, 0);
  work(log, 0, Unit::matrix, 0, 60);
  work(log, 1, Unit::matrix, 0, 100);
  const KernelExplanation k = only_kernel(log, time_of(100 * kPs, 2, 4), 4);
  EXPECT_EQ(k.cores, 2);
  EXPECT_NEAR(k.tail_seconds, 40 * kPs, 1e-18);
  EXPECT_NEAR(k.spent.idle, (40 + 200) * kPs, 1e-18);
  EXPECT_NEAR(k.spent.total(), 400 * kPs, 1e-18);
}

TEST(LoadLog, AddsUpOperationsByUnitTheLargestFirst) {
  LoadLog log;
  log.kernel({}, 0);
  work(log, 0, Unit::vector, 0, 10, Op::scale_rows);
  work(log, 1, Unit::matrix, 0, 40);
  work(log, 0, Unit::vector, 10, 30, Op::online_softmax);
  const KernelExplanation k = only_kernel(log, time_of(40 * kPs, 2, 2), 2);
  ASSERT_EQ(k.operations.size(), 3u);
  EXPECT_EQ(k.operations[0].unit, "matrix");
  EXPECT_EQ(k.operations[0].operation, "matmul");
  EXPECT_NEAR(k.operations[0].busy_seconds, 20 * kPs, 1e-18);  // on the average core
  EXPECT_EQ(k.operations[1].operation, "online_softmax");
  EXPECT_EQ(k.operations[2].operation, "scale_rows");
}

TEST(KernelExplanation, ComparesWavesWithTasksThatCouldBeDivided) {
  KernelExplanation k;
  k.time.tasks = 250;
  k.time.places = 100;
  EXPECT_DOUBLE_EQ(k.ideal_waves(), 2.5);
  EXPECT_DOUBLE_EQ(k.waves(), 3);
  EXPECT_NEAR(k.wave_loss(), 1.0 / 6, 1e-12);
  k.time.tasks = 300;
  EXPECT_DOUBLE_EQ(k.wave_loss(), 0);
}

}  // namespace
}  // namespace attnsim::study
