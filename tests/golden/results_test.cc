// Whole results, to the byte: did anything in the report of a known run change?
//
// Each file of tests/golden/results is the JSON of the run it is named after. A change is approved
// by running this test with ATTNSIM_APPROVE=1 and saying in the commit what changed and why; never
// in the commit that changes the engine.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/time.h"
#include "sim/report/json.h"

namespace attnsim {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = ATTNSIM_SOURCE_DIR;

struct GoldenRun {
  std::string name;
  std::string file;  // below configs/runs
  config::Overrides overrides{};
  bool time = false;  // read it, too: only on a machine whose numbers are nobody's calibration
};

std::string result_of(const GoldenRun& golden) {
  const RunSpec run = config::load_run((kSource / "configs/runs" / golden.file).string(),
                                       golden.overrides, algorithm_catalogue(), {kSource});
  const replay::PlannedRun planned(run);
  Result result = replay::replay(planned);
  if (golden.time) replay::time::add_time(planned, result);
  return report::to_json(result);
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class Golden : public testing::TestWithParam<GoldenRun> {};

TEST_P(Golden, ResultIsTheApprovedOne) {
  const fs::path path = kSource / "tests/golden/results" / (GetParam().name + ".json");
  const std::string result = result_of(GetParam());
  if (std::getenv("ATTNSIM_APPROVE") != nullptr) {
    std::ofstream(path, std::ios::binary) << result;
  }
  ASSERT_TRUE(fs::exists(path)) << path;
  EXPECT_EQ(result, text_of(path));
}

INSTANTIATE_TEST_SUITE_P(
    Runs, Golden,
    testing::Values(GoldenRun{"timed_on_tiny_gpu",
                              "flash_attention_2_gpt2.yaml",
                              {.sets = {"algorithm.tiles={Br: 64, Bc: 64}"},
                               .hardware = (kSource / "tests/golden/tiny_gpu.yaml").string(),
                               .workload = {"batch=1,heads=2,kv_heads=2,seqlen=256"}},
                              true},
                    GoldenRun{"gpt2_standard", "standard_gpt2.yaml"},
                    GoldenRun{"gpt2_flash_attention_1", "flash_attention_1_gpt2.yaml"},
                    GoldenRun{"gpt2_flash_attention_2", "flash_attention_2_gpt2.yaml"},
                    GoldenRun{"llama3_8b_packed_on_h100",
                              "flash_attention_2_llama3_8b.yaml",
                              {.sets = {"algorithm.pack_gqa=true"}, .hardware = "nvidia_h100_sxm"}},
                    GoldenRun{
                        "two_level_over",
                        "theory/1024_64_25600.yaml",
                        {.sets = {"algorithm.tiles=paper"}, .algorithm = "flash_attention_1"}}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace attnsim
