// Loading runs and machines: defaults, extends and overrides.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "tests/unit/config_fixture.h"

namespace attnsim::config {
namespace {

using ConfigLoader = ConfigFolder;

TEST_F(ConfigLoader, FillsDefaults) {
  const RunSpec run = load(kRun);
  const Workload expected{.seqlen_q = 128, .seqlen_kv = 128};
  EXPECT_EQ(run.workload, expected);
  EXPECT_EQ(run.seed, 1u);
  EXPECT_EQ(run.algorithm.name, "blocked");
  EXPECT_EQ(run.algorithm.tiles.rule, TileRule::automatic);
  EXPECT_EQ(run.algorithm.params.integer("depth"), 2);
  EXPECT_EQ(run.algorithm.params.choice("mode"), "a");
  EXPECT_EQ(run.algorithm.params.real("scale"), 0.1);
}

TEST_F(ConfigLoader, ReadsEveryWorkloadKey) {
  const RunSpec run = load(R"(
workload: {batch: 2, heads: 12, kv_heads: 4, seqlen_q: 3, seqlen_kv: 5, head_dim: 192,
           head_dim_v: 128, dtype: bf16, window: {left: 7}, dropout: {probability: 0.25, seed: 9}, pass: backward,
           description: a note}
hardware: small
algorithm: {name: blocked, tiles: {Br: 16, Bc: 32}, depth: 3, mode: b, scale: 2.5e-1}
seed: 9223372036854775807
description: [anything, goes]
)");
  const Workload expected{.batch = 2,
                          .heads = 12,
                          .kv_heads = 4,
                          .seqlen_q = 3,
                          .seqlen_kv = 5,
                          .head_dim = 192,
                          .head_dim_v = 128,
                          .dtype = DType::bf16,
                          .window_left = 7,
                          .dropout = {.probability = 0.25, .seed = 9},
                          .pass = Pass::backward};
  EXPECT_EQ(run.workload, expected);
  EXPECT_EQ(run.seed, 9223372036854775807u);
  EXPECT_EQ(run.algorithm.tiles.rule, TileRule::explicit_sizes);
  EXPECT_EQ(run.algorithm.tiles.sizes.at("Bc"), 32);
  EXPECT_FALSE(run.algorithm.tiles.sizes.contains("Bc_backward"));  // as Bc
  EXPECT_EQ(run.algorithm.params.integer("depth"), 3);
  EXPECT_EQ(run.algorithm.params.choice("mode"), "b");
  EXPECT_EQ(run.algorithm.params.real("scale"), 0.25);
}

TEST_F(ConfigLoader, DropoutIsAProbabilityOrAMap) {
  const auto dropout = [&](const std::string& value) {
    return load("{workload: {seqlen: 64, head_dim: 8, dropout: " + value +
                "}, hardware: small, algorithm: {name: blocked, tiles: fit}}")
        .workload.dropout;
  };
  EXPECT_EQ(dropout("0.5"), (DropoutSpec{.probability = 0.5}));
  EXPECT_EQ(dropout("{probability: 0.5, seed: 3}"), (DropoutSpec{.probability = 0.5, .seed = 3}));
  EXPECT_FALSE(dropout("0"));
}

TEST_F(ConfigLoader, DropoutNeedsAnAlgorithmThatComputesIt) {
  try {
    load("{workload: {seqlen: 64, head_dim: 8, dropout: 0.5}, hardware: small}");
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("workload.dropout: 'flash_attention_2' computes without dropout"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(ConfigLoader, CausalBoundsTheWindow) {
  const auto window = [&](const std::string& keys) {
    const Workload w =
        load("{workload: {seqlen: 64, head_dim: 8, " + keys + "}, hardware: small}").workload;
    return std::pair(w.window_left, w.window_right);
  };
  using Sides = std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>>;
  EXPECT_EQ(window("window: 3"), Sides(3, 3));
  EXPECT_EQ(window("window: 3, causal: true"), Sides(3, 0));
  EXPECT_EQ(window("window: {left: 3}, causal: true"), Sides(3, 0));
  EXPECT_EQ(window("window: {right: 3}"), Sides(std::nullopt, 3));
  EXPECT_EQ(window("causal: true"), Sides(std::nullopt, std::nullopt));
}

TEST_F(ConfigLoader, ReadsAMachine) {
  const MachineSpec m = load_machine("small", search());
  EXPECT_EQ(m.id, "small");
  EXPECT_EQ(m.name, "Small machine");
  EXPECT_EQ(m.cores, 4);
  EXPECT_EQ(m.clock, 1.5e9);
  ASSERT_EQ(m.memories.size(), 4u);
  EXPECT_EQ(m.memory("regs")->parent, "l2");
  EXPECT_EQ(m.memory("sram")->parent, "l2");
  EXPECT_EQ(m.memory("l2")->parent, "hbm");
  EXPECT_EQ(m.home().parent, "");
  EXPECT_TRUE(m.memory("sram")->per_core);
  EXPECT_FALSE(m.memory("l2")->per_core);
  EXPECT_EQ(m.memory("sram")->capacity->amount, 98304u);
  EXPECT_EQ(m.memory("sram")->latency, 16.3e-9);
  EXPECT_EQ(m.memory("l2")->sector, 32u);
  EXPECT_EQ(m.home().capacity, std::nullopt);
  EXPECT_EQ(m.space(Role::accumulator).name, "regs");
  EXPECT_EQ(m.units.matrix.at(DType::i8), 624e12);
  EXPECT_EQ(m.estimated, std::vector<std::string>{"memories.l2.ways"});
}

TEST_F(ConfigLoader, MachinesByIdFileAndMap) {
  write("mine.yaml", "extends: small\ncores: 9\n");
  EXPECT_EQ(load_machine("mine.yaml", search()).id, "mine");
  EXPECT_EQ(load_machine("mine.yaml", search()).cores, 9);
  const RunSpec inlined =
      load("{workload: tiny, hardware: {extends: small, memories: {l2: {capacity: 8 MiB}}}}");
  EXPECT_EQ(inlined.machine.id, "small");
  EXPECT_EQ(inlined.machine.memory("l2")->capacity->amount, 8388608u);
  EXPECT_EQ(inlined.machine.memory("l2")->ways, 16);
  EXPECT_EQ(machine_ids(search()), std::vector<std::string>{"small"});
}

TEST_F(ConfigLoader, AMemoryListedAfterItsParentLiesJustInside) {
  const RunSpec run = load(R"({workload: tiny, hardware: {extends: small, memories: {
    l1: {kind: cache, per: core, parent: l15}, l15: {kind: cache, parent: l2},
    l3: {kind: cache, parent: hbm}}}})");
  std::vector<std::string> names;
  for (const MemorySpec& m : run.machine.memories) names.push_back(m.name);
  EXPECT_EQ(names, (std::vector<std::string>{"regs", "sram", "l1", "l15", "l2", "l3", "hbm"}));
  EXPECT_EQ(run.machine.memory("regs")->parent, "l2");  // it says so
  EXPECT_EQ(run.machine.memory("sram")->parent, "l1");  // the next one
  EXPECT_EQ(run.machine.memory("l2")->parent, "l3");
}

TEST_F(ConfigLoader, ReadsTheRulesOfACache) {
  const CacheRules usual = load("{workload: tiny, hardware: small}").machine.memory("l2")->cache;
  EXPECT_EQ(usual.policy, "lru");
  EXPECT_EQ(usual.index, CacheIndex::modulo);
  EXPECT_EQ(usual.slices, 1);
  EXPECT_FALSE(usual.write_through || usual.fetch_covered || usual.classify);
  EXPECT_TRUE(usual.write_allocate);
  EXPECT_EQ(usual.inclusion, CacheInclusion::neither);
  const RunSpec run = load(R"({workload: tiny, hardware: {extends: small, memories: {
    l1: {kind: cache, per: core, parent: l2, capacity: 64 KiB, line: 128 B, sector: 32 B, ways: 4,
         policy: fifo, index: hash, write: through, allocate: false, fetch_covered: true},
    l2: {slices: 4, inclusion: inclusive, classify: true}}}})");
  const CacheRules& l1 = run.machine.memory("l1")->cache;
  EXPECT_EQ(l1.index, CacheIndex::hash);
  EXPECT_TRUE(l1.write_through && l1.fetch_covered && !l1.write_allocate);
  const CacheRules& l2 = run.machine.memory("l2")->cache;
  EXPECT_EQ(l2.slices, 4);
  EXPECT_EQ(l2.inclusion, CacheInclusion::inclusive);
  EXPECT_TRUE(l2.classify);
  // The echo of a run is the run.
  EXPECT_EQ(echo(load(echo(run))), echo(run));
  EXPECT_NE(echo(run).find("inclusion: inclusive"), std::string::npos);
}

