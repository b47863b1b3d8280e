// attnsim trace, as its user sees it.
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

const std::string kSample = std::string(ATTNSIM_SOURCE_DIR) + "/traces/flash_attention_2_tiny";

/// A result without the command that made it.
json without_command(const std::string& text) {
  json result = json::parse(text);
  result["provenance"].erase("command");
  return result;
}

TEST(TraceCli, ReplayGivesTheResultOfTheRun) {
  const TemporaryFolder folder;
  const std::string run =
      " --algorithm standard --hardware nvidia_v100_pcie --workload "
      "heads=2,seqlen=200,head_dim=64,causal=true ";
  EXPECT_EQ(output_of("trace record --quiet" + run + "-o a.trace", folder.path()), "");
  EXPECT_EQ(folder.size(), 1U);
  EXPECT_EQ(without_command(output_of("trace replay a.trace --format json", folder.path())),
            without_command(output_of("run --no-time --format json" + run, folder.path())));
  EXPECT_EQ(output_of("trace replay a.trace", folder.path()),
            output_of("run --no-time" + run, folder.path()));
}

TEST(TraceCli, RecordSaysWhatItWrote) {
  const TemporaryFolder folder;
  const Outcome outcome =
      attnsim("trace record --workload seqlen=64,head_dim=64 --output a.trace", folder.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("a.trace: "), 0U) << outcome.err;
  EXPECT_NE(outcome.err.find(" operations, "), std::string::npos) << outcome.err;
  EXPECT_TRUE(outcome.err.ends_with("B\n")) << outcome.err;
}

TEST(TraceCli, TheRunOfAFileOnAnotherMachine) {
  const TemporaryFolder folder;
  output_of("trace record -q --workload seqlen=256,head_dim=64 -o a.trace", folder.path());
  const json result = json::parse(
      output_of("run --algorithm replay --set algorithm.file=a.trace --hardware nvidia_h100_sxm "
                "--workload seqlen=256,head_dim=64 --format json",
                folder.path()));
  EXPECT_EQ(result.at("run").at("hardware").at("id"), "nvidia_h100_sxm");
  EXPECT_EQ(result.at("closed_form").at(0).at("equals"), true);
  expect_refused(
      "run --algorithm replay --set algorithm.file=a.trace --workload seqlen=256,head_dim=32",
      "a.trace: tensor 'Q' is 1 x 256 x 64, the workload asks for 1 x 256 x 32\n"
      "a.trace: tensor 'K' is 1 x 256 x 64, the workload asks for 1 x 256 x 32\n"
      "a.trace: tensor 'V' is 1 x 256 x 64, the workload asks for 1 x 256 x 32\n"
      "a.trace: tensor 'O' is 1 x 256 x 64, the workload asks for 1 x 256 x 32",
      folder.path());
  expect_refused("run --algorithm replay --workload seqlen=256,head_dim=64",
                 "algorithm.file: 'replay' needs a trace file");
}

TEST(TraceCli, InfoInEveryFormat) {
  const std::string table = output_of("trace info " + kSample + ".trace");
  EXPECT_NE(table.find("flash_attention_2 forward, recorded by attnsim "), std::string::npos);
  EXPECT_NE(table.find("tiles   Br 32, Bc 40 (explicit)"), std::string::npos) << table;
  const json info = json::parse(output_of("trace info " + kSample + ".trace --format json"));
  EXPECT_EQ(info.at("trace").at("tensors").size(), 5U);
  EXPECT_EQ(info.at("trace").at("tiles"), json({{"Br", 32}, {"Bc", 40}}));
  EXPECT_EQ(info.at("trace").at("tasks"), 6);
  EXPECT_NE(output_of("trace info " + kSample + ".trace --format csv").find(",Q,query,fp16,"),
            std::string::npos);
}

