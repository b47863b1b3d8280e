// The numeric reading of a trace: the input generator, the order of values, and every operation on
// matrices small enough to compute by hand.
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/numbers.h"
#include "sim/replay/rounding.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {
namespace {

using Array = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Pinned: results of different versions, and of other implementations, are compared by these.
// splitmix64 of Steele, Lea and Flood (OOPSLA 2014), nested: seed, stream, position.
TEST(InputValue, IsPinned) {
  EXPECT_EQ(input_value(0, 0, 0), -0x1.71f6290f1c0d2p-1);
  EXPECT_EQ(input_value(1, 0, 0), 0x1.8c5017a36c6c0p-2);
  EXPECT_EQ(input_value(1, 1, 0), -0x1.4456cdab2c0f4p-2);
  EXPECT_EQ(input_value(1, 0, 1), -0x1.3a86a1eb4c488p-3);
  EXPECT_EQ(input_value(1, 2, 12345), 0x1.eb02a04a9ad50p-1);
  EXPECT_EQ(input_value(~std::uint64_t{0}, 2, std::uint64_t{1} << 40), -0x1.d1ac56dbc3e72p-1);
}

TEST(InputValue, FillsTheIntervalEvenly) {
  constexpr int kCount = 20'000;
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double x = input_value(7, 1, i);
    ASSERT_GE(x, -1);
    ASSERT_LT(x, 1);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.01);
  EXPECT_NEAR(squares / kCount, 1.0 / 3, 0.01);
}

/// Row r of a plane is row r / 2 of head r % 2.
TensorDecl interleaved() {
  TensorDecl decl;
  decl.role = TensorRole::query;
  decl.dtype = DType::f16;
  decl.planes = 2;
  decl.rows = 6;
  decl.cols = 2;
  decl.interleave = 2;
  return decl;
}

TEST(CanonicalValues, TakesInterleavedHeadsApart) {
  Array packed;
  for (int i = 0; i < 24; ++i) packed.push_back(i);
  EXPECT_EQ(canonical_values(interleaved(), packed),
            (Array{0,  1,  4,  5,  8,  9,   // plane 0: the even rows of the first
                   2,  3,  6,  7,  10, 11,  // plane 1: its odd rows
                   12, 13, 16, 17, 20, 21,  // plane 2
                   14, 15, 18, 19, 22, 23}));
}

TEST(CanonicalValues, LeavesPlainTensorsAlone) {
  TensorDecl decl = interleaved();
  decl.interleave = 1;
  Array values;
  for (int i = 0; i < 24; ++i) values.push_back(i);
  EXPECT_EQ(canonical_values(decl, values), values);
}

TEST(TensorValues, InputsAreTheSameWhateverThePacking) {
  Program packed;
  packed.add(interleaved());
  Program plain;
  plain.add({"Q", TensorRole::query, DType::f16, 4, 3, 2});
  TensorValues a(packed);
  TensorValues b(plain);
  a.fill_inputs(packed, 5, Arithmetic::exact);
  b.fill_inputs(plain, 5, Arithmetic::exact);
  const Array expected(b.of(0).begin(), b.of(0).end());
  EXPECT_EQ(canonical_values(packed.tensors()[0], a.of(0)), expected);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(expected[i], input_value(5, static_cast<std::uint64_t>(TensorRole::query), i));
  }
}

TEST(TensorValues, OnlyInputsAreFilledAndRoundedWhenAsked) {
  Program program;
  program.add({"K", TensorRole::key, DType::bf16, 1, 2, 2});
  program.add({"O", TensorRole::output, DType::bf16, 1, 2, 2});
  TensorValues values(program);
  values.fill_inputs(program, 1, Arithmetic::rounded);
  for (std::size_t i = 0; i < 4; ++i) {
    const double exact = input_value(1, static_cast<std::uint64_t>(TensorRole::key), i);
    EXPECT_EQ(values.of(0)[i], round_to(DType::bf16, exact));
    EXPECT_TRUE(std::isnan(values.of(1)[i]));
  }
}

