// What holds for the repository as a whole: its documents, its build files, its text.
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "tests/contract/source_tree.h"

namespace attnsim::contract {
namespace {

using Faults = std::vector<std::string>;

// Each in two parts, so that this file does not contain them.
constexpr auto kForbidden = std::to_array<std::string_view>({
    // Unfinished work belongs into the change that finishes it.
    "TO"
    "DO",
    "FIX"
    "ME",
    "lorem"
    " ipsum",
    // A conflict left in a file.
    "<<<<"
    "<<< ",
    ">>>>"
    ">>> ",
    // Paths of one person's machine.
    "/ho"
    "me/",
    "/ro"
    "ot/",
    "/Use"
    "rs/",
    "/wo"
    "rk/",
});

const std::vector<SourceFile>& files() {
  static const std::vector<SourceFile> all = repository_files();
  return all;
}

const SourceFile* find_file(std::string_view path) {
  const auto it = std::ranges::find(files(), path, &SourceFile::path);
  return it == files().end() ? nullptr : &*it;
}

std::string text_of(std::string_view path) {
  const SourceFile* file = find_file(path);
  return file == nullptr ? std::string() : file->text;
}

std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    ++count;
  }
  return count;
}

/// Inputs that are wrong on purpose.
bool is_wrong_on_purpose(const SourceFile& file) {
  return is_below(file.path, "tests/reject/cases");
}

// --- documents
// ---------------------------------------------------------------------------------------

class Document : public testing::TestWithParam<const char*> {};

TEST_P(Document, Exists) {
  const SourceFile* file = find_file(GetParam());
  ASSERT_NE(file, nullptr) << GetParam() << " is missing";
  EXPECT_FALSE(file->text.empty());
}

