// The table of sources, and the list of fitted rows.
#include <string>

#include <gtest/gtest.h>

#include "sim/config/validation_files.h"
#include "tests/unit/config_fixture.h"

namespace attnsim::config {
namespace {

class SourceRules : public ConfigFolder {
 protected:
  static std::vector<SourceRule> read(const std::string& text) {
    return load_source_rules_text(text, "s.yaml", catalogue());
  }
  static std::string complaint(const std::string& text) {
    try {
      read(text);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }
};

TEST_F(SourceRules, ARuleIsReadInFull) {
  const auto rules = read(R"(rules:
  - source: paper *
    algorithm: blocked
    variant: mine
    hardware: small
    simulate: {name: blocked, tiles: released, depth: 3}
    backward: {mode: b}
    clock: 1.83 GHz
    host_overhead: 5 us
    conditions_stated: true
    ignores: [mask, host]
    why: because
)");
  ASSERT_EQ(rules.size(), 1U);
  const SourceRule& rule = rules[0];
  EXPECT_EQ(rule.source, "paper *");
  EXPECT_EQ(rule.hardware, "small");
  EXPECT_EQ(rule.simulate, "blocked");
  ASSERT_TRUE(rule.forward && rule.backward);
  EXPECT_EQ(rule.forward->tiles.rule, TileRule::released);
  EXPECT_EQ(rule.forward->params.integer("depth"), 3);
  EXPECT_EQ(rule.forward->params.choice("mode"), "a");
  EXPECT_EQ(rule.backward->params.integer("depth"), 3) << "what simulate says holds here, too";
  EXPECT_EQ(rule.backward->params.choice("mode"), "b");
  EXPECT_EQ(rule.clock, 1.83e9);
  EXPECT_DOUBLE_EQ(rule.host_overhead, 5e-6);
  EXPECT_TRUE(rule.conditions_stated);
  EXPECT_EQ(rule.ignores, (std::vector<std::string>{"mask", "host"}));
}

TEST_F(SourceRules, AnAlgorithmOfTheFutureIsNoFault) {
  const auto rules = read(
      "rules:\n  - {source: a, algorithm: b, simulate: {name: later, stages: 2}, why: x}\n"
      "  - {source: a, algorithm: '*', unsupported: unknown schedule, why: x}\n");
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].simulate, "later");
  EXPECT_FALSE(rules[0].forward);
  EXPECT_EQ(rules[1].unsupported, "unknown schedule");
  EXPECT_EQ(rules[1].variant, "*");
}

TEST_F(SourceRules, TellsEveryFault) {
  EXPECT_EQ(complaint(R"(rules:
  - {source: a, algoritm: blocked, simulate: blocked, why: x}
  - {source: a, algorithm: blocked, simulate: {name: blocked, depht: 3}, why: x}
  - {source: a, algorithm: blocked, simulate: blocked, unsupported: no, why: x}
  - {source: a, algorithm: blocked, why: x, clock: 5}
  - {source: a, algorithm: blocked, why: x}
)"),
            "s.yaml:2:5: rules[0]: missing key 'algorithm' (pattern)\n"
            "s.yaml:2:17: rules[0]: unknown key 'algoritm'; did you mean 'algorithm'?\n"
            "s.yaml:3:63: rules[1].simulate: unknown key 'depht'; did you mean 'depth'?\n"
            "s.yaml:4:5: rules[2]: expected one of simulate and unsupported\n"
            "s.yaml:5:52: rules[3].clock: expected a frequency with a unit (Hz, kHz, MHz, GHz), "
            "got '5'\n"
            "s.yaml:6:5: rules[4]: expected one of simulate and unsupported");
  EXPECT_EQ(complaint("- a\n"), "s.yaml:1:1: expected a map, got a list");
  EXPECT_EQ(complaint("rule: []\n"),
            "s.yaml:1:1: unknown key 'rule'; did you mean 'rules'?\n"
            "s.yaml:1:1: missing key 'rules' (list of rules)");
}

TEST_F(SourceRules, IdsAreOneALine) {
  write("ids.txt", "# fitted\na-1\n\n  b-2  # the longest\n");
  EXPECT_EQ(load_ids("ids.txt", search()), (std::set<std::string>{"a-1", "b-2"}));
  write("ids.txt", "a\nb\na\n");
  try {
    load_ids("ids.txt", search());
    FAIL() << "accepted";
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "ids.txt:3:1: duplicate id 'a'");
  }
}

}  // namespace
}  // namespace attnsim::config
