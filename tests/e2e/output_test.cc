// Where results go: --output is all or nothing, stdout failures are noticed.
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSmallRun =
    "run --hardware abstract_two_level --workload seqlen=64,head_dim=8 ";
// A run that nobody waits for: what is refused before the work must be refused at once.
constexpr const char* kEndlessRun =
    "run --hardware abstract_two_level --workload seqlen=1048576,head_dim=64,heads=512 "
    "--set algorithm.tiles='{Br: 1, Bc: 1}' ";

std::string output_option(const fs::path& file) { return "--output '" + file.string() + "' "; }

TEST(Output, EndingChoosesTheFormat) {
  const TemporaryFolder folder;
  EXPECT_EQ(attnsim(kSmallRun + output_option(folder / "a.json")).code, 0);
  EXPECT_EQ(attnsim(kSmallRun + output_option(folder / "a.csv")).code, 0);
  EXPECT_EQ(attnsim(kSmallRun + output_option(folder / "a.txt")).code, 0);
  EXPECT_TRUE(nlohmann::json::accept(read_file(folder / "a.json")));
  EXPECT_EQ(read_file(folder / "a.csv"), attnsim(kSmallRun + std::string("--format csv")).out);
  EXPECT_EQ(read_file(folder / "a.txt"), attnsim(kSmallRun).out);
  EXPECT_EQ(folder.size(), 3U);
}

TEST(Output, FormatWinsOverTheEndingAndStdoutStaysEmpty) {
  const TemporaryFolder folder;
  const Outcome outcome = attnsim(kSmallRun + output_option(folder / "a.json") + "--format csv");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(read_file(folder / "a.json"), attnsim(kSmallRun + std::string("--format csv")).out);
}

TEST(Output, ReplacesAFileAndKeepsItsPermissions) {
  const TemporaryFolder folder;
  const fs::path file = folder / "a.json";
  std::ofstream(file) << std::string(1 << 20, 'x');
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(attnsim(kSmallRun + output_option(file)).code, 0);
  EXPECT_TRUE(nlohmann::json::accept(read_file(file)));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(folder.size(), 1U);
}

TEST(Output, FollowsASymbolicLink) {
  const TemporaryFolder folder;
  std::ofstream(folder / "real.json") << "old";
  fs::create_symlink("real.json", folder / "link.json");
  EXPECT_EQ(attnsim(kSmallRun + output_option(folder / "link.json")).code, 0);
  EXPECT_TRUE(fs::is_symlink(folder / "link.json"));
  EXPECT_TRUE(nlohmann::json::accept(read_file(folder / "real.json")));
}

TEST(Output, BareNameIsInTheCurrentFolder) {
  const TemporaryFolder folder;
  EXPECT_EQ(attnsim(kSmallRun + std::string("--output a.json"), folder.path()).code, 0);
  EXPECT_TRUE(fs::exists(folder / "a.json"));
}

TEST(Output, MissingFolderIsRefusedBeforeTheWork) {
  const TemporaryFolder folder;
  const Outcome outcome = attnsim(kEndlessRun + output_option(folder / "no/a.json"));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "cannot write '" + (folder / "no/a.json").string() +
                             "': there is no folder '" + (folder / "no").string() + "'\n");
  EXPECT_EQ(folder.size(), 0U);
}

TEST(Output, FolderAsFileIsRefusedBeforeTheWork) {
  const TemporaryFolder folder;
  const Outcome outcome = attnsim(kEndlessRun + output_option(folder.path()));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "cannot write '" + folder.path().string() + "': it names a folder\n");
}

TEST(Output, UnwritableFolderIsRefusedBeforeTheWork) {
  const Outcome outcome = attnsim(kEndlessRun + output_option("/proc/a.json"));  // even for root
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err.starts_with("cannot write '/proc/a.json': ")) << outcome.err;
}

TEST(Output, FailedWriteLeavesTheOldFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.json") << "old";
  const Outcome outcome =
      shell("ulimit -f 1; attnsim " + std::string(kSmallRun) + output_option(folder / "a.json"));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "cannot write '" + (folder / "a.json").string() + "': File too large\n");
  EXPECT_EQ(read_file(folder / "a.json"), "old");
  EXPECT_EQ(folder.size(), 1U);
}

TEST(Output, FailedRunLeavesTheOldFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.json") << "old";
  EXPECT_EQ(attnsim("run --workload seqlen=64 " + output_option(folder / "a.json")).code, 2);
  EXPECT_EQ(read_file(folder / "a.json"), "old");
  EXPECT_EQ(folder.size(), 1U);
}

TEST(Output, FullDeviceIsAnError) {
  for (const std::string& line :
       {kSmallRun + std::string("--output /dev/full"), kSmallRun + std::string("> /dev/full"),
        std::string("list > /dev/full"), std::string("--help > /dev/full"),
        std::string("help config > /dev/full")}) {
    const Outcome outcome = attnsim(line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
  }
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(Output, ClosedStdoutIsAnError) {
  const Outcome outcome = attnsim("list >&-");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "cannot write to standard output: Bad file descriptor\n");
}

TEST(Output, ReaderThatWentAwayIsAnError) {
  const Outcome outcome = shell("{ sleep 0.3; attnsim list ops; echo code $? >&2; } | true");
  EXPECT_EQ(outcome.err, "cannot write to standard output: Broken pipe\ncode 2\n");
}

TEST(Output, ClosedStderrDoesNotSpoilTheFile) {
  const TemporaryFolder folder;
  const Outcome outcome =
      attnsim("check tests/e2e/over_budget.yaml " + output_option(folder / "a.json") + "2>&- >&-");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(nlohmann::json::accept(read_file(folder / "a.json")));
}

}  // namespace
}  // namespace attnsim::e2e
