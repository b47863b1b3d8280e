// add_scaled, with which outputs of parts of the keys become one: its values, work and misuse.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/counts.h"
#include "sim/replay/numbers.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {
namespace {

/// One task on X (2 x 3: 1 .. 6), Y (2 x 3: 10 .. 60) and F (2 x 1: 2 and 0).
class OneTask final : public Schedule {
 public:
  using Body = std::function<void(Agent, const OneTask&)>;

  explicit OneTask(Body body) : body_(std::move(body)) {
    X = program_.add({"X", TensorRole::workspace, DType::f32, 1, 2, 3});
    Y = program_.add({"Y", TensorRole::workspace, DType::f32, 1, 2, 3});
    F = program_.add({"F", TensorRole::workspace, DType::f32, 1, 2, 1});
    program_.add_kernel<&OneTask::run>(*this, "test", {{"i", 1}});
  }

  Task run(Emitter& em, GridIndex) const {
    body_(em.agent(), *this);
    co_return;
  }

  Tensor X, Y, F;

 private:
  Body body_;
};

/// X += Y by rows.
void add(Agent a, const OneTask& t) {
  Tile x = a.load(t.X.plane(0), Role::accumulator);
  const Tile y = a.load(t.Y.plane(0), Role::accumulator);
  const Tile f = a.load(t.F.plane(0), Role::vector);
  a.add_scaled(x, y, f);
  a.store(x, t.X.plane(0));
}

TEST(AddScaled, AddsEachRowByItsFactor) {
  const OneTask task(add);
  TensorValues values(task.program());
  for (std::size_t i = 0; i < 6; ++i) {
    values.of(0)[i] = static_cast<double>(i + 1);
    values.of(1)[i] = static_cast<double>(10 * (i + 1));
  }
  values.of(2)[0] = 2;
  values.of(2)[1] = 0;
  Executor executor(task.program(), values, Arithmetic::exact);
  run_program(task.program(), executor);
  EXPECT_EQ(std::vector<double>(values.of(0).begin(), values.of(0).end()),
            (std::vector<double>{21, 42, 63, 4, 5, 6}));
}

TEST(AddScaled, IsOneElementwiseOperationAnElement) {
  const OneTask task(add);
  const MachineSpec machine = two_level_machine(100);
  const Workload workload;
  const Target target(machine, workload);
  Counter counter(task.program(), machine, target);
  run_program(task.program(), counter);
  const WorkSummary work = counter.work();
  EXPECT_EQ(work.vector_ops, 6U);
  EXPECT_EQ(work.exp_ops, 0U);
  EXPECT_EQ(work.matrix_flops, 0U);
}

TEST(AddScaled, RefusesAFactorThatIsNotOneColumn) {
  const OneTask task([](Agent a, const OneTask& t) {
    Tile x = a.load(t.X.plane(0), Role::accumulator);
    const Tile y = a.load(t.Y.plane(0), Role::accumulator);
    a.add_scaled(x, y, y);
  });
  TensorValues values(task.program());
  Executor executor(task.program(), values, Arithmetic::exact);
  EXPECT_THROW(run_program(task.program(), executor), TraceError);
}

}  // namespace
}  // namespace attnsim::replay
