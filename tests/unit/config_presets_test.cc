// Every machine and workload that comes with the project loads, and its echo gives it back.
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/config/config.h"

namespace attnsim::config {
namespace {

const SearchPath& search() {
  static const SearchPath kSearch{.share = ATTNSIM_SOURCE_DIR};
  return kSearch;
}

Catalogue catalogue() {
  AlgorithmInfo any{.id = "any", .summary = "", .source = ""};
  any.passes = {Pass::forward, Pass::backward, Pass::forward_backward};
  return {.algorithms = {any}};
}

class ConfigPresets : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(file_); }

  /// The run, its echo in a file, and the run of that file are the same.
  void expect_round_trip(const Overrides& overrides) {
    const RunSpec run = load_run(std::nullopt, overrides, catalogue(), search());
    std::ofstream(file_) << echo(run);
    EXPECT_EQ(echo(load_run(file_, {}, catalogue(), search())), echo(run));
  }

 private:
  std::string file_ = testing::TempDir() + "attnsim_echo_" + std::to_string(getpid()) + ".yaml";
};

TEST_F(ConfigPresets, EveryMachineLoads) {
  const std::vector<std::string> ids = machine_ids(search());
  EXPECT_FALSE(ids.empty());
  for (const std::string& id : ids) {
    SCOPED_TRACE(id);
    EXPECT_EQ(load_machine(id, search()).id, id);
    expect_round_trip(
        {.sets = {}, .algorithm = "any", .hardware = id, .workload = {"seqlen=16,head_dim=8"}});
  }
}

TEST_F(ConfigPresets, EveryWorkloadLoads) {
  const std::filesystem::path folder = search().share / "configs" / "workloads";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path());
    expect_round_trip({.sets = {"workload=" + entry.path().stem().string()},
                       .algorithm = "any",
                       .hardware = "abstract_two_level",
                       .workload = {}});
  }
}

}  // namespace
}  // namespace attnsim::config
