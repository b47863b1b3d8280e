// Runs of one head on the two-level machine, whose every element is a word, and their counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"

namespace attnsim {

/// N x d, M words of fast memory, every parameter at its default.
inline RunSpec two_level_run(std::int64_t N, std::int64_t d, std::uint64_t M,
                             const std::string& algorithm, Pass pass = Pass::forward) {
  RunSpec run;
  run.workload = {.seqlen_q = N, .seqlen_kv = N, .head_dim = d, .head_dim_v = d, .pass = pass};
  run.machine = two_level_machine(M);
  run.algorithm.name = algorithm;
  run.algorithm.params.set("trimmed", false);
  run.algorithm.params.set("pack_gqa", false);
  run.algorithm.params.set("dq", std::string("core"));
  run.algorithm.params.set("variant", std::string("stable"));
  return run;
}

inline RunSpec with_rule(RunSpec run, TileRule rule) {
  run.algorithm.tiles.rule = rule;
  return run;
}

inline RunSpec with_tiles(RunSpec run, std::map<std::string, std::int64_t> sizes) {
  run.algorithm.tiles = {.rule = TileRule::explicit_sizes, .sizes = std::move(sizes)};
  return run;
}

inline std::uint64_t total_words(const Result& result) {
  return result.io_row("hbm", "total")->words().count;
}

/// The replay, after checking that the formula equals it tensor by tensor.
inline Result replay_against_formula(const RunSpec& run) {
  Result result = replay::replay(run);
  for (const ClosedFormRow& row : result.closed_form) EXPECT_TRUE(row.equals) << row.tensor;
  EXPECT_EQ(result.closed_form.back().tensor, "total");
  EXPECT_EQ(result.closed_form.back().words.count, total_words(result));
  return result;
}

}  // namespace attnsim
