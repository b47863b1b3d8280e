// Choosing tile sizes: the rules, and the solver against trying every pair.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/trace/tiles.h"

namespace attnsim {

static std::ostream& operator<<(std::ostream& out, const TileSizes& sizes) {
  return out << '(' << sizes.first << ", " << sizes.second << ')';
}

namespace {

/// A model made up of functions: `needs` words for a pair, which moves `moves` words.
class Model final : public TileModel {
 public:
  using OfPair = std::function<std::int64_t(std::int64_t, std::int64_t)>;

  Model(TileSizes limits, OfPair needs, OfPair moves)
      : limits_(limits), needs_(std::move(needs)), moves_(std::move(moves)) {}

  TileSizes limits() const override { return limits_; }
  std::vector<TileShape> footprint(TileSizes t) const override {
    return {{Role::operand, DType::f16, needs_(t.first, t.second), 1}};
  }
  ClosedForm closed_form(TileSizes t) const override {
    return {{.tensor = "X", .read = static_cast<std::uint64_t>(moves_(t.first, t.second))}};
  }
  std::uint64_t iterations(TileSizes t) const override {
    const auto blocks = [](std::int64_t n, std::int64_t b) { return (n + b - 1) / b; };
    return static_cast<std::uint64_t>(blocks(limits_.first, t.first) *
                                      blocks(limits_.second, t.second));
  }
  bool second_only_helps() const override { return second_only_helps_; }
  std::optional<TileSizes> released() const override { return released_; }
  TileSizes paper() const override { return {3, 5}; }

  bool second_only_helps_ = false;
  std::optional<TileSizes> released_{};

