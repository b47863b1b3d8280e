// The studies of the project answer what docs/studies.md says they do.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Replays an L2 line by line: minutes. That it can be read, and each of its values, is checked in
/// tests/contract/studies_test.cc.
const std::set<std::string> kLong = {"h100_l2_what_if"};

/// The lines of results.jsonl of a study of the project.
std::vector<json> points_of(const std::string& name) {
  const TemporaryFolder folder;
  output_of("sweep '" ATTNSIM_SOURCE_DIR "/configs/studies/" + name + ".yaml'", folder.path());
  std::vector<json> points;
  std::ifstream stream(folder / (name + "_results/results.jsonl"));
  for (std::string line; std::getline(stream, line);) points.push_back(json::parse(line));
  return points;
}

std::uint64_t words_of(const json& point) {
  for (const json& row : point.at("io")) {
    if (row.at("memory") == "hbm" && row.at("tensor") == "total") return row.at("words");
  }
  return 0;
}

/// The words of the point where `set` has all of these values.
std::uint64_t words_at(const std::vector<json>& points, const json& values) {
  for (const json& point : points) {
    bool here = true;
    for (const auto& [path, value] : values.items()) here &= point.at("set").at(path) == value;
    if (here) return point.contains("io") ? words_of(point) : 0;
  }
  ADD_FAILURE() << "no point " << values;
  return 0;
}

TEST(Studies, ThoseOfTheProjectRun) {
  std::size_t ran = 0;
  for (const auto& entry : fs::directory_iterator(ATTNSIM_SOURCE_DIR "/configs/studies")) {
    const std::string name = entry.path().stem();
    if (kLong.contains(name)) continue;
    EXPECT_GT(points_of(name).size(), 1U) << name;
    ++ran;
  }
  EXPECT_GT(ran, 7U);
}

constexpr const char* kM = "hardware.memories.sram.capacity";

/// By the formulas of the loop nests, without this simulator.
TEST(Studies, TablesOfTheory) {
  const std::vector<json> forward = points_of("theory_forward");
  const auto at = [](const char* algorithm, const char* tiles, const char* seqlen,
                     const char* head_dim, const char* m) {
    return json{{"algorithm", algorithm},
                {"algorithm.tiles", tiles},
                {"workload.seqlen", seqlen},
                {"workload.head_dim", head_dim},
                {kM, m}};
  };
  EXPECT_EQ(words_at(forward, at("flash_attention_2", "fit", "1024", "64", "25600 words")), 918528);
  EXPECT_EQ(words_at(forward, at("flash_attention_1", "paper", "4096", "128", "57344 words")),
            60383232);
  EXPECT_EQ(words_at(forward, at("standard", "paper", "1000", "64", "25600 words")), 6560000);
  const std::vector<json> backward = points_of("theory_backward");
  EXPECT_EQ(words_at(backward, at("two_kernel_backward", "fit", "4096", "128", "25600 words")),
            160608256);
  EXPECT_EQ(words_at(backward, at("flash_attention_1", "fit", "4096", "64", "25600 words")),
            57229312);
  const std::vector<json> small = points_of("theory_small_cache");
  EXPECT_EQ(words_at(small, at("square_tiling", "paper", "1024", "128", "1024 words")), 34738176);
  json backward_1 = at("flash_attention_1", "fit", "1024", "128", "1024 words");
  backward_1["workload.pass"] = "backward";
  EXPECT_EQ(words_at(small, backward_1), 0) << "needs 8 d + 5 words";
}

TEST(Studies, MasksOfTheory) {
  const std::vector<json> masks = points_of("theory_masks");
  const auto words = [&masks](const char* algorithm, const char* causal) {
    return words_at(masks, {{"algorithm", algorithm}, {"workload.causal", causal}});
  };
  EXPECT_EQ(words("flash_attention_1", "true"), 1390336);
  EXPECT_EQ(words("flash_attention_2", "true"), 1008640);
  EXPECT_EQ(words("flash_attention_2", "false"), 1573888);
  // 46 blocks of 64 rows, and the list of blocks: a length for each key block and the blocks.
  EXPECT_EQ(words_of(points_of("theory_block_masks").front()), 775680 + 16 + 46);
}

/// Fusion wins far below d^2: from the first M of the grid on where FlashAttention-2 moves less
/// than the square tiling, M is less than 0.4 d^2.
TEST(Studies, TheCrossoverIsFarBelowTheSquare) {
  const std::vector<json> points = points_of("theory_crossovers");
  std::map<json, std::uint64_t> words;  // by the values that are set
  for (const json& point : points) {
    if (point.contains("io")) words[point.at("set")] = words_of(point);
  }
  for (const int head_dim : {64, 128, 256}) {
    int least = 0;
    for (const json& point : points) {  // M ascends
      json set = point.at("set");
      if (set.at("algorithm") != "flash_attention_2" || !words.contains(set)) continue;
      if (set.at("workload.head_dim") != std::to_string(head_dim)) continue;
      const std::uint64_t fused = words.at(set);
      set["algorithm"] = "square_tiling";
      if (fused > words.at(set)) continue;
      least = std::stoi(set.at(kM).get<std::string>());
      break;
    }
    EXPECT_GT(least, 0.2 * head_dim * head_dim);
    EXPECT_LT(least, 0.4 * head_dim * head_dim);
  }
}

}  // namespace
}  // namespace attnsim::e2e
