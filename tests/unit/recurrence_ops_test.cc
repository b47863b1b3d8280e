// The operations of recurrences: their values, their work, and what they refuse.
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/counts.h"
#include "sim/replay/numbers.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/trace_error.h"
#include "tests/support/arrays.h"

namespace attnsim::replay {
namespace {

using test::Array;
using test::expect_near;

const double kLog2 = std::log(2.0);

/// One task on X (2 x 3, holds 1 .. 6) and E (2 x 3, holds the logs of 1 2 4; 8 16 32), in fp32.
class OneTask final : public Schedule {
 public:
  using Body = std::function<void(Agent, const OneTask&)>;

  explicit OneTask(Body body) : body_(std::move(body)) {
    X = program_.add({"X", TensorRole::workspace, DType::f32, 1, 2, 3});
    E = program_.add({"E", TensorRole::workspace, DType::f32, 1, 2, 3});
    program_.add_kernel<&OneTask::run>(*this, "test", {{"i", 1}});
  }

  Task run(Emitter& em, GridIndex) const {
    body_(em.agent(), *this);
    co_return;
  }

  Tensor X, E;

 private:
  Body body_;
};

/// What X holds after the task.
Array execute(const OneTask::Body& body) {
  const OneTask task(body);
  TensorValues values(task.program());
  for (std::size_t i = 0; i < 6; ++i) {
    values.of(0)[i] = static_cast<double>(i + 1);
    values.of(1)[i] = static_cast<double>(i) * kLog2;
  }
  Executor executor(task.program(), values, Arithmetic::exact);
  run_program(task.program(), executor);
  return {values.of(0).begin(), values.of(0).end()};
}

/// X after an operation on it.
Array changed(const std::function<void(Agent&, Tile&, const OneTask&)>& change) {
  return execute([&](Agent a, const OneTask& t) {
    Tile x = a.load(t.X.plane(0));
    change(a, x, t);
    a.store(x, t.X.plane(0));
  });
}

TEST(RecurrenceOps, CumsumRunsDownTheRows) {
  expect_near(changed([](Agent& a, Tile& x, const OneTask&) { a.cumsum(x); }), {1, 2, 3, 5, 7, 9},
              0);
}

TEST(RecurrenceOps, RampIsTheRunningSumOfAConstant) {
  const Array x = execute([](Agent a, const OneTask& t) {
    const Tile step = a.fill(Role::vector, 1, 1, DType::f32, 10);
    const Tile ramp = a.ramp(step, 2);
    const Tile from_five = a.ramp(step, 2, 5);
    a.store(ramp, t.X.region(0, 0, 2, 0, 1));
    a.store(from_five, t.X.region(0, 0, 2, 1, 1));
  });
  expect_near(x, {10, 50, 3, 20, 60, 6}, 0);
}

TEST(RecurrenceOps, FromRowCountsFromItOrToIt) {
  const auto from_last = [](double sign) {
    return changed([sign](Agent& a, Tile& x, const OneTask& t) {
      const Tile last = a.load(t.X.region(0, 1, 1, 0, 3));
      a.from_row(x, last, sign);
    });
  };
  expect_near(from_last(1), {-3, -3, -3, 0, 0, 0}, 0);
  expect_near(from_last(-1), {3, 3, 3, 0, 0, 0}, 0);
}

TEST(RecurrenceOps, ScaleExpGoesByElementOrByRow) {
  expect_near(changed([](Agent& a, Tile& x, const OneTask& t) {
                const Tile e = a.load(t.E.plane(0));
                a.scale_exp(x, e);
              }),
              {1, 4, 12, 32, 80, 192}, 1e-12);
  expect_near(changed([](Agent& a, Tile& x, const OneTask& t) {
                const Tile e = a.load(t.E.region(0, 0, 2, 1, 1));  // 2, 16
                a.scale_exp(x, e);
              }),
              {2, 4, 6, 64, 80, 96}, 1e-12);
}

TEST(RecurrenceOps, DecayStateGoesByRowOrScalesAll) {
  expect_near(changed([](Agent& a, Tile& x, const OneTask& t) {
                const Tile by_row = a.load(t.E.region(0, 0, 1, 1, 2));  // 2, 4
                a.decay_state(x, by_row);
              }),
              {2, 4, 6, 16, 20, 24}, 1e-12);
  expect_near(changed([](Agent& a, Tile& x, const OneTask& t) {
                const Tile whole = a.load(t.E.region(0, 0, 1, 1, 1));  // 2
                a.decay_state(x, whole);
              }),
              {2, 4, 6, 8, 10, 12}, 1e-12);
}

// Rows at 2 and 16, columns at 1, 2 and 4.
TEST(RecurrenceOps, DecayIsBetweenARowAndAColumn) {
  expect_near(changed([](Agent& a, Tile& x, const OneTask& t) {
                const Tile rows = a.load(t.E.region(0, 0, 2, 1, 1));
                const Tile step = a.fill(Role::vector, 1, 1, DType::f32, kLog2);
                const Tile cols = a.ramp(step, 3, 0);
                a.decay(x, rows, cols);
              }),
              {2, 2, 1.5, 64, 40, 24}, 1e-12);
}

TEST(RecurrenceOps, LowerClearsAboveTheDiagonal) {
  expect_near(changed([](Agent& a, Tile& x, const OneTask&) { a.lower(x); }), {1, 0, 0, 4, 5, 0},
              0);
}

TEST(RecurrenceOps, MultiplyIsElementwise) {
  expect_near(changed([](Agent& a, Tile& x, const OneTask& t) {
                const Tile y = a.load(t.X.plane(0));
                a.multiply(x, y);
              }),
              {1, 4, 9, 16, 25, 36}, 0);
}

// (4 5 6) . (1 2 3) with decays of 8 in each of the three terms.
TEST(RecurrenceOps, GatedScoresDecayTermByTerm) {
  const Array x = execute([](Agent a, const OneTask& t) {
    const Tile q = a.load(t.X.plane(0));
    const Tile k = a.load(t.X.plane(0));
    const Tile log_decay = a.load(t.E.plane(0));
    const Tile s = a.gated_scores(q, k, log_decay, 0.5);
    a.store(s, t.X.region(0, 0, 2, 0, 2));
  });
  expect_near(x, {14 * 0.5, 0, 3, 32 * 8 * 0.5, 77 * 0.5, 6}, 1e-11);
}

TEST(RecurrenceOps, WorkFollowsTheTable) {
  const OneTask task([](Agent a, const OneTask& t) {
    Tile x = a.load(t.X.plane(0));
    const Tile e = a.load(t.E.plane(0));
    const Tile column = a.load(t.E.region(0, 0, 2, 0, 1));
    const Tile row = a.load(t.E.region(0, 0, 1, 0, 3));
    a.cumsum(x);                                                       // 6 elementwise
    a.from_row(x, row, 1);                                             // 6
    a.scale_exp(x, e);                                                 // 6, and 6 exponentials
    a.scale_exp(x, column);                                            // 6, and 2
    a.decay(x, column, a.ramp(a.load(t.E.region(0, 0, 1, 0, 1)), 3));  // 12 + 3, and 6
    a.lower(x);                                                        // 6
    a.multiply(x, e);                                                  // 6
    const Tile s = a.gated_scores(x, e, e);                            // 4 * 12, and 12
  });
  const MachineSpec machine = two_level_machine();
  const Workload workload;
  const Target target(machine, workload);
  Counter counter(task.program(), machine, target);
  run_program(task.program(), counter);
  EXPECT_EQ(counter.work().vector_ops, 6u * 6 + 12 + 3 + 48);
  EXPECT_EQ(counter.work().exp_ops, 6u + 2 + 6 + 12);
  EXPECT_EQ(counter.work().matrix_flops, 0u);
}

TEST(RecurrenceOps, OperandsMustHaveTheRowsShape) {
  const auto error = [](const std::function<void(Agent&, Tile&, const Tile&)>& misuse) {
    try {
      execute([&](Agent a, const OneTask& t) {
        Tile x = a.load(t.X.plane(0));
        const Tile one_row = a.load(t.E.region(0, 0, 1, 0, 3));
        misuse(a, x, one_row);
      });
    } catch (const TraceError& fault) {
      return std::string(fault.what());
    }
    return std::string();
  };
  EXPECT_EQ(error([](Agent& a, Tile& x, const Tile& row) { a.from_row(x, row, 1); }), "");
  EXPECT_NE(error([](Agent& a, Tile& x, const Tile& row) {
              a.multiply(x, row);
            }).find("'multiply': tile t1 (slot 1, last loaded from E) is 1 x 3"),
            std::string::npos);
  EXPECT_NE(error([](Agent& a, Tile& x, const Tile& row) {
              a.scale_exp(x, row);
            }).find("'scale_exp': tile t1"),
            std::string::npos);
  EXPECT_NE(error([](Agent& a, Tile& x, const Tile& row) {
              const Tile s = a.gated_scores(x, row, x);
            }).find("'gated_scores': tile t2"),
            std::string::npos);
  EXPECT_EQ(error([](Agent& a, Tile& x, const Tile& row) { a.decay_state(x, row); }),
            "kernel 'test' task 0 (i=0): 'decay_state': k=3, expected 1 or 2");
}

TEST(RecurrenceOps, ExponentsAreOneOrOneForEachColumn) {
  std::string fault;
  try {
    execute([](Agent a, const OneTask& t) {
      Tile x = a.load(t.X.plane(0));
      a.scale_exp(x, a.load(t.E.region(0, 0, 2, 0, 2)));
    });
  } catch (const TraceError& error) {
    fault = error.what();
  }
  EXPECT_EQ(fault, "kernel 'test' task 0 (i=0): 'scale_exp': k=2, expected 1 or 3");
}

}  // namespace
}  // namespace attnsim::replay
