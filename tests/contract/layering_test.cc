// Holds every include line of the project to the arrows between its folders.
#include "tests/contract/layering.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/contract/source_tree.h"

namespace attnsim::contract {
namespace {

using Faults = std::vector<std::string>;

bool is_source(const SourceFile& file) {
  return file.path.ends_with(".h") || file.path.ends_with(".cc");
}

bool is_product(const SourceFile& file) {
  return is_source(file) && (is_below(file.path, "sim") || is_below(file.path, "algorithms") ||
                             is_below(file.path, "analysis"));
}

void append(Faults& all, const Faults& more) { all.insert(all.end(), more.begin(), more.end()); }

// --- the project
// -------------------------------------------------------------------------------------

TEST(Layering, EverySourceFileKeepsTheArrows) {
  Faults faults;
  std::size_t files = 0;
  for (const SourceFile& file : repository_files()) {
    if (!is_product(file)) continue;
    ++files;
    append(faults, source_faults(file.path, file.text));
  }
  EXPECT_GT(files, 50U) << "the files of the project were not found in " << ATTNSIM_SOURCE_DIR;
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

/// What results are compared with must not share code with what produces them.
TEST(Layering, ChecksOfTheSimulatorStandAlone) {
  Faults faults;
  std::size_t files = 0;
  for (const SourceFile& file : repository_files()) {
    if (!is_source(file) || (folder_of(file.path) != "sim/replay/reference" &&
                             !file.path.starts_with("tests/support/element_walker."))) {
      continue;
    }
    ++files;
    append(faults, independence_faults(file.path, file.text));
  }
  EXPECT_GE(files, 4U);
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

// --- the checker
// -------------------------------------------------------------------------------------

TEST(SourceFaults, AnArrowAgainstTheOrderIsNamedWithFileAndLine) {
  EXPECT_EQ(
      source_faults("sim/trace/tile.cc", "#include <vector>\n\n#include \"sim/replay/counts.h\"\n"),
      (Faults{"sim/trace/tile.cc:3: sim/trace must not include \"sim/replay/counts.h\""}));
}

TEST(SourceFaults, ArrowsOfTheTableAreAllowed) {
  EXPECT_EQ(source_faults("sim/trace/a.cc",
                          "#include \"sim/trace/a.h\"\n"
                          "#include \"sim/core/dtype.h\"\n"),
            Faults{});
  EXPECT_EQ(source_faults("algorithms/a.cc", "#include \"sim/trace/algorithm.h\"\n"), Faults{});
  EXPECT_EQ(source_faults("sim/replay/a.cc",
                          "#include \"analysis/bounds/bounds.h\"\n"
                          "#include \"sim/replay/reference/attention.h\"\n"),
            Faults{});
  EXPECT_EQ(source_faults("sim/app/a.cc", "#include \"sim/study/a.h\"\n"), Faults{});
}

struct Planted {
  const char* path;
  const char* header;
};

class ForbiddenArrow : public testing::TestWithParam<Planted> {};

TEST_P(ForbiddenArrow, IsFound) {
  const auto [path, header] = GetParam();
  const std::string text = "#include \"" + std::string(header) + "\"\n";
  EXPECT_EQ(source_faults(path, text).size(), 1U) << path << " includes " << header;
}

INSTANTIATE_TEST_SUITE_P(
    Planted, ForbiddenArrow,
    testing::Values(Planted{"sim/core/a.cc", "sim/trace/tile.h"},
                    Planted{"sim/machine/a.cc", "analysis/bounds/bounds.h"},
                    Planted{"algorithms/a.cc", "sim/machine/hierarchy.h"},
                    Planted{"algorithms/a.cc", "sim/replay/replay.h"},
                    Planted{"analysis/bounds/a.cc", "sim/replay/replay.h"},
                    Planted{"sim/replay/a.cc", "sim/study/checks.h"},
                    Planted{"sim/replay/reference/a.cc", "sim/replay/numbers.h"},
                    Planted{"sim/replay/reference/a.cc", "sim/core/dtype.h"},
                    Planted{"sim/replay/a.cc", "sim/replay/time/time.h"},
                    Planted{"sim/replay/time/a.cc", "algorithms/a.h"},
                    Planted{"sim/replay/time/a.cc", "sim/study/checks.h"},
                    Planted{"sim/config/a.cc", "sim/trace/tile.h"},
                    Planted{"sim/report/a.cc", "sim/config/config.h"},
                    Planted{"sim/study/a.cc", "sim/report/json.h"},
                    Planted{"sim/study/a.cc", "sim/replay/reference/attention.h"},
                    Planted{"sim/app/a.cc", "tests/contract/layering.h"},
                    Planted{"sim/core/a.cc", "dtype.h"},
                    Planted{"sim/core/a.cc", "../trace/tile.h"}));

TEST(SourceFaults, SpacesInAnIncludeLineHideNothing) {
  EXPECT_EQ(source_faults("sim/core/a.cc", "  #  include  \"sim/app/verb.h\"\n").size(), 1U);
  EXPECT_EQ(source_faults("sim/core/a.cc", "#include\"sim/app/verb.h\"\n").size(), 1U);
}

TEST(SourceFaults, AFolderWithoutARowIsAFault) {
  EXPECT_EQ(source_faults("sim/extra/a.cc", "int x;\n"),
            (Faults{"sim/extra/a.cc:1: folder is not in the table of layers"}));
}

TEST(SourceFaults, APackageIsSeenByOneFolder) {
  EXPECT_EQ(source_faults("sim/config/parse.cc", "#include <yaml-cpp/parser.h>\n"), Faults{});
  EXPECT_EQ(
      source_faults("sim/config/parse.h", "#pragma once\n#include <yaml-cpp/parser.h>\n"),
      (Faults{"sim/config/parse.h:2: <yaml-cpp/parser.h> may be included in .cc files only"}));
  EXPECT_EQ(source_faults("sim/app/run.cc", "#include <nlohmann/json.hpp>\n"),
            (Faults{"sim/app/run.cc:1: <nlohmann/json.hpp> may be included in sim/report only"}));
  EXPECT_EQ(source_faults("sim/study/a.cc", "#include <fmt/format.h>\n").size(), 1U);
  EXPECT_EQ(source_faults("sim/config/a.cc", "#include <boost/program_options.hpp>\n").size(), 1U);
  EXPECT_EQ(source_faults("sim/replay/reference/a.cc", "#include <Eigen/Core>\n").size(), 1U);
  EXPECT_EQ(source_faults("sim/core/a.cc", "#include <xxhash.h>\n").size(), 1U);
  EXPECT_EQ(source_faults("sim/core/a.cc", "#include <sys/stat.h>\n").size(), 1U);
  EXPECT_EQ(
      source_faults("sim/core/a.cc", "#include <absl/strings/str_cat.h>\n"),
      (Faults{"sim/core/a.cc:1: <absl/strings/str_cat.h> belongs to no folder of the table"}));
}

TEST(SourceFaults, AHeaderHasOnePragmaOnce) {
  EXPECT_EQ(source_faults("sim/core/a.h", "#pragma once\n"), Faults{});
  EXPECT_EQ(source_faults("sim/core/a.h", "int x;\n").size(), 1U);
  EXPECT_EQ(source_faults("sim/core/a.cc", "int x;\n"), Faults{});
}

TEST(SourceFaults, UnfinishedWorkAndUsingNamespaceStdAreFaults) {
  EXPECT_EQ(source_faults("sim/core/a.cc",
                          "int x;  // TO"
                          "DO: more\n"),
            (Faults{"sim/core/a.cc:1: unfinished: TO"
                    "DO"}));
  EXPECT_EQ(source_faults("sim/core/a.cc",
                          "// FIX"
                          "ME\n")
                .size(),
            1U);
  EXPECT_EQ(source_faults("sim/core/a.cc", "using namespace std;\n").size(), 1U);
}

TEST(SourceFaults, AFileHasAtMost400Lines) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "// line\n";
  EXPECT_EQ(source_faults("sim/core/a.cc", text), Faults{});
  EXPECT_EQ(source_faults("sim/core/a.cc", text + "// line\n"),
            (Faults{"sim/core/a.cc:401: more than 400 lines: split the file"}));
}

TEST(IndependenceFaults, OnlyTheOwnFolderIsAllowed) {
  EXPECT_EQ(independence_faults("tests/support/element_walker.cc",
                                "#include \"tests/support/element_walker.h\"\n#include <map>\n"),
            Faults{});
  EXPECT_EQ(
      independence_faults("tests/support/element_walker.cc", "#include \"sim/trace/mask.h\"\n")
          .size(),
      1U);
  EXPECT_EQ(independence_faults("sim/replay/reference/attention.cc",
                                "#include \"sim/replay/rounding.h\"\n")
                .size(),
            1U);
}

}  // namespace
}  // namespace attnsim::contract