TEST_F(ConfigLoader, ExtendsFindsFilesBesideTheReferringOne) {
  write("bases/deep.yaml", "{workload: {extends: shape.yaml, heads: 6}, seed: 5}");
  write("bases/shape.yaml", "{extends: tiny, batch: 3, heads: 2}");
  const RunSpec run = load("{extends: bases/deep.yaml, hardware: small, workload: {kv_heads: 3}}");
  EXPECT_EQ(run.workload.seqlen_kv, 16);
  EXPECT_EQ(run.workload.batch, 3);
  EXPECT_EQ(run.workload.heads, 6);
  EXPECT_EQ(run.workload.kv_heads, 3);
  EXPECT_EQ(run.seed, 5u);
}

TEST_F(ConfigLoader, OverridesApplyLast) {
  const Overrides overrides{
      .sets = {"hardware.memories.l2.capacity=2 MiB", "algorithm.tiles={Br: 8, Bc: 4}", "seed=3"},
      .algorithm = "blocked",
      .hardware = {},
      .workload = {"heads=4,window={left: 1, right: 2}", "seqlen_q=1"}};
  const RunSpec run = load(
      "{workload: {seqlen: 128, head_dim: 64, heads: 2}, hardware: small, "
      "algorithm: {name: flash_attention_2, tiles: fit}}",
      overrides);
  EXPECT_EQ(run.machine.memory("l2")->capacity->amount, 2097152u);
  EXPECT_EQ(run.algorithm.name, "blocked");
  EXPECT_EQ(run.algorithm.tiles.sizes.at("Br"), 8);
  EXPECT_EQ(run.seed, 3u);
  EXPECT_EQ(run.workload.heads, 4);
  EXPECT_EQ(run.workload.seqlen_q, 1);
  EXPECT_EQ(run.workload.seqlen_kv, 128);
  EXPECT_EQ(run.workload.window_right, 2);
}

