// YAML text to trees, and trees over each other.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "sim/config/faults.h"
#include "sim/config/node.h"
#include "sim/config/parse.h"
#include "sim/config/sections.h"

namespace attnsim::config {
namespace {

std::string text_of(const Faults& faults) {
  std::string out;
  for (const Diagnostic& d : faults.sorted()) out += d.text() + "\n";
  return out;
}

/// The tree of a text without faults.
Node tree(const std::string& text) {
  Faults faults;
  std::optional<Node> node = parse_yaml(text, "f.yaml", "", faults);
  EXPECT_EQ(text_of(faults), "");
  return node.value_or(Node{});
}

/// The faults of a text.
std::string faults_of(const std::string& text) {
  Faults faults;
  parse_yaml(text, "f.yaml", "", faults);
  return text_of(faults);
}

/// A tree in one line, to compare.
std::string flat(const Node& node) {
  std::string out;
  switch (node.kind) {
    case NodeKind::null:
      return "~";
    case NodeKind::scalar:
      return node.quoted ? "'" + node.text + "'" : node.text;
    case NodeKind::sequence:
      for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + flat(item);
      return "[" + out + "]";
    case NodeKind::map:
      break;
  }
  for (const Entry& e : node.entries) {
    out += (out.empty() ? "" : ", ") + e.key + ": " + flat(e.value);
  }
  return "{" + out + "}";
}

TEST(ConfigParse, KeepsTextOrderQuotesAndPositions) {
  const Node root = tree("b: 010\na:\n  - yes\n  - \"12\"\nnone:\n");
  EXPECT_EQ(flat(root), "{b: 010, a: [yes, '12'], none: ~}");
  EXPECT_EQ(root.entries[1].at.line, 2);
  EXPECT_EQ(root.find("a")->items[1].at.line, 4);
  EXPECT_EQ(root.find("a")->items[1].at.column, 5);
  EXPECT_EQ(root.find("a")->items[1].at.file, "f.yaml");
  EXPECT_EQ(root.find("none")->at.line, 5);  // where the value is missing
}

TEST(ConfigParse, JsonIsYaml) {
  EXPECT_EQ(flat(tree("{\"a\":1,\n\t\"b\":{\"c\":[true,null,\"x\"]}\n}\n")),
            "{a: 1, b: {c: [true, ~, 'x']}}");
}

TEST(ConfigParse, ReportsEveryRefusedFeatureAtOnce) {
  EXPECT_EQ(faults_of("a: &x 1\nb: !!str 2\nc: *x\na: 3\n"),
            "f.yaml:1:4: a: anchors (&) are not supported\n"
            "f.yaml:2:4: b: tags (!) are not supported\n"
            "f.yaml:3:4: c: aliases (*) are not supported\n"
            "f.yaml:4:1: duplicate key 'a' (first on line 1)\n");
}

TEST(ConfigParse, AQuotedMergeKeyIsAKey) { EXPECT_EQ(flat(tree("\"<<\": 1\n")), "{<<: 1}"); }

TEST(ConfigParse, OfDuplicateKeysTheFirstCounts) {
  Faults faults;
  const std::optional<Node> node = parse_yaml("a: 1\na: {b: [2]}\nc: 3\n", "f.yaml", "", faults);
  ASSERT_TRUE(node);
  EXPECT_EQ(flat(*node), "{a: 1, c: 3}");
  EXPECT_EQ(faults.count(), 1u);
}

TEST(ConfigParse, NothingOverflowsTheStack) {
  for (const char* piece : {"[", "{", "- ", "? ", "[{", "{a: [", "a: {"}) {
    std::string text;
    while (text.size() < 1000000) text += piece;
    EXPECT_NE(faults_of(text), "") << piece;
  }
}

TEST(ConfigParse, DocumentsWithoutEndDoNotHang) {
  for (const char* piece : {",", "[],", "{},", "]", "}", "---\n", "%a: b\n", "|\n"}) {
    std::string text;
    while (text.size() < 20000) text += piece;
    EXPECT_NE(faults_of(text), "") << piece;
  }
}

TEST(ConfigParse, RefusesBytesThatAreNoText) {
  EXPECT_EQ(faults_of("a: \xff"), "f.yaml:1:4: not a text file: byte 0xff is not UTF-8\n");
  EXPECT_EQ(faults_of("a: \xed\xa0\x80"), "f.yaml:1:4: not a text file: byte 0xed is not UTF-8\n");
  EXPECT_EQ(faults_of(std::string("a: 1\n\0", 6)),
            "f.yaml:2:1: not a text file: control character 0x00\n");
  EXPECT_EQ(flat(tree("a: \xc3\xa9\r\n")), "{a: \xc3\xa9}");
}

TEST(ConfigParse, ValuesOfOptionsArePlainUnlessBracketed) {
  const Position at{.file = "--set a"};
  Faults faults;
  EXPECT_EQ(flat(*parse_value("80 MiB", at, "", faults)), "80 MiB");
  EXPECT_EQ(flat(*parse_value("a: b", at, "", faults)), "a: b");
  EXPECT_EQ(flat(*parse_value("\"8\"", at, "", faults)), "'8'");
  EXPECT_EQ(flat(*parse_value("", at, "", faults)), "~");
  const Node map = *parse_value("{Br: 64, Bc: [1]}", at, "", faults);
  EXPECT_EQ(flat(map), "{Br: 64, Bc: [1]}");
  EXPECT_EQ(map.find("Bc")->items[0].at.file, "--set a");
  EXPECT_EQ(map.find("Bc")->items[0].at.line, 0);
  EXPECT_EQ(faults.count(), 0u);
}

TEST(ConfigMerge, MapsMergeAndTheRestReplaces) {
  const Node base = tree("{a: 1, b: {c: 2, d: [3, 4]}, e: {f: 5}}");
  const Node derived = tree("{b: {d: [6], x: 7}, e: 8, y: {z: 9}}");
  EXPECT_EQ(flat(merge(base, derived)), "{a: 1, b: {c: 2, d: [6], x: 7}, e: 8, y: {z: 9}}");
}

TEST(ConfigMerge, LeavesKeepTheirPositions) {
  Faults faults;
  const Node base = *parse_yaml("a:\n  b: 1\n  c: 2\n", "base.yaml", "", faults);
  const Node derived = *parse_yaml("\n\n\na: {c: 3}\n", "derived.yaml", "", faults);
  const Node merged = merge(base, derived);
  EXPECT_EQ(merged.find("a")->find("b")->at.file, "base.yaml");
  EXPECT_EQ(merged.find("a")->find("c")->at.file, "derived.yaml");
  EXPECT_EQ(merged.find("a")->find("c")->at.line, 4);
  EXPECT_EQ(merged.find("a")->at.file, "derived.yaml");
}

TEST(ConfigMerge, ASectionThatNamesAnotherBaseReplaces) {
  const Node base = with_long_forms(tree(
      "{algorithm: {name: one, tiles: fit, p: 1}, hardware: {extends: m, cores: 2}, workload: w}"));
  const auto merged = [&](const char* derived) { return flat(merge_run(base, tree(derived))); };
  EXPECT_EQ(merged("{algorithm: {tiles: paper}, hardware: {cores: 3}, workload: {heads: 4}}"),
            "{algorithm: {name: one, tiles: paper, p: 1}, hardware: {extends: m, cores: 3}, "
            "workload: {extends: w, heads: 4}}");
  EXPECT_EQ(merged("{algorithm: {name: two, q: 1}, hardware: n, workload: {extends: v}}"),
            "{algorithm: {name: two, q: 1}, hardware: {extends: n}, workload: {extends: v}}");
  EXPECT_EQ(merged("{algorithm: {name: one, q: 1}, hardware: m}"),
            "{algorithm: {name: one, tiles: fit, p: 1, q: 1}, hardware: {extends: m}, "
            "workload: {extends: w}}");
}

TEST(ConfigMerge, TheLaterSpellingOfTheLengthCounts) {
  const auto merged = [](const char* base, const char* derived) {
    return flat(merge_workload(tree(base), tree(derived)));
  };
  EXPECT_EQ(merged("{seqlen: 8, heads: 2}", "{seqlen_q: 1}"),
            "{heads: 2, seqlen_q: 1, seqlen_kv: 8}");
  EXPECT_EQ(merged("{seqlen_q: 1, seqlen_kv: 8}", "{seqlen: 4}"), "{seqlen: 4}");
  EXPECT_EQ(merged("{seqlen: 8}", "{seqlen: 4}"), "{seqlen: 4}");
  EXPECT_EQ(merged("{seqlen: 8}", "{seqlen: 4, seqlen_q: 1}"), "{seqlen: 4, seqlen_q: 1}");
}

}  // namespace
}  // namespace attnsim::config
