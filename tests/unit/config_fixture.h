// A folder of configuration files for the tests of loading, and a catalogue to load them with.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/config/config.h"
#include "sim/core/error.h"

namespace attnsim::config {

inline Catalogue catalogue() {
  AlgorithmInfo blocked{.id = "blocked", .summary = "", .source = ""};
  blocked.passes = {Pass::forward, Pass::backward};
  blocked.dropout = true;
  blocked.tiles = {{"Br", ""}, {"Bc", ""}, {"Br_backward", "", "Br"}, {"Bc_backward", "", "Bc"}};
  blocked.params = {
      {.name = "depth",
       .type = ParamType::integer,
       .unit = "",
       .default_value = "2",
       .doc = "",
       .minimum = 1},
      {.name = "mode",
       .type = ParamType::choice,
       .unit = "",
       .default_value = "a",
       .doc = "",
       .choices = {"a", "b"}},
      {.name = "scale", .type = ParamType::real, .unit = "", .default_value = "0.1", .doc = ""}};
  const AlgorithmInfo flash{.id = "flash_attention_2", .summary = "", .source = ""};
  return {.algorithms = {blocked, flash}};
}

/// A folder with the given files; the current folder while it lives. It is its own share.
class ConfigFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "attnsim_config_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::filesystem::current_path(folder_);
    write("share/configs/hardware/small.yaml", kSmall);
    write("share/configs/workloads/tiny.yaml", "{seqlen: 16, head_dim: 8}");
  }
  void TearDown() override {
    std::filesystem::current_path(home_);
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path parent = std::filesystem::path(file).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent);
    std::ofstream(file) << text;
  }
  RunSpec load(const std::string& text, const Overrides& overrides = {}) {
    write("run.yaml", text);
    return load_run("run.yaml", overrides, catalogue(), search());
  }
  std::string faults(const std::string& text, const Overrides& overrides = {}) {
    try {
      load(text, overrides);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }
  SearchPath search() const { return {.share = folder_ / "share"}; }

  static constexpr const char* kSmall = R"(
name: Small machine
arch: sm00
cores: 4
clock: 1.5 GHz
memories:
  regs: {kind: registers, capacity: 64 KiB, parent: l2}
  sram: {kind: scratchpad, capacity: 96 KiB, bandwidth: 1.1 TB/s, latency: 16.3 ns, energy: 9 pJ/B}
  l2: {kind: cache, capacity: 4 MiB, line: 128 B, sector: 32 B, ways: 16, policy: lru}
  hbm: {kind: dram, bandwidth: 900 GB/s, read_bandwidth: 0.8 TB/s}
roles: {operand: sram, accumulator: regs, vector: regs, staging: sram, exchange: sram}
units: {matrix: {fp16: 312 TFLOP/s, int8: 624 TFLOP/s}, vector: 19.5 TFLOP/s, exp: 2.4 Top/s}
launch: 2.26 us
estimated: [memories.l2.ways]
)";
  static constexpr const char* kRun =
      "workload: {seqlen: 128, head_dim: 64}\nhardware: small\nalgorithm: blocked\n";

 private:
  std::filesystem::path folder_;
  std::filesystem::path home_ = std::filesystem::current_path();
};

}  // namespace attnsim::config