/// One task on tensors T (fp16, 4 x 3), U (fp32, 4 x 3) and C (fp64, 2 x 1).
class OneTask final : public Schedule {
 public:
  using Body = std::function<void(Agent, const OneTask&)>;

  explicit OneTask(Body body) : body_(std::move(body)) {
    T = program_.add({"T", TensorRole::workspace, DType::f16, 1, 4, 3});
    U = program_.add({"U", TensorRole::workspace, DType::f32, 1, 4, 3});
    C = program_.add({"C", TensorRole::workspace, DType::f64, 1, 2, 1});
    program_.add_kernel<&OneTask::run>(*this, "test", {{"i", 1}});
  }

  Task run(Emitter& em, GridIndex) const {
    body_(em.agent(), *this);
    co_return;
  }

  Tensor T, U, C;

 private:
  Body body_;
};

struct Setup {
  Arithmetic arithmetic = Arithmetic::exact;
  Array column{0, 0};      // C at the start
  std::size_t result = 1;  // the tensor to return
};

constexpr Arithmetic kRounded = Arithmetic::rounded;

/// T holds 1 .. 12 at the start. What U holds after the task.
Array execute(const OneTask::Body& body, const Setup& setup = {}) {
  const OneTask task(body);
  TensorValues values(task.program());
  for (std::size_t i = 0; i < 12; ++i) values.of(0)[i] = static_cast<double>(i + 1);
  for (std::size_t i = 0; i < 2; ++i) values.of(2)[i] = setup.column[i];
  Executor executor(task.program(), values, setup.arithmetic);
  run_program(task.program(), executor);
  const std::span<double> out = values.of(setup.result);
  return {out.begin(), out.end()};
}

/// The first `rows` rows of U, cut to `cols` columns.
Array part(const Array& u, std::size_t rows, std::size_t cols) {
  Array out;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) out.push_back(u[r * 3 + c]);
  }
  return out;
}

/// Stores a tile at the top left of U.
void keep(Agent a, const OneTask& t, const Tile& tile) {
  a.store(tile, t.U.region(0, 0, tile.rows(), 0, tile.cols()));
}

TEST(Executor, LoadsAndStoresRegions) {
  const Array u = execute([](Agent a, const OneTask& t) {
    const Tile x = a.load(t.T.region(0, 1, 2, 1, 2));
    a.store(x, t.U.region(0, 2, 2, 0, 2));
    a.init(t.U.region(0, 0, 1, 0, 3), -2);
  });
  EXPECT_EQ(part(u, 1, 3), (Array{-2, -2, -2}));
  EXPECT_TRUE(std::isnan(u[3]));  // never written
  EXPECT_EQ((Array{u[6], u[7], u[9], u[10]}), (Array{5, 6, 8, 9}));
}

TEST(Executor, LoadIntoMayBringASmallerValue) {
  const Array u = execute([](Agent a, const OneTask& t) {
    Tile x = a.alloc(Role::operand, 3, 3, DType::f16);
    a.load_into(x, t.T.block(0, 0, 3));
    a.load_into(x, t.T.block(0, 1, 3));
    keep(a, t, x);
  });
  EXPECT_EQ(part(u, 1, 3), (Array{10, 11, 12}));
  EXPECT_TRUE(std::isnan(u[3]));
}

TEST(Executor, ProductsTransposeAndScale) {
  // rows (1 2 3) and (4 5 6), times themselves transposed
  const Array u = execute([](Agent a, const OneTask& t) {
    const Tile x = a.load(t.T.block(0, 0, 2));
    Tile s = a.matmul(x, transposed(x), DType::f64, 0.5);
    a.matmul_acc(s, x, transposed(x), DType::f64, 2);
    keep(a, t, s);
  });
  EXPECT_EQ(part(u, 2, 2), (Array{35, 80, 80, 192.5}));  // 2.5 * (14 32; 32 77)
  const Array v = execute([](Agent a, const OneTask& t) {
    const Tile x = a.load(t.T.block(0, 0, 2));
    keep(a, t, a.matmul(transposed(x), x, DType::f64));
  });
  EXPECT_EQ(part(v, 3, 3), (Array{17, 22, 27, 22, 29, 36, 27, 36, 45}));
}

