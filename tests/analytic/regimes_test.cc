// The crossovers and ratios of docs/bounds.md, section 10, and where the formulas put them.
#include "sim/study/regimes.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/study/best_schedule.h"
#include "tests/support/square_workload.h"

namespace attnsim {
namespace {

using test::square;

AlgorithmChoice choice(const std::string& name, TileRule rule) {
  return {.name = name, .tiles = {.rule = rule}};
}

study::RegimesRequest request(const Workload& w, TileRule square_tiles = TileRule::fit) {
  study::RegimesRequest out{.workload = w, .sizes = study::telling_sizes(w)};
  for (const char* id : {"flash_attention_1", "flash_attention_2", "outer_product_tiling"}) {
    out.algorithms.push_back(choice(id, TileRule::fit));
  }
  out.algorithms.push_back(choice("square_tiling", square_tiles));
  return out;
}

/// Fails the test, and is of nothing, where there is none.
Crossover crossover(const Regimes& regimes, const std::string& algorithm, const std::string& over) {
  for (const Crossover& at : regimes.crossovers) {
    if (at.algorithm == algorithm && at.over == over) return at;
  }
  ADD_FAILURE() << algorithm << " never overtakes " << over;
  return {};
}

/// "4400, 0.27 (first 3882, 0.24)", as the table has it.
std::string cell(const Crossover& at, const Regimes& regimes) {
  std::array<char, 80> out{};
  const double part = regimes.in_head_dims(at.from);
  const auto from = static_cast<unsigned long long>(at.from.count);
  if (at.first == at.from) {
    std::snprintf(out.data(), out.size(), "%llu, %.2f", from, part);
  } else {
    std::snprintf(out.data(), out.size(), "%llu, %.2f (first %llu, %.2f)", from, part,
                  static_cast<unsigned long long>(at.first.count), regimes.in_head_dims(at.first));
  }
  return out.data();
}

const std::string& document() {
  static const std::string text = [] {
    std::ifstream file(std::string(ATTNSIM_SOURCE_DIR) + "/docs/bounds.md");
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  return text;
}

void expect_in_document(const std::string& row) {
  EXPECT_NE(document().find(row), std::string::npos) << row;
}

TEST(Regimes, CrossoversAreThoseOfTheDocument) {
  std::string by_paper;
  std::string by_fit;
  std::string columns;
  std::string first_version;
  for (const std::int64_t head_dim : {64, 128, 256}) {
    const Workload w = square(4096, head_dim);
    const Regimes fitted = study::regimes(request(w));
    const Regimes paper = study::regimes(request(w, TileRule::paper));
    const auto add = [](std::string& row, const Regimes& regimes, const std::string& algorithm,
                        const std::string& over) {
      row += cell(crossover(regimes, algorithm, over), regimes) + " | ";
    };
    add(by_paper, paper, "flash_attention_2", "square_tiling");
    add(by_fit, fitted, "flash_attention_2", "square_tiling");
    add(columns, fitted, "flash_attention_2", "outer_product_tiling");
    add(first_version, fitted, "flash_attention_1", "outer_product_tiling");
  }
  expect_in_document("B = floor(sqrt(M / 4)) | " + by_paper + "0.209 |");
  expect_in_document("(`square_tiling`) | " + by_fit + "0.265 |");
  expect_in_document("(`outer_product_tiling`) | " + columns + "0.575 |");
  expect_in_document("FlashAttention-1 over the same | " + first_version + "1.293 |");
}

/// FlashAttention overtakes far below M = d^2; at the first sizes it is 0.24 to 0.29 d^2 against
/// the paper's blocks, counted by hand from the loops of both papers.
TEST(Regimes, ThePracticalCrossoverIsNearAQuarterOfTheSquare) {
  for (const auto& [head_dim, first] : {std::pair{64, 0.29}, {128, 0.24}, {256, 0.23}}) {
    const Regimes regimes = study::regimes(request(square(4096, head_dim), TileRule::paper));
    const Crossover at = crossover(regimes, "flash_attention_2", "square_tiling");
    EXPECT_NEAR(regimes.in_head_dims(at.first), first, 0.005) << head_dim;
  }
}

/// For M a fixed part x of d^2 and d, N without limit, in N^2: FlashAttention-1 and 2 move 6 / x
/// and 4 / x, blocks of sqrt(M) / c move 3 c / sqrt(x) + 1 + ceil(c / sqrt(x)). Table of section
/// 10: the x at which they are equal.
TEST(Regimes, CrossoversWithoutLimit) {
  const auto stored = [](double c, double x) {
    return 3 * c / std::sqrt(x) + 1 + std::ceil(c / std::sqrt(x));
  };
  EXPECT_NEAR(stored(2, 0.209), 4 / 0.209, 0.05) << "the paper's squares";
  EXPECT_NEAR(stored(std::sqrt(3), 0.265), 4 / 0.265, 0.05) << "the largest squares";
  EXPECT_NEAR(stored(1, 0.575), 4 / 0.575, 0.05) << "single columns";
  EXPECT_NEAR(stored(1, 1.293), 6 / 1.293, 0.05) << "FlashAttention-1";
}

/// The leads of the figure: once the other way round, for 102 words of M.
TEST(Regimes, LeadsOfTheFigure) {
  const Regimes regimes = study::regimes(request(square(4096, 128)));
  std::vector<std::pair<std::string, std::uint64_t>> leads;
  for (const Lead& lead : regimes.leads) leads.emplace_back(lead.algorithm, lead.from.count);
  EXPECT_EQ(leads,
            (std::vector<std::pair<std::string, std::uint64_t>>{{"outer_product_tiling", 512},
                                                                {"flash_attention_2", 9839},
                                                                {"outer_product_tiling", 9996},
                                                                {"flash_attention_2", 10098}}));
  EXPECT_EQ(regimes.leads[3].words.count, 114298880U);
}

/// "2.43 at M = 4512"
std::string ratio_text(const RegimePoint& at) {
  std::array<char, 80> out{};
  std::snprintf(out.data(), out.size(), "%.2f at M = %llu", at.over_bound(),
                static_cast<unsigned long long>(at.m_words.count));
  return out.data();
}

TEST(Regimes, LargestRatiosAreThoseOfTheDocument) {
  for (const std::int64_t seqlen : {1024, 4096}) {
    for (const std::int64_t head_dim : {64, 128}) {
      study::RegimesRequest asked = request(square(seqlen, head_dim));
      const Regimes published = study::regimes(asked);
      asked.best_nest = true;
      const Regimes best = study::regimes(asked);
      ASSERT_NE(published.furthest(), nullptr);
      ASSERT_NE(best.furthest(), nullptr);
      EXPECT_LE(best.furthest()->over_bound(), 2.5);
      EXPECT_EQ(best.furthest()->least, kBestNest);
      expect_in_document("| " + std::to_string(seqlen) + ", " + std::to_string(head_dim) + " | " +
                         ratio_text(*best.furthest()) + " (" + best.furthest()->bound + ") | " +
                         ratio_text(*published.furthest()) + " |");
    }
  }
}

}  // namespace
}  // namespace attnsim
