// Field tables: keys, suggestions, and reports that hold all faults in order.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/config/faults.h"
#include "sim/config/parse.h"
#include "sim/config/schema.h"
#include "sim/core/error.h"

namespace attnsim::config {
namespace {

struct Tile {
  std::optional<std::int64_t> rows{};
  std::optional<bool> pinned{};
};

std::span<const Field<Tile>> tile_table() {
  static const Field<Tile> kFields[] = {
      {{.key = "rows", .type = "integer 1..8", .required = true, .doc = ""},
       [](const Cursor& v, Tile& out) { out.rows = v.integer({.min = 1, .max = 8}); }},
      {{.key = "pinned", .type = "true or false", .doc = ""},
       [](const Cursor& v, Tile& out) { out.pinned = v.boolean(); }},
  };
  return kFields;
}

std::string read(const std::string& text, Tile& tile) {
  Faults faults;
  const std::optional<Node> node = parse_yaml(text, "f.yaml", "tile", faults);
  if (node) read_map(Cursor(*node, "tile", faults), tile_table(), tile);
  std::string out;
  for (const Diagnostic& d : faults.sorted()) out += d.text() + "\n";
  return out;
}

TEST(ConfigSchema, ReadsDeclaredKeys) {
  Tile tile;
  EXPECT_EQ(read("{pinned: true, rows: 8}", tile), "");
  EXPECT_EQ(tile.rows, 8);
  EXPECT_EQ(tile.pinned, true);
}

TEST(ConfigSchema, AbsentKeysAreLeftAlone) {
  Tile tile;
  EXPECT_EQ(read("rows: 1", tile), "");
  EXPECT_EQ(tile.pinned, std::nullopt);
}

TEST(ConfigSchema, AllFaultsSortedByPosition) {
  Tile tile;
  EXPECT_EQ(read("zeal: 1\npined: true\npinned: 1\nrwos: 3\n", tile),
            "f.yaml:1:1: tile: unknown key 'zeal' (expected one of: rows, pinned)\n"
            "f.yaml:1:1: tile: missing key 'rows' (integer 1..8)\n"
            "f.yaml:2:1: tile: unknown key 'pined'; did you mean 'pinned'?\n"
            "f.yaml:3:9: tile.pinned: expected true or false, got '1'\n"
            "f.yaml:4:1: tile: unknown key 'rwos'; did you mean 'rows'?\n");
}

TEST(ConfigSchema, WrongKindsAreNamed) {
  Tile tile;
  EXPECT_EQ(read("[1]", tile), "f.yaml:1:1: tile: expected a map, got a list\n");
  EXPECT_EQ(read("rows: {a: 1}", tile),
            "f.yaml:1:7: tile.rows: expected an integer from 1 to 8, got a map\n");
}

TEST(ConfigFaults, AreListedInTheOrderOfFilesAndOncePerPlace) {
  Faults faults;
  faults.enter("z.yaml");
  faults.enter("a.yaml");
  faults.add({.file = "--set x=1"}, "x", "last");
  faults.add({.file = "a.yaml", .line = 1, .column = 1}, "checks[0]", "third");
  faults.add({.file = "a.yaml", .line = 1, .column = 1}, "checks[1]", "third");
  faults.add({.file = "z.yaml", .line = 9, .column = 1}, "", "second");
  faults.add({.file = "z.yaml", .line = 2, .column = 7}, "", "first");
  std::string out;
  for (const Diagnostic& d : faults.sorted()) out += d.message + " ";
  EXPECT_EQ(out, "first second third last ");
}

TEST(ConfigFaults, TheReportIsBounded) {
  Faults faults;
  for (int i = 0; i < 250; ++i) faults.add({.file = "f", .line = i + 1, .column = 1}, "", "wrong");
  const std::vector<Diagnostic> sorted = faults.sorted();
  ASSERT_EQ(sorted.size(), 101u);
  EXPECT_EQ(sorted.back().text(), "and 150 more");
  try {
    for (int i = 0; i < 5000; ++i) faults.add({.file = "f", .line = i, .column = 1}, "", "wrong");
    FAIL() << "five thousand faults were collected";
  } catch (const UserError& e) {
    EXPECT_EQ(e.diagnostics().back().text(), "and many more");
  }
}

TEST(ConfigReference, NamesKeysTypesAndDefaults) {
  const std::string manual = config_reference();
  for (const char* part :
       {"kv_heads: integer 1..2^20 (default: heads)", "head_dim: integer 1..2^20 (required)",
        "read_bandwidth: byte rate", "exchange: memory (required)", "max_ratio: number above 0",
        "io.<memory>.<tensor>.<field>", "a size with a unit (B, KiB"}) {
    EXPECT_NE(manual.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace attnsim::config
