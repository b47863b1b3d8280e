// Every attnsim command that README.md and the documents of the theory show runs. Commands of
// README.md are the lines `$ ...` of its ```console blocks; a line that ends in a backslash goes on
// in the next one. Those of the documents stand alone on indented lines.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> console_commands(const fs::path& file) {
  std::vector<std::string> commands;
  bool inside = false;
  bool goes_on = false;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("```")) {
      inside = !inside && line.starts_with("```console");
      goes_on = false;
      continue;
    }
    if (!inside) continue;
    if (goes_on) {
      commands.back() += '\n' + line;
    } else if (line.starts_with("$ ")) {
      commands.push_back(line.substr(2));
    } else {
      continue;
    }
    goes_on = line.ends_with('\\');
  }
  return commands;
}

/// A folder that looks like the project after its build, so that commands write nothing into it.
void imitate_project(const TemporaryFolder& folder) {
  for (const auto& entry : fs::directory_iterator(ATTNSIM_SOURCE_DIR)) {
    const std::string name = entry.path().filename().string();
    if (name != "build") fs::create_symlink(entry.path(), folder / name);
  }
  fs::create_directories(folder / "build/release");
  fs::create_symlink(ATTNSIM_BINARY, folder / "build/release/attnsim");
}

TEST(Readme, EveryCommandRuns) {
  const fs::path readme = fs::path(ATTNSIM_SOURCE_DIR) / "README.md";
  ASSERT_TRUE(fs::exists(readme));
  const TemporaryFolder folder;
  imitate_project(folder);
  std::size_t ran = 0;
  for (const std::string& command : console_commands(readme)) {
    if (!command.starts_with("attnsim ") && !command.starts_with("build/release/attnsim ")) {
      continue;
    }
    ++ran;
    const Outcome outcome = shell(command, folder.path());
    EXPECT_EQ(outcome.code, 0) << command << '\n' << outcome.err;
  }
  EXPECT_GT(ran, 0U) << "README.md shows no command of attnsim in a ```console block";
}

TEST(Documents, EveryCommandOfTheTheoryRuns) {
  for (const std::string name : {"docs/bounds.md", "docs/studies.md"}) {
    const TemporaryFolder folder;
    imitate_project(folder);
    std::size_t ran = 0;
    std::ifstream stream(fs::path(ATTNSIM_SOURCE_DIR) / name);
    for (std::string line; std::getline(stream, line);) {
      if (!line.starts_with("    attnsim ")) continue;
      ++ran;
      const Outcome outcome = shell(line, folder.path());
      EXPECT_EQ(outcome.code, 0) << name << ": " << line << '\n' << outcome.err;
    }
    EXPECT_GT(ran, 0U) << name;
  }
}

/// The run it shows at the top, to the letter.
TEST(Readme, ShowsWhatTheProgramPrints) {
  const std::string run = "run configs/runs/flash_attention_2_gpt2.yaml";
  const std::string readme = read_file(fs::path(ATTNSIM_SOURCE_DIR) / "README.md");
  EXPECT_NE(readme.find("$ build/release/attnsim " + run + "\n" + output_of(run) + "```"),
            std::string::npos)
      << "README.md shows another output of '" << run << "'";
}

}  // namespace
}  // namespace attnsim::e2e