TEST_F(ConfigLoader, ARunNeedsNoFile) {
  const Overrides overrides{
      .sets = {}, .algorithm = {}, .hardware = "small", .workload = {"seqlen=32,head_dim=8"}};
  const RunSpec run = load_run(std::nullopt, overrides, catalogue(), search());
  EXPECT_EQ(run.algorithm.name, "flash_attention_2");
  EXPECT_EQ(run.workload.seqlen_q, 32);
}

TEST_F(ConfigLoader, FaultsNameTheFileAndTheOption) {
  write("base.yaml", "workload: {seqlen: 12.5, head_dim: 64}\nhardware: small\n");
  EXPECT_EQ(faults("extends: base.yaml\nseeed: 3\n", {.sets = {"algorithm.tiles=best"}}),
            "run.yaml:2:1: unknown key 'seeed'; did you mean 'seed'?\n"
            "base.yaml:1:20: workload.seqlen: expected an integer from 1 to 1073741824, got "
            "'12.5'\n"
            "--set algorithm.tiles=best: algorithm.tiles: expected automatic, released, fit, paper "
            "or a map of tile sizes, got 'best'");
}

TEST_F(ConfigLoader, ParametersAreCheckedAsDeclared) {
  const std::string run = "workload: tiny\nhardware: small\nalgorithm: {name: blocked, ";
  EXPECT_EQ(faults(run + "depth: 0}"),
            "run.yaml:3:35: algorithm.depth: expected an integer of at least 1, got '0'");
  EXPECT_EQ(faults(run + "mode: c}"),
            "run.yaml:3:34: algorithm.mode: unknown value 'c' (expected one of: a, b)");
  EXPECT_EQ(faults(run + "scale: big}"),
            "run.yaml:3:35: algorithm.scale: expected a number, got 'big'");
}

}  // namespace
}  // namespace attnsim::config
