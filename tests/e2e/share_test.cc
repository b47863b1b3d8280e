// The binary finds its presets wherever the tree is.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRun = " run --hardware abstract_two_level --workload seqlen=64,head_dim=8";

/// The binary copied into a folder, called without help from the environment.
Outcome run_copy(const TemporaryFolder& folder, const std::string& name) {
  const fs::path copy = folder / name;
  fs::create_directories(copy.parent_path());
  fs::copy_file(ATTNSIM_BINARY, copy);
  return shell("unset ATTNSIM_SHARE; '" + copy.string() + "'" + kRun, folder.path());
}

void put_configs(const fs::path& folder) {
  fs::create_directories(folder);
  fs::copy(fs::path(ATTNSIM_SOURCE_DIR) / "configs", folder / "configs",
           fs::copy_options::recursive);
}

TEST(Share, BesideAnInstalledBinary) {
  const TemporaryFolder folder;
  put_configs(folder / "share/attnsim");
  EXPECT_EQ(run_copy(folder, "bin/attnsim").code, 0);
}

TEST(Share, AroundABuildFolder) {
  const TemporaryFolder folder;
  put_configs(folder.path());
  EXPECT_EQ(run_copy(folder, "build/release/attnsim").code, 0);
}

TEST(Share, ThroughASymbolicLink) {
  const TemporaryFolder folder;
  const TemporaryFolder elsewhere;
  put_configs(folder / "share/attnsim");
  ASSERT_EQ(run_copy(folder, "bin/attnsim").code, 0);
  fs::create_symlink(folder / "bin/attnsim", elsewhere / "attnsim");
  EXPECT_EQ(shell("unset ATTNSIM_SHARE; ./attnsim" + std::string(kRun), elsewhere.path()).code, 0);
}

TEST(Share, NowhereIsAnErrorThatSaysWhatToDo) {
  const TemporaryFolder folder;
  const Outcome outcome = run_copy(folder, "bin/attnsim");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "cannot find configs/hardware around '" +
                             fs::canonical(folder / "bin/attnsim").string() +
                             "'; set ATTNSIM_SHARE to the folder that contains configs\n");
}

TEST(Share, EnvironmentWinsAndMustBeRight) {
  const TemporaryFolder folder;
  const Outcome outcome =
      shell("ATTNSIM_SHARE='" + folder.path().string() + "'; attnsim" + std::string(kRun));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "ATTNSIM_SHARE is '" + folder.path().string() +
                             "', but that folder has no configs/hardware\n");
}

}  // namespace
}  // namespace attnsim::e2e