INSTANTIATE_TEST_SUITE_P(Root, Document,
                         testing::Values("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
                                         "CHANGELOG.md", "LICENSE", "CITATION.cff", ".clang-format",
                                         ".clang-tidy", ".editorconfig", ".gitignore",
                                         "CMakePresets.json", ".ci/run", "scripts/quickstart.sh",
                                         "scripts/test.sh", "configs/README.md"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(
                               name, [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

/// The text between the first `before` and the next `after`; empty when they are not there.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return text.substr(0, std::min(text.find(after), text.size()));
}

TEST(Documents, NameTheVersionOfTheBuild) {
  const std::string build = text_of("CMakeLists.txt");
  const std::string version(between(build, "project(attnsim VERSION ", " "));
  ASSERT_FALSE(version.empty());
  const std::string citation = text_of("CITATION.cff");
  EXPECT_EQ(between(citation, "\nversion: ", "\n"), version);
  EXPECT_NE(text_of("CHANGELOG.md").find("## [" + version + "]"), std::string::npos) << version;
}

TEST(Documents, ScriptsCanBeRun) {
  using std::filesystem::perms;
  for (const SourceFile& file : files()) {
    if (folder_of(file.path) != "scripts" && file.path != ".ci/run") continue;
    if (!file.text.starts_with("#!")) continue;
    const auto status =
        std::filesystem::status(std::filesystem::path(ATTNSIM_SOURCE_DIR) / file.path);
    EXPECT_NE(status.permissions() & perms::owner_exec, perms::none) << file.path;
    EXPECT_NE(file.text.find("set -euo pipefail"), std::string::npos) << file.path;
  }
}

/// The targets of the links [text](target) that are paths.
std::vector<std::string> relative_links(std::string_view text) {
  std::vector<std::string> targets;
  for (std::size_t at = text.find("]("); at != std::string_view::npos; at = text.find("](", at)) {
    at += 2;
    const std::string_view target = text.substr(at, text.find_first_of(")#", at) - at);
    if (!target.empty() && target.find_first_of(": \n") == std::string_view::npos) {
      targets.emplace_back(target);
    }
  }
  return targets;
}

TEST(Documents, LinksLeadSomewhere) {
  Faults faults;
  for (const SourceFile& file : files()) {
    if (!file.path.ends_with(".md")) continue;
    const auto folder = std::filesystem::path(ATTNSIM_SOURCE_DIR) / folder_of(file.path);
    for (const std::string& target : relative_links(file.text)) {
      if (!std::filesystem::exists(folder / target)) {
        faults.push_back(file.path + ": no file " + target);
      }
    }
  }
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

// --- presets
// -----------------------------------------------------------------------------------------

/// True for `key: 1...`.
bool gives_a_number(std::string_view line) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos || line.find('#') < colon) return false;
  const std::size_t value = line.find_first_not_of(' ', colon + 1);
  return value != std::string_view::npos && line[value] >= '0' && line[value] <= '9';
}

/// Every number of a preset says where it is from. The abstract machine has none of its own: its
/// comments name the papers that define it.
TEST(HardwarePresets, EveryNumberNamesItsSource) {
  Faults faults;
  std::size_t presets = 0;
  for (const SourceFile& file : files()) {
    if (folder_of(file.path) != "configs/hardware") continue;
    ++presets;
    if (file.text.find("\nuniform_words: true") != std::string::npos) {
      if (file.text.find("arXiv") == std::string::npos) faults.push_back(file.path + ": no paper");
      continue;
    }
    const std::vector<std::string_view> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string_view line = lines[i];
      if (!gives_a_number(line)) continue;
      const std::size_t comment = line.find(" #");
      if (comment == std::string_view::npos ||
          line.find("source: ", comment) == std::string_view::npos) {
        faults.push_back(fault_at(file.path, i + 1, "a number without `# source: `"));
      }
    }
  }
  EXPECT_GT(presets, 0U);
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

// --- build
// -------------------------------------------------------------------------------------------

/// The folder whose target a source belongs to: its own, except that the reference functions are
/// part of sim/replay.
std::string target_folder(std::string_view path) {
  const std::string_view folder = folder_of(path);
  return std::string(folder == "sim/replay/reference" ? "sim/replay" : folder);
}

TEST(Build, EveryFolderIsOneTarget) {
  std::set<std::string> folders;
  for (const SourceFile& file : files()) {
    if (!file.path.ends_with(".cc")) continue;
    if (is_below(file.path, "sim") || is_below(file.path, "algorithms") ||
        is_below(file.path, "analysis")) {
      folders.insert(target_folder(file.path));
    }
  }
  EXPECT_GE(folders.size(), 8U);
  const std::string root = text_of("CMakeLists.txt");
  for (const std::string& folder : folders) {
    const std::string text = text_of(folder + "/CMakeLists.txt");
    EXPECT_EQ(occurrences(text, "attnsim_layer(") + occurrences(text, "add_library(") +
                  occurrences(text, "add_executable("),
              1U)
        << folder << "/CMakeLists.txt";
    EXPECT_EQ(occurrences(root, "add_subdirectory(" + folder + ")"), 1U) << folder;
  }
}

/// True when the build file lists the name as a word of its own.
bool lists(std::string_view build, const std::string& name) {
  return occurrences(build, " " + name + " ") + occurrences(build, " " + name + "\n") +
             occurrences(build, " " + name + ")") >
         0;
}

/// A header that its layer does not list is not compiled alone. Headers of a third-party package's
/// folder that see the package itself are private to it.
TEST(Build, EveryHeaderIsListedByItsLayer) {
  for (const SourceFile& file : files()) {
    if (!file.path.ends_with(".h") || !is_below(file.path, "sim")) continue;
    const std::string folder = target_folder(file.path);
    const std::string build = text_of(folder + "/CMakeLists.txt");
    if (build.find("attnsim_layer(") == std::string::npos) continue;
    const bool is_private = file.text.find("#include <nlohmann/") != std::string::npos;
    const std::string name = file.path.substr(folder.size() + 1);
    EXPECT_TRUE(is_private || lists(build, name)) << file.path;
  }
}

// --- text
// --------------------------------------------------------------------------------------------

/// A chain of "../" longer than the file is deep leads out of the repository.
bool leads_outside(const SourceFile& file, std::string_view line) {
  const auto depth = static_cast<std::size_t>(std::ranges::count(file.path, '/'));
  std::string chain;
  for (std::size_t i = 0; i <= depth; ++i) chain += "../";
  return line.find(chain) != std::string_view::npos;
}

TEST(Text, HasNoTrailingWhitespaceAndEndsWithANewline) {
  Faults faults;
  for (const SourceFile& file : files()) {
    if (is_wrong_on_purpose(file) || file.text.empty()) continue;
    const std::vector<std::string_view> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const char last = lines[i].empty() ? 'x' : lines[i].back();
      if (last == '\r') faults.push_back(fault_at(file.path, i + 1, "CRLF"));
      if (last == ' ' || last == '\t') {
        faults.push_back(fault_at(file.path, i + 1, "trailing whitespace"));
      }
    }
    if (file.text.back() != '\n') {
      faults.push_back(fault_at(file.path, lines.size(), "no newline at the end of the file"));
    }
  }
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

TEST(Text, ContainsNoForbiddenWord) {
  Faults faults;
  for (const SourceFile& file : files()) {
    if (is_wrong_on_purpose(file)) continue;
    const std::vector<std::string_view> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (const std::string_view word : kForbidden) {
        if (lines[i].find(word) != std::string_view::npos) {
          faults.push_back(fault_at(file.path, i + 1, "contains '" + std::string(word) + "'"));
        }
      }
    }
  }
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

TEST(Text, DocumentsAndConfigurationsStayInsideTheRepository) {
  Faults faults;
  for (const SourceFile& file : files()) {
    if (!file.path.ends_with(".md") && !is_below(file.path, "configs")) continue;
    const std::vector<std::string_view> lines = lines_of(file.text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (leads_outside(file, lines[i])) {
        faults.push_back(fault_at(file.path, i + 1, "a path that leads out of the repository"));
      }
    }
  }
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

}  // namespace
}  // namespace attnsim::contract