TEST(Executor, BandHidesWhatLiesOutside) {
  const Array u = execute([](Agent a, const OneTask& t) {
    Tile x = a.load(t.T.plane(0));
    a.band(x, {.lo = 0, .hi = 1, .row_group = 1, .phase = 0});
    keep(a, t, x);
  });
  const double hidden = -kInfinity;
  EXPECT_EQ(u, (Array{1, 2, hidden, hidden, 5, 6, hidden, hidden, 9, hidden, hidden, hidden}));
  // Two heads to a position, starting with the second head of position 0.
  const Array packed = execute([](Agent a, const OneTask& t) {
    Tile x = a.load(t.T.plane(0));
    a.band(x, {.lo = -9, .hi = 0, .row_group = 2, .phase = 1});
    keep(a, t, x);
  });
  EXPECT_EQ(packed, (Array{1, hidden, hidden, 4, 5, hidden, 7, 8, hidden, 10, 11, 12}));
}

TEST(Executor, SoftmaxLocalGivesProbabilitiesUpToTheirSum) {
  const double e = std::exp(-1.0);
  const auto body = [](int which) {
    return [which](Agent a, const OneTask& t) {
      Tile s = a.load(t.T.block(0, 0, 2));
      a.band(s, {.lo = 1, .hi = 9, .row_group = 1, .phase = 0});  // row 0: 2, 3; row 1: 6
      auto block = a.softmax_local(s);
      keep(a, t, which == 0 ? s : which == 1 ? block.m : block.l);
    };
  };
  EXPECT_EQ(part(execute(body(0)), 2, 3), (Array{0, e, 1, 0, 0, 1}));
  EXPECT_EQ(part(execute(body(1)), 2, 1), (Array{3, 6}));
  EXPECT_EQ(part(execute(body(2)), 2, 1), (Array{e + 1, 1}));
}

TEST(Executor, ARowThatSeesNothingHasSumZero) {
  const auto body = [](int which) {
    return [which](Agent a, const OneTask& t) {
      Tile s = a.load(t.T.block(0, 0, 2));
      a.band(s, {.lo = 5, .hi = 9, .row_group = 1, .phase = 0});
      auto block = a.softmax_local(s);
      keep(a, t, which == 0 ? s : which == 1 ? block.m : block.l);
    };
  };
  EXPECT_EQ(part(execute(body(0)), 2, 3), Array(6, 0.0));
  EXPECT_EQ(part(execute(body(1)), 2, 1), Array(2, -kInfinity));
  EXPECT_EQ(part(execute(body(2)), 2, 1), Array(2, 0.0));
}

// Old (max 1, sum 2), block (max 2, sum 3): m = 2, l = 2/e + 3; factors (2/e) / l and 1 / l.
TEST(Executor, MergeStatsFoldsABlockIn) {
  const auto body = [](int which) {
    return [which](Agent a, const OneTask& t) {
      Tile m = a.fill(Role::vector, 1, 1, DType::f64, 1);
      Tile l = a.fill(Role::vector, 1, 1, DType::f64, 2);
      Tile bm = a.fill(Role::vector, 1, 1, DType::f64, 2);
      Tile bl = a.fill(Role::vector, 1, 1, DType::f64, 3);
      a.merge_stats(m, l, bm, bl);
      const Tile* const tiles[] = {&m, &l, &bm, &bl};
      keep(a, t, *tiles[which]);
    };
  };
  const double old_part = std::exp(-1.0) * 2;
  const double sum = old_part + 3;
  EXPECT_EQ(execute(body(0))[0], 2);
  EXPECT_EQ(execute(body(1))[0], sum);
  EXPECT_EQ(execute(body(2))[0], old_part / sum);
  EXPECT_EQ(execute(body(3))[0], 1 / sum);
}

