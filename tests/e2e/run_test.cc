// attnsim run and bounds: the numbers of theory, in every format.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

/// The point N = 1024, d = 64 on a two-level machine of M = 25600 words.
constexpr const char* kPoint = "run configs/runs/theory/1024_64_25600.yaml ";

/// The JSON result of a run that must succeed in silence.
json result_of(const std::string& arguments) {
  const Outcome outcome = attnsim(arguments + " --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return json::parse(outcome.out);
}

const json& row(const json& rows, const std::string& key, const std::string& value) {
  for (const json& candidate : rows) {
    if (candidate.at(key) == value) return candidate;
  }
  throw std::runtime_error("no row with " + key + " " + value + " in " + rows.dump());
}

std::uint64_t hbm_words(const json& result) {
  return row(result.at("io"), "tensor", "total").at("words").get<std::uint64_t>();
}

bool sram_fits(const json& result) {
  return row(result.at("footprint"), "space", "sram").at("fits").get<bool>();
}

struct TheoryCase {
  std::string options;
  std::uint64_t words;
  bool fits;
};

TEST(Run, CountsTheWordsOfTheory) {
  const std::vector<TheoryCase> cases = {
      {"--algorithm flash_attention_1 --set algorithm.tiles=paper", 2406400, false},
      {"--algorithm flash_attention_1 --set algorithm.tiles=fit", 1402880, true},
      {"--algorithm flash_attention_2 --set algorithm.tiles=fit", 918528, true},
      {"--workload causal=true --set algorithm.tiles='{Br: 100, Bc: 64}'", 1008640, false},
  };
  for (const TheoryCase& c : cases) {
    const json result = result_of(kPoint + c.options);
    EXPECT_EQ(hbm_words(result), c.words) << c.options;
    EXPECT_EQ(sram_fits(result), c.fits) << c.options;
    const json& form = row(result.at("closed_form"), "memory", "hbm");
    EXPECT_EQ(form.at("words"), c.words) << c.options;
    EXPECT_EQ(form.at("equals"), true) << c.options;
  }
}

TEST(Run, JsonHasEverySection) {
  const json result = result_of(kPoint);
  for (const char* key : {"schema_version", "tool", "run", "io", "closed_form", "footprint",
                          "bounds", "work", "provenance"}) {
    EXPECT_TRUE(result.contains(key)) << key;
  }
  EXPECT_EQ(result.at("tool").at("name"), "attnsim");
  EXPECT_EQ(result.at("run").at("algorithm").at("name"), "flash_attention_2");
  EXPECT_EQ(result.at("run").at("hardware").at("id"), "abstract_two_level");
}

TEST(Run, ProvenanceHoldsTheCommandAsAShellTakesIt) {
  const json result = result_of(
      "run --hardware abstract_two_level --workload seqlen=64,head_dim=8 "
      "--set hardware.memories.sram.capacity='2048 words'");
  EXPECT_EQ(result.at("provenance").at("command"),
            "attnsim run --hardware abstract_two_level --workload seqlen=64,head_dim=8 "
            "--set 'hardware.memories.sram.capacity=2048 words' --format json");
}

TEST(Run, HashIsOfTheConfigurationAndNotOfItsSpelling) {
  const auto hash = [](const std::string& arguments) {
    return result_of(arguments).at("provenance").at("config_hash").get<std::string>();
  };
  const std::string small = "run --hardware abstract_two_level --workload ";
  const std::string base = hash(small + "seqlen=64,head_dim=8");
  EXPECT_EQ(base.size(), 16U);
  EXPECT_EQ(base.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(hash(small + "head_dim=8,seqlen_kv=64,seqlen_q=64 --no-time"), base);
  EXPECT_NE(hash(small + "seqlen=65,head_dim=8"), base);
}

TEST(Run, TableSaysWhatDoesNotFit) {
  const Outcome outcome =
      attnsim(kPoint + std::string("--algorithm flash_attention_1 --set algorithm.tiles=paper"));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("OVER"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("2,406,400"), std::string::npos) << outcome.out;
}

TEST(Run, CsvHasOneLinePerTensor) {
  const Outcome outcome = attnsim(kPoint + std::string("--format csv"));
  EXPECT_EQ(outcome.code, 0);
  std::size_t lines = 0;
  for (const char c : outcome.out) lines += c == '\n' ? 1 : 0;
  EXPECT_EQ(lines, 7U) << outcome.out;  // header; Q, K, V, O, L, total
}

TEST(Run, CachesOfCoresAreAddedWithSet) {
  const json result = result_of(
      "run --algorithm flash_attention_2 --hardware nvidia_a100_sxm_80 "
      "--workload seqlen=1024,head_dim=64 "
      "--set 'hardware.memories.l1={kind: cache, per: core, parent: l2, capacity: 24 KiB, "
      "line: 128 B, sector: 32 B, ways: 4, policy: lru, write: through, allocate: false}' "
      "--set hardware.memories.sram.parent=l1 --set hardware.memories.regs.parent=l1 "
      "--set 'hardware.memories.l2.policy=lru' --set hardware.memories.l2.ways=16");
  const auto total = [&](const char* cache, const char* field) {
    for (const json& r : result.at("caches")) {
      if (r.at("name") == cache && r.at("tensor") == "total") return r.at(field).get<int>();
    }
    throw std::runtime_error(cache);
  };
  // 8 tasks on 8 of 108 cores: no L1 sees anything twice, so the L2 sees all of it, in sectors.
  const int sectors = (8 * (2 * 1024 + 128) * 128 + 1024 * (128 + 4)) / 32;  // K V Q, O L
  EXPECT_EQ(total("l1", "accesses"), sectors);
  EXPECT_EQ(total("l1", "hits"), 0);
  EXPECT_EQ(total("l2", "accesses"), sectors);
  EXPECT_EQ(total("l2", "cold"), (4 * 1024 * 128 + 1024 * 4) / 32);
  EXPECT_EQ(hbm_words(result), (4 * 1024 * 128 + 1024 * 4) / 2);
}

TEST(Run, SameInputGivesTheSameBytes) {
  const std::string arguments =
      "run configs/runs/flash_attention_2_gpt2.yaml --workload batch=1 --format json";
  EXPECT_EQ(attnsim(arguments).out, attnsim(arguments).out);
}

TEST(Run, EveryPresetRuns) {
  const json hardware = json::parse(attnsim("list hardware --format json").out).at("hardware");
  for (const json& machine : hardware) {
    const auto id = machine.at("id").get<std::string>();
    const Outcome outcome = attnsim("run --hardware " + id + " --workload seqlen=256,head_dim=64");
    EXPECT_EQ(outcome.code, 0) << id << ": " << outcome.err;
  }
}

TEST(Bounds, CompulsoryTrafficInEveryFormat) {
  const std::string point = "bounds configs/runs/theory/1024_64_25600.yaml";
  const Outcome text = attnsim(point + " --format json");
  ASSERT_EQ(text.code, 0) << text.err;
  const json bounds = json::parse(text.out);
  const json& compulsory = row(bounds.at("bounds"), "id", "LB0");
  EXPECT_EQ(compulsory.at("words"), 4 * 1024 * 64);
  EXPECT_EQ(compulsory.at("rigorous"), true);
  EXPECT_TRUE(compulsory.at("ratio").is_null());
  EXPECT_NE(attnsim(point).out.find("LB0"), std::string::npos);
  EXPECT_NE(attnsim(point + " --format csv").out.find("LB0"), std::string::npos);
}

}  // namespace
}  // namespace attnsim::e2e
