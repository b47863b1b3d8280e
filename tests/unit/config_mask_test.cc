// Masks in configurations: names, maps, files, merging, and their way back through the echo.
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/config_fixture.h"

namespace attnsim::config {
namespace {

class ConfigMask : public ConfigFolder {
 protected:
  static Catalogue masks() {
    Catalogue c = catalogue();
    c.algorithms[1].block_masks = true;
    MaskInfo banded{.name = "banded", .summary = "", .source = ""};
    banded.params = {{.name = "width",
                      .type = ParamType::integer,
                      .unit = "",
                      .default_value = "3",
                      .doc = "",
                      .minimum = 1,
                      .maximum = 9}};
    c.masks = {banded, {.name = "plain", .summary = "", .source = ""}};
    return c;
  }

  RunSpec load_masked(const std::string& mask, const Overrides& overrides = {}) {
    write("run.yaml",
          "workload: {heads: 2, seqlen: 5, head_dim: 8, mask: " + mask + "}\nhardware: small\n");
    return load_run("run.yaml", overrides, masks(), {"share"});
  }

  std::string fault(const std::string& mask, const Overrides& overrides = {}) {
    try {
      load_masked(mask, overrides);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }
};

constexpr const char* kLists =
    "{kind: recorded, block: 2, planes: [{row_ptr: [0, 1, 1, 3], "
    "col_idx: [2, 0, 1]}]}";

TEST_F(ConfigMask, ANameTakesTheDefaults) {
  const MaskSpec mask = load_masked("banded").workload.mask.value();
  EXPECT_EQ(mask.kind, "banded");
  EXPECT_EQ(mask.block, 64);
  EXPECT_EQ(mask.seed, 1u);
  EXPECT_EQ(mask.params.integer("width"), 3);
}

TEST_F(ConfigMask, AMapSetsWhatItNames) {
  const MaskSpec mask =
      load_masked("{kind: banded, block: 16, seed: 7, width: 5}").workload.mask.value();
  EXPECT_EQ(mask.block, 16);
  EXPECT_EQ(mask.seed, 7u);
  EXPECT_EQ(mask.params.integer("width"), 5);
}

TEST_F(ConfigMask, OptionsChangeOrReplaceIt) {
  const RunSpec changed = load_masked("banded", {.sets = {"workload.mask.width=4"}});
  EXPECT_EQ(changed.workload.mask->params.integer("width"), 4);
  const RunSpec replaced = load_masked("{kind: banded, width: 5}", {.workload = {"mask=plain"}});
  EXPECT_EQ(replaced.workload.mask->kind, "plain");
  EXPECT_FALSE(replaced.workload.mask->params.has("width"));
}

TEST_F(ConfigMask, ListsStandInPlaceOrInAFile) {
  const MaskSpec inline_lists = load_masked(kLists).workload.mask.value();
  ASSERT_EQ(inline_lists.recorded.size(), 1u);
  EXPECT_EQ(inline_lists.recorded[0].row_ptr, (std::vector<std::int64_t>{0, 1, 1, 3}));
  EXPECT_EQ(inline_lists.recorded[0].col_idx, (std::vector<std::int64_t>{2, 0, 1}));
  write("lists.yaml", kLists);
  EXPECT_EQ(load_masked("lists.yaml").workload.mask.value(), inline_lists);
}

TEST_F(ConfigMask, TheEchoGivesItBack) {
  for (const char* text : {"{kind: banded, block: 16, seed: 7, width: 5}", kLists}) {
    const RunSpec run = load_masked(text);
    EXPECT_EQ(load_run_text(echo(run), "echo", {}, masks(), {"share"}).workload, run.workload);
  }
}

TEST_F(ConfigMask, AnAlgorithmWithoutBlockMasksNamesThoseThatHaveThem) {
  EXPECT_EQ(fault("plain", {.algorithm = "blocked"}),
            "run.yaml:1:52: workload.mask: 'blocked' takes no block mask (these do: "
            "flash_attention_2)");
}

TEST_F(ConfigMask, MistakesAreNamed) {
  EXPECT_EQ(fault("bandde"),
            "run.yaml:1:52: workload.mask.kind: unknown mask 'bandde'; did you mean 'banded'? "
            "(expected one of: banded, plain, recorded)");
  EXPECT_EQ(fault("{block: 2}"),
            "run.yaml:1:52: workload.mask: missing key 'kind' (a mask, see attnsim list masks)");
  EXPECT_EQ(fault("{kind: banded, width: 10}"),
            "run.yaml:1:74: workload.mask.width: expected an integer from 1 to 9, got '10'");
  EXPECT_EQ(fault("{kind: banded, widht: 4}"),
            "run.yaml:1:67: workload.mask: unknown key 'widht'; did you mean 'width'?");
  EXPECT_EQ(fault("no/such.yaml"), "run.yaml:1:52: workload.mask: no such file 'no/such.yaml'");
}

TEST_F(ConfigMask, FaultsOfListsHaveTheirPosition) {
  const auto lists_fault = [&](const std::string& planes) {
    write("lists.yaml", "kind: recorded\nblock: 2\nplanes:\n" + planes);
    return fault("lists.yaml");
  };
  EXPECT_EQ(lists_fault("- {row_ptr: [0, 1, 1, 3]}\n"),
            "lists.yaml:4:3: workload.mask.planes[0]: missing key 'col_idx' (list of integers)");
  EXPECT_EQ(lists_fault("- {row_ptr: [0, 1, 3], col_idx: [2, 0, 1]}\n"),
            "lists.yaml:4:13: workload.mask.planes[0].row_ptr: expected 4 numbers, one more than "
            "there are block rows, got 3");
  EXPECT_EQ(lists_fault("- {row_ptr: [1, 1, 1, 3], col_idx: [2, 0, 1]}\n"),
            "lists.yaml:4:14: workload.mask.planes[0].row_ptr[0]: expected 0, where the first list "
            "begins, got '1'");
  EXPECT_EQ(lists_fault("- {row_ptr: [0, 2, 1, 3], col_idx: [2, 0, 1]}\n"),
            "lists.yaml:4:20: workload.mask.planes[0].row_ptr[2]: expected at least 2, the number "
            "before, got '1'");
  EXPECT_EQ(lists_fault("- {row_ptr: [0, 1, 1, 2], col_idx: [2, 0, 1]}\n"),
            "lists.yaml:4:23: workload.mask.planes[0].row_ptr[3]: expected 3, the length of "
            "col_idx, got '2'");
  EXPECT_EQ(lists_fault("- {row_ptr: [0, 1, 1, 3], col_idx: [3, 0, 1]}\n"),
            "lists.yaml:4:37: workload.mask.planes[0].col_idx[0]: expected an integer from 0 to 2, "
            "got '3'");
  EXPECT_EQ(lists_fault("- {row_ptr: [0, 1, 1, 3], col_idx: [2, 1, 1]}\n"),
            "lists.yaml:4:43: workload.mask.planes[0].col_idx[2]: expected more than 1, the block "
            "before in block row 2, got '1'");
  const std::string plane = "- {row_ptr: [0, 0, 0, 0], col_idx: []}\n";
  EXPECT_EQ(lists_fault(plane + plane + plane),
            "lists.yaml:4:1: workload.mask.planes: expected 1 plane, or batch x heads = 2, got 3");
  EXPECT_EQ(lists_fault(plane + plane), "");
}

}  // namespace
}  // namespace attnsim::config