TEST(Executor, MergeStatsOfNothingWithNothingIsNothing) {
  for (int which = 0; which < 4; ++which) {
    const Array u = execute([which](Agent a, const OneTask& t) {
      Tile m = a.fill(Role::vector, 1, 1, DType::f64, kMinusInfinity);
      Tile l = a.fill(Role::vector, 1, 1, DType::f64, 0);
      Tile bm = a.fill(Role::vector, 1, 1, DType::f64, kMinusInfinity);
      Tile bl = a.fill(Role::vector, 1, 1, DType::f64, 0);
      a.merge_stats(m, l, bm, bl);
      const Tile* const tiles[] = {&m, &l, &bm, &bl};
      keep(a, t, *tiles[which]);
    });
    EXPECT_EQ(u[0], which == 0 ? -kInfinity : 0);
  }
}

// Running (max 3, sum 2), scores 2 and 4, accumulator 10: f = 1/e, p = (e^-2, 1).
TEST(Executor, OnlineSoftmaxRescalesWhatWasSummed) {
  const auto body = [](int which) {
    return [which](Agent a, const OneTask& t) {
      Tile m = a.fill(Role::vector, 1, 1, DType::f64, 3);
      Tile l = a.fill(Role::vector, 1, 1, DType::f64, 2);
      Tile o = a.fill(Role::accumulator, 1, 1, DType::f64, 10);
      const Tile x = a.load(t.T.region(0, 0, 1, 1, 1));     // 2
      const Tile ones = a.load(t.T.region(0, 0, 1, 0, 2));  // 1 2
      Tile s = a.matmul(x, ones, DType::f64);               // 2 4
      a.online_softmax(s, m, l, o);
      const Tile* const tiles[] = {&s, &m, &l, &o};
      keep(a, t, *tiles[which]);
    };
  };
  const double f = std::exp(-1.0);
  EXPECT_EQ(part(execute(body(0)), 1, 2), (Array{std::exp(-2.0), 1}));
  EXPECT_EQ(execute(body(1))[0], 4);
  EXPECT_EQ(execute(body(2))[0], f * 2 + (std::exp(-2.0) + 1));
  EXPECT_EQ(execute(body(3))[0], f * 10);
}

TEST(Executor, SoftmaxStepHandsTheFactorOut) {
  const double f = execute([](Agent a, const OneTask& t) {
    Tile m = a.fill(Role::vector, 1, 1, DType::f64, 1);
    Tile l = a.fill(Role::vector, 1, 1, DType::f64, 2);
    Tile s = a.fill(Role::accumulator, 1, 2, DType::f64, 3);
    keep(a, t, a.softmax_step(s, m, l));
  })[0];
  EXPECT_EQ(f, std::exp(-2.0));
}

// Two steps over halves of a row leave the probabilities of the whole row.
TEST(Executor, SoftmaxInTwoPassesIsSoftmax) {
  const Array u = execute([](Agent a, const OneTask& t) {
    Tile m = a.fill(Role::vector, 1, 1, DType::f64, kMinusInfinity);
    Tile l = a.fill(Role::vector, 1, 1, DType::f64, 0);
    const Tile left = a.load(t.T.region(0, 0, 1, 0, 2));
    const Tile right = a.load(t.T.region(0, 0, 1, 2, 1));
    a.softmax_stats(left, m, l);
    a.softmax_stats(right, m, l);
    Tile s = a.load(t.T.region(0, 0, 1, 0, 3));
    a.softmax_apply(s, m, l);
    keep(a, t, s);
    keep(a, t, s);
    a.store(left, t.U.region(0, 1, 1, 0, 2));  // the scores keep their value
  });
  const double sum = std::exp(-2.0) + std::exp(-1.0) + 1;
  EXPECT_NEAR(u[0], std::exp(-2.0) / sum, 1e-15);
  EXPECT_NEAR(u[1], std::exp(-1.0) / sum, 1e-15);
  EXPECT_NEAR(u[2], 1 / sum, 1e-15);
  EXPECT_EQ((Array{u[3], u[4]}), (Array{1, 2}));
}