TEST(TraceCli, ConvertsBothWays) {
  const TemporaryFolder folder;
  output_of("trace convert " + kSample + ".trace a.txt", folder.path());
  EXPECT_EQ(read_file(folder / "a.txt"), read_file(kSample + ".txt"));
  output_of("trace convert a.txt a.trace", folder.path());
  EXPECT_EQ(read_file(folder / "a.trace"), read_file(kSample + ".trace"));
  output_of("trace convert a.trace a.din", folder.path());
  output_of("trace convert a.trace a.csv", folder.path());
  output_of("trace convert a.csv b.din", folder.path());
  EXPECT_EQ(read_file(folder / "a.din"), read_file(folder / "b.din"));
  EXPECT_TRUE(read_file(folder / "a.din").starts_with("0 10000000\n0 10000040\n"));
  output_of("trace convert --line 128 a.trace a.ramulator", folder.path());
  EXPECT_TRUE(read_file(folder / "a.ramulator").starts_with("LD 0x10000000\nLD 0x10000080\n"));
  std::ofstream(folder / "v.lackey") << "==1== x\nI  04,4\n M 1000,8\n";
  output_of("trace convert v.lackey v.din", folder.path());
  EXPECT_EQ(read_file(folder / "v.din"), "2 4\n0 1000\n1 1000\n");
  output_of("trace convert v.lackey v.dramsim3", folder.path());
  EXPECT_EQ(read_file(folder / "v.dramsim3"), "0x0 READ 0\n0x1000 READ 1\n0x1000 WRITE 2\n");
}

TEST(TraceCli, ElementsAreWordsWhereTheRecordedMachineHasThem) {
  const TemporaryFolder folder;
  const auto last_access = [&](const std::string& hardware) {
    output_of("trace record --quiet --algorithm flash_attention_2 --hardware " + hardware +
                  " --workload seqlen=64,head_dim=8 --set 'algorithm.tiles={Br: 64, Bc: 64}' "
                  "-o a.trace",
              folder.path());
    output_of("trace convert a.trace a.csv", folder.path());
    std::ifstream in(folder.path() / "a.csv");
    std::string last;
    for (std::string line; std::getline(in, line);) last = line;
    return last;
  };
  // 64 rows of L, behind Q, K, V and O of 1 KiB each: fp32, or words of two bytes.
  EXPECT_EQ(last_access("nvidia_v100_pcie"), "268439552,256,w");
  EXPECT_EQ(last_access("abstract_two_level"), "268439552,128,w");
}

TEST(TraceCli, VerifyTakesATrace) {
  const json report = json::parse(output_of("verify " + kSample + ".trace --format json"));
  EXPECT_EQ(report.at("passed"), 2);
  expect_refused("verify --algorithm replay", "'replay' is verified with files: give a FILE.trace");
}

/// A legal file of a wrong trace: it replays, and verify says what is wrong.
TEST(TraceCli, VerifyRejectsAChangedTrace) {
  const TemporaryFolder folder;
  std::string text = read_file(kSample + ".txt");
  const std::string scale = "value=0.25\n";
  for (std::size_t at = text.find(scale); at != std::string::npos; at = text.find(scale, at)) {
    text.replace(at, scale.size(), "value=0.5\n");
  }
  std::ofstream(folder / "a.txt") << text;
  output_of("trace convert a.txt a.trace", folder.path());
  const Outcome outcome = attnsim("verify a.trace", folder.path());
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_NE(outcome.out.find("expected"), std::string::npos) << outcome.out;
}

/// Before the first load of that tensor the same load once more, its tile dropped at once.
std::string with_a_load_twice(std::string text, int tensor) {
  const std::string field = " tensor=" + std::to_string(tensor) + " ";
  std::size_t at = text.find("\nload ");
  while (text.substr(at + 1, text.find('\n', at + 1) - at).find(field) == std::string::npos) {
    at = text.find("\nload ", at + 1);
  }
  const std::string load = text.substr(at, text.find('\n', at + 1) - at);
  const auto value = [&load](const std::string& name) {
    const std::size_t from = load.find(" " + name + "=");
    return load.substr(from, load.find(' ', from + 1) - from);
  };
  return text.insert(at, load + "\ndrop" + value("t0") + value("m") + value("n"));
}