 private:
  TileSizes limits_;
  OfPair needs_, moves_;
};

std::int64_t sum(const std::vector<std::uint64_t>& values) {
  std::uint64_t out = 0;
  for (const std::uint64_t v : values) out += v;
  return static_cast<std::int64_t>(out);
}

/// Traffic, iterations, footprint: what the solver minimises, in this order.
using Key = std::array<std::int64_t, 3>;

Key key_of(const TileModel& model, const Target& target, TileSizes t) {
  std::int64_t elements = 0;
  for (const ClosedFormTerm& term : model.closed_form(t)) {
    elements += static_cast<std::int64_t>(term.read + term.written);
  }
  return {elements, static_cast<std::int64_t>(model.iterations(t)),
          sum(target.occupation_bits(model.footprint(t)))};
}

/// The best key of all pairs that fit, tried one by one.
std::optional<Key> best_of_all_pairs(const TileModel& model, const Target& target) {
  std::optional<Key> best;
  for (std::int64_t first = 1; first <= model.limits().first; ++first) {
    for (std::int64_t second = 1; second <= model.limits().second; ++second) {
      if (!target.fits(model.footprint({first, second}))) continue;
      const Key key = key_of(model, target, {first, second});
      if (!best || key < *best) best = key;
    }
  }
  return best;
}

void expect_best(const TileModel& model, const Target& target) {
  const auto best = best_of_all_pairs(model, target);
  const auto fitted = fit_tiles(model, target);
  ASSERT_EQ(fitted.has_value(), best.has_value());
  if (!fitted) return;
  EXPECT_TRUE(target.fits(model.footprint(fitted->sizes))) << fitted->sizes;
  ASSERT_EQ(key_of(model, target, fitted->sizes), *best) << fitted->sizes;
  EXPECT_EQ(fitted->rule, TileRule::fit);
  EXPECT_EQ(fitted->granularity, 1);
}

std::int64_t product(std::int64_t a, std::int64_t b) { return a * b; }

TEST(FitTiles, FindsTheLeastTrafficOfAnyModel) {
  const Workload workload;
  for (std::uint64_t capacity : {1u, 2u, 7u, 30u, 1000u}) {
    const MachineSpec machine = two_level_machine(capacity);
    const Target target(machine, workload);
    for (std::uint32_t salt = 1; salt <= 40; ++salt) {
      SCOPED_TRACE("capacity " + std::to_string(capacity) + ", salt " + std::to_string(salt));
      // Traffic without any pattern, in few different values, so that many pairs tie.
      const auto moves = [salt](std::int64_t a, std::int64_t b) {
        std::mt19937 scatter(salt * 10'000 + static_cast<std::uint32_t>(a * 100 + b));
        return static_cast<std::int64_t>(scatter() % 5);
      };
      ASSERT_NO_FATAL_FAILURE(expect_best(Model({12, 9}, product, moves), target));
    }
  }
}

TEST(FitTiles, LooksAtTheLargestSecondSizeOnlyWhereThatHelps) {
  const Workload workload;
  for (std::uint64_t capacity = 1; capacity <= 130; capacity += 3) {
    const MachineSpec machine = two_level_machine(capacity);
    const Target target(machine, workload);
    SCOPED_TRACE("capacity " + std::to_string(capacity));
    Model model({12, 9}, product,
                [](std::int64_t a, std::int64_t b) { return 100 * ((9 + b - 1) / b) + 7 * a; });
    model.second_only_helps_ = true;
    ASSERT_NO_FATAL_FAILURE(expect_best(model, target));
  }
}

// All pairs move alike. Three trips are fewest, by (2, 8) and (6, 3); the former is smaller.
TEST(FitTiles, TiesGoToFewerIterationsThenToLessMemory) {
  const Workload workload;
  const MachineSpec machine = two_level_machine(20);
  const Target target(machine, workload);
  const Model model({6, 8}, product, [](std::int64_t, std::int64_t) { return 1; });
  EXPECT_EQ(fit_tiles(model, target)->sizes, (TileSizes{2, 8}));
}

TEST(FitTiles, IsEmptyWhenNothingFits) {
  const Workload workload;
  const MachineSpec machine = two_level_machine(9);
  const Target target(machine, workload);
  const auto ten_each = [](std::int64_t a, std::int64_t b) { return 10 * a * b; };
  EXPECT_FALSE(fit_tiles(Model({4, 4}, ten_each, product), target).has_value());
}

TEST(FitTiles, StatesTheGranularityOfALargeSearch) {
  const Workload workload;
  const MachineSpec machine = two_level_machine(std::uint64_t{1} << 40);
  const Target target(machine, workload);
  const auto shrinking = [](std::int64_t a, std::int64_t b) { return 10'000 - a - b; };
  // 3000 x 1500 pairs: every second size leaves 1'125'000, every fourth 281'250.
  const auto fitted = fit_tiles(Model({3000, 1500}, product, shrinking), target);
  EXPECT_EQ(fitted->granularity, 4);
  EXPECT_EQ(fitted->sizes, (TileSizes{3000, 1500}));  // the limits are candidates whatever the step
}

AlgorithmInfo toy_info() {
  return {.id = "toy", .summary = {}, .source = {}, .tiles = {{"x", {}}, {"y", {}}}, .params = {}};
}

ChosenTiles choose(TileRule rule, std::optional<TileSizes> released, std::uint64_t capacity,
                   std::map<std::string, std::int64_t> sizes = {}) {
  const Workload workload;
  MachineSpec machine = two_level_machine(capacity);
  machine.arch = "sm00";
  const Target target(machine, workload);
  Model model({6, 8}, product, [](std::int64_t, std::int64_t) { return 1; });
  model.released_ = released;
  return choose_tiles({.rule = rule, .sizes = std::move(sizes)}, toy_info(), model, target);
}

TEST(ChooseTiles, AutomaticIsReleasedWhereTheTableHasTheCase) {
  const ChosenTiles chosen = choose(TileRule::automatic, TileSizes{64, 32}, 20);
  EXPECT_EQ(chosen.sizes, (TileSizes{64, 32}));
  EXPECT_EQ(chosen.rule, TileRule::released);
}

TEST(ChooseTiles, AutomaticIsFitElsewhere) {
  const ChosenTiles chosen = choose(TileRule::automatic, std::nullopt, 20);
  EXPECT_EQ(chosen.sizes, (TileSizes{2, 8}));
  EXPECT_EQ(chosen.rule, TileRule::fit);
}

TEST(ChooseTiles, PaperIsTakenWhetherItFitsOrNot) {
  const ChosenTiles chosen = choose(TileRule::paper, TileSizes{64, 32}, 1);
  EXPECT_EQ(chosen.sizes, (TileSizes{3, 5}));
  EXPECT_EQ(chosen.rule, TileRule::paper);
}

TEST(ChooseTiles, ExplicitSizesAreTakenByName) {
  const ChosenTiles chosen = choose(TileRule::explicit_sizes, {}, 1, {{"y", 7}, {"x", 70}});
  EXPECT_EQ(chosen.sizes, (TileSizes{70, 7}));
  EXPECT_EQ(chosen.rule, TileRule::explicit_sizes);
}

std::string fault_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no UserError";
}

TEST(ChooseTiles, ReleasedNeedsTheCaseInTheTable) {
  EXPECT_EQ(fault_of([] { choose(TileRule::released, std::nullopt, 20); }),
            "algorithm.tiles: 'toy' has no released tiles for this shape on 'abstract_two_level'; "
            "use fit, "
            "paper or explicit sizes");
}

TEST(ChooseTiles, FitSaysWhatTheSmallestBlockNeeds) {
  EXPECT_EQ(fault_of([] { choose(TileRule::fit, std::nullopt, 0); }),
            "algorithm.tiles: 'toy' is infeasible: even the smallest block needs 2 bytes on chip, "
            "more than this machine has");
}

TEST(ChooseTiles, ExplicitSizesArePositive) {
  EXPECT_NE(fault_of([] {
              choose(TileRule::explicit_sizes, {}, 20, {{"x", 0}, {"y", 4}});
            }),
            "no UserError");
  EXPECT_NE(fault_of([] {
              choose(TileRule::explicit_sizes, {}, 20, {{"x", 4}, {"y", -1}});
            }),
            "no UserError");
}

// The models of the algorithms.

struct Problem {
  std::string algorithm;
  Workload workload;
  std::uint64_t capacity;
  bool option;  // trimmed, pack_gqa

  RunSpec run(TileChoice tiles) const {
    RunSpec spec;
    spec.workload = workload;
    spec.machine = two_level_machine(capacity);
    spec.algorithm.name = algorithm;
    spec.algorithm.tiles = std::move(tiles);
    spec.algorithm.params.set("trimmed", option);
    spec.algorithm.params.set("pack_gqa", option);
    return spec;
  }

  std::string text() const {
    const Workload& w = workload;
    return algorithm + (option ? " (option)" : "") + ", heads " + std::to_string(w.heads) + "/" +
           std::to_string(w.kv_heads) + ", " + std::to_string(w.seqlen_q) + " x " +
           std::to_string(w.seqlen_kv) + ", d " + std::to_string(w.head_dim) + "/" +
           std::to_string(w.head_dim_v) + (w.causal ? ", causal" : "") +
           (w.window_left ? ", left " + std::to_string(*w.window_left) : "") + ", M " +
           std::to_string(capacity);
  }
};

std::uint64_t words(const ClosedForm& form) {
  std::uint64_t sum = 0;
  for (const ClosedFormTerm& term : form) sum += term.read + term.written;
  return sum;
}

/// Words of the three blocks of a matrix product; the other algorithms say it themselves.
std::uint64_t needed(const Problem& problem, const replay::PlannedRun& planned) {
  if (problem.algorithm != "standard") {
    return static_cast<std::uint64_t>(
        sum(planned.target().occupation_bits(planned.schedule().footprint())) /
        problem.workload.word_bits());
  }
  const auto [b, bk] = planned.schedule().tiles().sizes;
  return static_cast<std::uint64_t>(b * b + 2 * b * bk);
}

struct Best {
  std::uint64_t words = ~std::uint64_t{0};
  TileSizes sizes{};
};

/// Tries every pair up to sizes that no axis of the problem reaches.
Best best_of_all_pairs(const Problem& problem) {
  const Workload& w = problem.workload;
  const std::int64_t most =
      std::max({w.seqlen_q * w.group(), w.seqlen_kv, w.head_dim, w.head_dim_v}) + 1;
  const bool standard = problem.algorithm == "standard";
  Best best;
  for (std::int64_t first = 1; first <= most; ++first) {
    for (std::int64_t second = 1; second <= most; ++second) {
      const replay::PlannedRun planned(problem.run(
          {.rule = TileRule::explicit_sizes,
           .sizes = {{standard ? "b" : "Br", first}, {standard ? "bk" : "Bc", second}}}));
      if (needed(problem, planned) > problem.capacity) continue;
      const std::uint64_t moved = words(planned.schedule().closed_form());
      if (moved < best.words) best = {moved, {first, second}};
    }
  }
  return best;
}

/// Random small problems that the smallest block fits in.
void expect_least_traffic(const std::string& algorithm, bool option, bool masked) {
  std::mt19937 engine(algorithm.size() * 4 + (option ? 2 : 0) + (masked ? 1 : 0));
  const auto between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(engine() % static_cast<std::uint32_t>(high - low + 1));
  };
  for (int i = 0; i < 40; ++i) {
    Problem p{.algorithm = algorithm, .workload = {}, .capacity = 0, .option = option};
    p.workload.kv_heads = 1;
    p.workload.heads = between(1, 3);
    p.workload.seqlen_q = between(1, 12);
    p.workload.seqlen_kv = between(1, 12);
    p.workload.head_dim = between(1, 6);
    p.workload.head_dim_v = between(1, 6);
    if (masked) {
      p.workload.causal = between(0, 1) == 1;
      if (between(0, 1) == 1 || !p.workload.causal) p.workload.window_left = between(0, 9);
    }
    p.capacity = static_cast<std::uint64_t>(between(30, 200));
    const Best best = best_of_all_pairs(p);
    const replay::PlannedRun planned(p.run({.rule = TileRule::fit, .sizes = {}}));
    const TileSizes sizes = planned.schedule().tiles().sizes;
    ASSERT_EQ(words(planned.schedule().closed_form()), best.words)
        << p.text() << ": fit chose " << sizes << ", but see " << best.sizes;
    ASSERT_LE(needed(p, planned), p.capacity) << p.text();
  }
}

TEST(FitTiles, OfStandardMovesLeast) { expect_least_traffic("standard", false, false); }

TEST(FitTiles, OfFlashAttention1MovesLeast) {
  expect_least_traffic("flash_attention_1", false, false);
}

TEST(FitTiles, OfFlashAttention1TrimmedMovesLeast) {
  expect_least_traffic("flash_attention_1", true, false);
}

TEST(FitTiles, OfFlashAttention2MovesLeast) {
  expect_least_traffic("flash_attention_2", false, false);
}

TEST(FitTiles, OfFlashAttention2PackedMovesLeast) {
  expect_least_traffic("flash_attention_2", true, false);
}

TEST(FitTiles, OfMaskedFlashAttention1MovesLeast) {
  expect_least_traffic("flash_attention_1", false, true);
  expect_least_traffic("flash_attention_1", true, true);
}

TEST(FitTiles, OfMaskedFlashAttention2MovesLeast) {
  expect_least_traffic("flash_attention_2", false, true);
  expect_least_traffic("flash_attention_2", true, true);
}

// V and O are wider than the problem is long: P is read once for each block of columns of O.
TEST(FitTiles, OfStandardMayCutTheHeadIntoFewBlocks) {
  const Problem decode{
      .algorithm = "standard",
      .workload = {.seqlen_q = 1, .seqlen_kv = 4, .head_dim = 16, .head_dim_v = 16},
      .capacity = 1000,
      .option = false};
  const replay::PlannedRun planned(decode.run({.rule = TileRule::fit, .sizes = {}}));
  // Q, K, V and O once; S and P written and read once.
  EXPECT_EQ(words(planned.schedule().closed_form()), 16u + 64 + 64 + 16 + 4 * 4);
}

// The block of keys 0 .. 6 is seen by all 10 rows, that of keys 7 .. 9 by 3: 13 visits. Cut evenly,
// after 5 keys, they are 15. Bc = 7 just fits: (1 + 7) * 2 + 7 + 4 words.
TEST(FitTiles, OfACausalMaskMayCutTheKeysUnevenly) {
  const Problem causal{
      .algorithm = "flash_attention_1",
      .workload = {.seqlen_q = 10, .seqlen_kv = 10, .head_dim = 1, .head_dim_v = 1, .causal = true},
      .capacity = 27,
      .option = false};
  const replay::PlannedRun planned(causal.run({.rule = TileRule::fit, .sizes = {}}));
  EXPECT_EQ(planned.schedule().tiles().sizes, (TileSizes{1, 7}));
}

}  // namespace
}  // namespace attnsim