TEST(Executor, RowsAreScaledAndDividedOneByOne) {
  const auto scale = [](Agent a, const OneTask& t) {
    Tile x = a.load(t.T.block(0, 0, 2));
    a.scale_rows(x, a.load(t.C.plane(0)));
    keep(a, t, x);
  };
  const Array scaled = execute(scale, {.column = {10, 100}});
  EXPECT_EQ(part(scaled, 2, 3), (Array{10, 20, 30, 400, 500, 600}));
  const auto divide = [](Agent a, const OneTask& t) {
    Tile x = a.load(t.T.block(0, 0, 2));
    a.div_rows(x, a.load(t.C.plane(0)));
    keep(a, t, x);
  };
  const Array divided = execute(divide, {.column = {0, 2}});  // the first row saw no key
  EXPECT_EQ(part(divided, 2, 3), (Array{0, 0, 0, 2, 2.5, 3}));
}

TEST(Executor, LseIsMaxPlusLogOfSum) {
  const auto body = [](Agent a, const OneTask& t) {
    Tile m = a.fill(Role::vector, 2, 1, DType::f64, 5);
    a.lse(m, a.load(t.C.plane(0)));
    keep(a, t, m);
  };
  // U is fp32, but values are rounded only when asked.
  EXPECT_EQ(part(execute(body, {.column = {0, 2}}), 2, 1), (Array{-kInfinity, 5 + std::log(2.0)}));
}

// In rounded arithmetic a value has the precision of where it is.
TEST(Executor, RoundsToTheTypeOfTheTile) {
  const auto body = [](DType dtype) {
    return
        [dtype](Agent a, const OneTask& t) { keep(a, t, a.fill(Role::operand, 1, 1, dtype, 0.1)); };
  };
  EXPECT_EQ(execute(body(DType::f16), {.arithmetic = kRounded})[0], round_to(DType::f16, 0.1));
  EXPECT_EQ(execute(body(DType::f64), {.arithmetic = kRounded})[0],
            round_to(DType::f32, 0.1));  // of U
  EXPECT_EQ(execute(body(DType::f16))[0], 0.1);
}

TEST(Executor, RoundsWhatIsStoredToTheTypeOfTheTensor) {
  const auto store = [](Agent a, const OneTask& t) {
    a.store(a.fill(Role::operand, 1, 1, DType::f64, 0.1), t.T.region(0, 0, 1, 0, 1));
  };
  EXPECT_EQ(execute(store, {.arithmetic = kRounded, .result = 0})[0], round_to(DType::f16, 0.1));
}

TEST(Executor, RoundsInitialValuesToTheTypeOfTheTensor) {
  const auto init = [](Agent a, const OneTask& t) { a.init(t.T.plane(0), 0.1); };
  EXPECT_EQ(execute(init, {.arithmetic = kRounded, .result = 0})[0], round_to(DType::f16, 0.1));
}

TEST(Executor, RoundsTheOperandsOfAProduct) {
  const auto product = [](DType operand) {
    return [operand](Agent a, const OneTask& t) {
      const Tile x = a.fill(Role::operand, 1, 1, DType::f32, 0.1);
      keep(a, t, a.matmul(x, x, operand));
    };
  };
  const double half = round_to(DType::f16, 0.1);
  const double single = round_to(DType::f32, 0.1);
  EXPECT_EQ(execute(product(DType::f16), {.arithmetic = kRounded})[0],
            round_to(DType::f32, half * half));
  EXPECT_EQ(execute(product(DType::f32), {.arithmetic = kRounded})[0],
            round_to(DType::f32, single * single));
}

TEST(Executor, MovesRoundToTheTypeOfTheCopy) {
  const auto move = [](Agent a, const OneTask& t) {
    const Tile x = a.fill(Role::accumulator, 1, 1, DType::f32, 0.1);
    keep(a, t, a.move(x, Role::operand, DType::f16));
  };
  EXPECT_EQ(execute(move, {.arithmetic = kRounded})[0], round_to(DType::f16, 0.1));
  EXPECT_EQ(execute(move)[0], 0.1);
}

}  // namespace
}  // namespace attnsim::replay
