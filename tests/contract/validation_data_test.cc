// The measurements that come with the project, and what says how they are simulated.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/config/validation_files.h"
#include "sim/trace/algorithm.h"

namespace attnsim::contract {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const fs::path path = fs::path(ATTNSIM_SOURCE_DIR) / "analysis" / "validation";
  return path;
}

config::SearchPath share() { return {.share = ATTNSIM_SOURCE_DIR}; }

const std::vector<Measurement>& measurements() {
  static const std::vector<Measurement> all = [] {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder() / "measurements")) {
      if (entry.path().extension() == ".csv") files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
    return config::load_measurements(files);
  }();
  return all;
}

const std::vector<SourceRule>& rules() {
  static const std::vector<SourceRule> all = config::load_source_rules(
      (folder() / "sources.yaml").string(), algorithm_catalogue(), share());
  return all;
}

const SourceRule* rule_of(const Measurement& row) {
  return find_rule(rules(), row.source, row.algorithm, row.variant, row.hardware,
                   {row.workload.head_dim, row.workload.causal, row.ref});
}

TEST(ValidationData, HasARuleOrAReasonForEveryRow) {
  ASSERT_GT(measurements().size(), 900U);
  std::set<std::string> without;
  for (const Measurement& row : measurements()) {
    if (rule_of(row) == nullptr) {
      without.insert(row.source + " | " + row.algorithm + " | " + row.variant);
    }
  }
  for (const std::string& row : without) ADD_FAILURE() << "no rule for " << row;
}

TEST(ValidationData, EveryRuleSaysWhyAndIsReached) {
  std::set<const SourceRule*> reached;
  for (const Measurement& row : measurements()) reached.insert(rule_of(row));
  for (const SourceRule& rule : rules()) {
    EXPECT_FALSE(rule.why.empty()) << rule.source << " " << rule.algorithm;
    EXPECT_TRUE(reached.contains(&rule))
        << rule.source << " | " << rule.algorithm << " | " << rule.variant << " | " << rule.ref;
  }
}

/// A released kernel is never given other tiles than its own, of its time: without them the row is
/// unsupported. Only a rule for one shape can name those of an earlier release.
TEST(ValidationData, FlashAttentionRunsOnReleasedTiles) {
  for (const SourceRule& rule : rules()) {
    if (!rule.forward || !rule.simulate.starts_with("flash_attention")) continue;
    if (rule.head_dim && rule.causal) continue;
    EXPECT_EQ(rule.forward->tiles.rule, TileRule::released) << rule.source;
    EXPECT_EQ(rule.backward->tiles.rule, TileRule::released) << rule.source;
  }
}

TEST(ValidationData, AtMostAFifthOfTheRowsIsFitted) {
  const std::set<std::string> fitted =
      config::load_ids((folder() / "fitted_rows.txt").string(), share());
  std::set<std::string> ids;
  for (const Measurement& row : measurements()) ids.insert(row.id);
  for (const std::string& id : fitted) EXPECT_TRUE(ids.contains(id)) << id;
  EXPECT_LE(5 * fitted.size(), ids.size());
}

}  // namespace
}  // namespace attnsim::contract
