// list, help, and everything a command line can get wrong.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

TEST(List, EveryKindInEveryFormat) {
  const std::vector<std::string> kinds = {"algorithms", "hardware", "masks", "ops", "policies"};
  for (const std::string& kind : kinds) {
    EXPECT_NE(output_of("list " + kind), "") << kind;
    const json listed = json::parse(output_of("list " + kind + " --format json"));
    EXPECT_TRUE(listed.at(kind).is_array()) << kind;
    EXPECT_FALSE(listed.at(kind).empty()) << kind;
    EXPECT_NE(output_of("list " + kind + " --format csv"), "") << kind;
  }
  EXPECT_EQ(json::parse(output_of("list --format json")).at("kinds"), json(kinds));
}

TEST(List, KnowsTheAlgorithmsAndTheMasks) {
  const std::string algorithms = output_of("list algorithms");
  for (const char* id : {"standard", "flash_attention_1", "flash_attention_2"}) {
    EXPECT_NE(algorithms.find(id), std::string::npos) << id;
  }
  EXPECT_EQ(json::parse(output_of("list masks --format json")).at("masks"),
            json({"a_shape", "bigbird", "butterfly", "causal", "dilated", "global", "longformer",
                  "random", "topk_blocks", "window", "recorded"}));
}

TEST(Help, OverviewNamesEveryVerb) {
  const std::string overview = output_of("help");
  EXPECT_EQ(output_of("--help"), overview);
  EXPECT_EQ(output_of("-h"), overview);
  for (const char* verb : {"run", "explain", "verify", "bounds", "sweep", "compare", "check",
                           "trace", "list", "help"}) {
    EXPECT_NE(overview.find(std::string("\n  ") + verb + " "), std::string::npos) << verb;
  }
}

TEST(Help, OfAVerbIsTheSameBothWaysAndNamesItsOptions) {
  for (const char* verb : {"run", "verify", "bounds", "sweep", "check", "trace", "list", "help"}) {
    const std::string text = output_of(std::string("help ") + verb);
    EXPECT_EQ(output_of(std::string(verb) + " --help"), text);
    EXPECT_EQ(output_of(std::string(verb) + " -h"), text);
    EXPECT_TRUE(text.starts_with(std::string("usage: attnsim ") + verb)) << text;
    EXPECT_NE(text.find("--quiet"), std::string::npos) << text;
  }
  EXPECT_NE(output_of("help run").find("--workload"), std::string::npos);
}

TEST(Help, OfConfigurationAndAlgorithms) {
  EXPECT_NE(output_of("help config").find("seqlen"), std::string::npos);
  const std::string text = output_of("help flash_attention_2");
  EXPECT_NE(text.find("Br"), std::string::npos) << text;
  EXPECT_NE(text.find("pack_gqa"), std::string::npos) << text;
}

TEST(Help, FitsATerminal) {
  for (const char* topic :
       {"", "run", "verify", "bounds", "sweep", "check", "trace", "list", "help"}) {
    const std::string text = output_of(std::string("help ") + topic);
    std::size_t width = 0;
    for (const char c : text) {
      width = c == '\n' ? 0 : width + 1;
      EXPECT_LE(width, 100U) << text;
    }
  }
}

TEST(Version, IsTheSameEverywhere) {
  EXPECT_EQ(output_of("--version"), "attnsim 0.1.0\n");
  for (const char* verb : {"run", "verify", "bounds", "sweep", "check", "trace", "list", "help"}) {
    EXPECT_EQ(output_of(std::string(verb) + " --version"), "attnsim 0.1.0\n");
  }
}

TEST(Refused, UnknownNamesWithASuggestion) {
  expect_refused("verfy", "unknown verb 'verfy'; did you mean 'verify'?");
  expect_refused("list --fromat json",
                 "unknown option '--fromat'; did you mean '--format'? (expected one of: --format, "
                 "--output, --quiet, --help, --version)");
  expect_refused("list --form json",  // no guessing: an abbreviation may change its meaning
                 "unknown option '--form'; did you mean '--format'? (expected one of: --format, "
                 "--output, --quiet, --help, --version)");
  expect_refused("list --format jsn",
                 "unknown format 'jsn'; did you mean 'json'? (expected one of: table, json, csv)");
  expect_refused("list harware",
                 "there is no list of 'harware'; did you mean 'hardware'? (expected one of: "
                 "algorithms, hardware, masks, ops, policies)");
  const Outcome algorithm = attnsim("verify --algorithm flash_atention_2");
  EXPECT_EQ(algorithm.code, 2);
  EXPECT_TRUE(algorithm.err.starts_with(
      "unknown algorithm 'flash_atention_2'; did you mean 'flash_attention_2'?"))
      << algorithm.err;
  const Outcome topic = attnsim("help flash_atention_2");
  EXPECT_EQ(topic.code, 2);
  EXPECT_NE(topic.err.find("did you mean 'flash_attention_2'?"), std::string::npos) << topic.err;
}

TEST(Refused, VerbsThatThisVersionDoesNotHave) {
  for (const char* verb : {"report"}) {
    const Outcome outcome = attnsim(verb);
    EXPECT_EQ(outcome.code, 2) << verb;
    EXPECT_TRUE(outcome.err.starts_with(std::string("unknown verb '") + verb + "'")) << verb;
  }
}

TEST(Refused, OptionsUsedWrongly) {
  expect_refused("run --format", "option '--format' needs a value");
  expect_refused("run --format=", "option '--format' needs a value");
  expect_refused("run --no-time=1", "option '--no-time' takes no value");
  expect_refused("run --format json --format csv", "option '--format' is given more than once");
  expect_refused("run --output ''", "option '--output' needs the name of a file");
  expect_refused("verify --cases 0",
                 "option '--cases' needs a whole number of at least 1, got '0'");
  expect_refused("verify --cases=-3",
                 "option '--cases' needs a whole number of at least 1, got '-3'");
  expect_refused("verify --seed 1.5",
                 "option '--seed' needs a whole number of at least 0, got '1.5'");
  expect_refused("verify --seed 18446744073709551616",
                 "option '--seed' needs a whole number of at least 0, got '18446744073709551616'");
}

TEST(Refused, ArgumentsUsedWrongly) {
  expect_refused("check", "'attnsim check' needs a CHECK.yaml");
  expect_refused("run a.yaml b.yaml", "'attnsim run' takes one RUN.yaml, got 'b.yaml' too");
  expect_refused("list masks ops", "'attnsim list' takes one KIND, got 'ops' too");
  expect_refused("run ''", "an argument is empty; expected a RUN.yaml");
  expect_refused("--format json list", "expected a verb before '--format'");
}

TEST(Refused, NothingAtAll) {
  const Outcome outcome = attnsim("");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "no verb given\n\n" + output_of("--help"));
}

}  // namespace
}  // namespace attnsim::e2e