/// One tile too many: the numbers are right, so that verify has nothing to say, and every word of
/// it is paid. A budget of the closed form, which says 6912 words of K (traces/ has the term), does
/// not hold; with a tile of 40 x 16 on top it does.
TEST(TraceCli, CheckRejectsATileTooMany) {
  const TemporaryFolder folder;
  const std::string text = read_file(kSample + ".txt");
  std::ofstream(folder / "a.txt") << with_a_load_twice(text, 1);
  output_of("trace convert a.txt a.trace", folder.path());
  output_of("verify a.trace", folder.path());
  const auto write_check = [&](const std::string& limit) {
    std::ofstream(folder / "check.yaml")
        << "checks:\n"
           "  - name: one tile\n"
           "    run:\n"
           "      workload: {heads: 2, kv_heads: 1, seqlen: 96, head_dim: 16, causal: true}\n"
           "      hardware: abstract_two_level\n"
           "      algorithm: {name: replay, file: a.trace}\n"
           "    expect:\n"
           "      - {metric: io.hbm.K.words, "
        << limit << "}\n";
    return attnsim("check check.yaml", folder.path());
  };
  const Outcome rejected = write_check("max_ratio: 1.00, of: closed_form");
  EXPECT_EQ(rejected.code, 1) << rejected.out << rejected.err;
  EXPECT_NE(rejected.out.find("FAIL"), std::string::npos) << rejected.out;
  EXPECT_NE(rejected.out.find("7,552"), std::string::npos) << rejected.out;
  EXPECT_EQ(write_check("equals: 7552").code, 0);  // 6912 + 40 x 16

  std::ofstream(folder / "a.txt") << text;
  output_of("trace convert a.txt a.trace", folder.path());
  EXPECT_EQ(write_check("max_ratio: 1.00, of: closed_form").code, 0);
}

TEST(TraceCli, DamageIsReportedWithTheByte) {
  const TemporaryFolder folder;
  const std::string whole = read_file(kSample + ".trace");
  std::ofstream(folder / "a.trace", std::ios::binary) << whole.substr(0, 1000);
  expect_refused("trace replay a.trace",
                 "a.trace: byte 968: no end mark: the file was cut, or its recording did not "
                 "finish",
                 folder.path());
  std::string text = read_file(kSample + ".txt");
  const std::size_t drop = text.find("\ndrop t0=0 ");
  ASSERT_NE(drop, std::string::npos);
  text.erase(drop, text.find('\n', drop + 1) - drop);
  std::ofstream(folder / "b.txt") << text;
  output_of("trace convert b.txt b.trace", folder.path());
  const Outcome illegal = attnsim("trace replay b.trace", folder.path());
  EXPECT_EQ(illegal.code, 2);
  EXPECT_TRUE(illegal.err.starts_with(
      "b.trace: illegal trace: kernel 'flash_attention_2_forward' task 0 (i=0, plane=0): after "))
      << illegal.err;
  std::ofstream(folder / "c.din") << "0 1\n0 2\nx 3\n";
  expect_refused("trace convert c.din c.csv", "c.din:3: expected 0, 1 or 2, got 'x'",
                 folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / "c.csv"));
  EXPECT_FALSE(std::filesystem::exists(folder / "c.csv.part"));
}

TEST(TraceCli, Misuse) {
  expect_refused("trace", "'attnsim trace' needs a COMMAND");
  expect_refused("trace reply x",
                 "'attnsim trace' has no action 'reply'; did you mean 'replay'? (expected one of: "
                 "record, replay, info, convert)");
  expect_refused("trace record", "'attnsim trace record' needs --output FILE.trace");
  expect_refused("trace replay", "usage: attnsim trace replay FILE.trace|FILE.din");
  expect_refused("trace replay no.trace", "no.trace: no such file");
  expect_refused("trace info a.trace --line 64",
                 "option '--line' is not one of 'attnsim trace info'");
  expect_refused("trace convert a.din b.csv --line 48", "option '--line' needs a power of two");
  const Outcome outcome = attnsim("trace convert a.din b.trace");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err.starts_with("there is no conversion from 'a.din' to 'b.trace'\n"))
      << outcome.err;
}

}  // namespace
}  // namespace attnsim::e2e
