// attnsim curve, and address files in attnsim trace replay, as their user sees them.
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

std::size_t points_of(const json& curve, const std::string& policy) {
  std::size_t n = 0;
  for (const json& point : curve.at("points")) n += point.at("policy") == policy ? 1 : 0;
  return n;
}

const std::string kRun =
    " --algorithm flash_attention_2 --hardware abstract_two_level --workload "
    "heads=2,seqlen=96,head_dim=16 --set algorithm.tiles='{Br: 16, Bc: 16}' ";

/// Far beyond its last step a cache leaves what any algorithm must move.
TEST(Curve, OfARunEndsAtTheCompulsoryTraffic) {
  const TemporaryFolder folder;
  const json curve = json::parse(output_of("curve --format json" + kRun, folder.path()));
  EXPECT_EQ(curve.at("line_bytes"), 2) << "a word";
  json last;
  for (const json& point : curve.at("points")) {
    if (point.at("policy") == "lru") last = point;
  }
  EXPECT_EQ(last.at("read_bytes"), 3 * 2 * 96 * 16 * 2) << "Q, K and V";
  EXPECT_EQ(last.at("write_bytes"), 2 * (96 * 16 + 96) * 2) << "O and L";
  EXPECT_EQ(curve.at("points").at(0).at("capacity_bytes"), 2);
  for (const char* id : {"standard", "flash_attention_1", "flash_attention_2"}) {
    EXPECT_GT(points_of(curve, id), 4U) << id;
  }
}

TEST(Curve, OptIsNeverWorseThanLru) {
  const TemporaryFolder folder;
  const json curve = json::parse(output_of(
      "curve --algorithms none --opt '64 words,512 words' --format json" + kRun, folder.path()));
  EXPECT_EQ(points_of(curve, "opt"), 2U);
  EXPECT_EQ(points_of(curve, "standard"), 0U);
  for (const json& opt : curve.at("points")) {
    if (opt.at("policy") != "opt") continue;
    json lru;
    for (const json& point : curve.at("points")) {
      if (point.at("policy") == "lru" && point.at("capacity_bytes") <= opt.at("capacity_bytes"))
        lru = point;
    }
    EXPECT_LE(opt.at("read_bytes"), lru.at("read_bytes"));
  }
}

TEST(Curve, OfATraceFileIsThatOfItsRun) {
  const TemporaryFolder folder;
  output_of("trace record -q -o a.trace" + kRun, folder.path());
  EXPECT_EQ(output_of("curve a.trace --format csv", folder.path()),
            output_of("curve --format csv" + kRun, folder.path()));
  const std::string table = output_of("curve a.trace", folder.path());
  EXPECT_TRUE(table.starts_with("flash_attention_2 on abstract_two_level\n")) << table;
}

TEST(Curve, OfAnAddressFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.din") << "0 0\n1 0\n0 40\n0 0\n1 80\n";
  EXPECT_EQ(output_of("curve a.din --format csv --opt '128 B'", folder.path()),
            "policy,capacity_bytes,read_bytes,write_bytes\n"
            "lru,64,256,128\n"
            "lru,128,192,128\n"
            "opt,128,192,128\n");
  EXPECT_EQ(output_of("curve a.din --format csv --line 256", folder.path()),
            "policy,capacity_bytes,read_bytes,write_bytes\n"
            "lru,256,256,256\n");
}

TEST(Curve, PlotIsAFileOfItsOwn) {
  const TemporaryFolder folder;
  output_of("curve --plot a.svg -o a.json" + kRun, folder.path());
  EXPECT_EQ(folder.size(), 2U);
  const std::string svg = read_file(folder / "a.svg");
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg.substr(0, 100);
  EXPECT_NE(svg.find(">flash_attention_2 on abstract_two_level</text>"), std::string::npos);
  EXPECT_TRUE(json::parse(read_file(folder / "a.json")).contains("points"));
}

TEST(Curve, Misuse) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.din") << "0 0\n";
  expect_refused("curve b.din", "b.din: no such file", folder.path());
  expect_refused("curve a.din --workload seqlen=8",
                 "option '--workload' is for runs: a.din holds addresses", folder.path());
  expect_refused("curve a.din --algorithms standard",
                 "option '--algorithms' is for runs: a.din holds addresses", folder.path());
  expect_refused("curve a.din --line 0",
                 "option '--line' needs a whole number of at least 1, got "
                 "'0'",
                 folder.path());
  expect_refused("curve a.din a.din",
                 "'attnsim curve' takes one RUN.yaml|FILE.trace|FILE.din, got "
                 "'a.din' too",
                 folder.path());
  expect_refused("curve a.trace --set seed=3", "option '--set' is for runs: a.trace holds its run",
                 folder.path());
  std::ofstream(folder / "c.din") << "0 0\n0 x\n";
  expect_refused("curve c.din --plot c.svg", "c.din:2: expected an address in hexadecimal, got 'x'",
                 folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / "c.svg"));
}

// --- attnsim trace replay FILE.din
// ---------------------------------------------------------------------------------------

TEST(AddressReplay, CountsByHand) {
  const TemporaryFolder folder;
  // Two lines of a direct-mapped cache that evict each other, the first one dirty.
  std::ofstream(folder / "a.csv") << "address,bytes,rw\n0,8,w\n128,8,r\n0,4,r\n64,64,i\n";
  const std::string cache = " --cache 'capacity=128 B,line=64 B,ways=1,policy=lru'";
  EXPECT_EQ(output_of("trace replay a.csv --format csv" + cache, folder.path()),
            "name,tensor,accesses,hits,misses,read_misses,write_misses,cold,capacity,conflict,"
            "fills,evictions,write_backs,final_dirty\n"
            "l1,total,4,0,4,3,1,3,1,0,4,2,1,0\n");
  const json result =
      json::parse(output_of("trace replay a.csv --format json" + cache, folder.path()));
  EXPECT_EQ(result.at("memory").at("read_bytes"), 256);
  EXPECT_EQ(result.at("memory").at("write_bytes"), 64);
  EXPECT_EQ(result.at("trace").at("accesses"), 4);
}

TEST(AddressReplay, SeveralCachesFromTheCoreOutwards) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.lackey") << "==1== x\n S 0,64\n L 40,64\n M 80,8\n L 0,64\n";
  const json result =
      json::parse(output_of("trace replay a.lackey --format json --cache 'capacity=64 B' "
                            "--cache 'capacity=1 KiB,ways=2'",
                            folder.path()));
  ASSERT_EQ(result.at("caches").size(), 2U);
  EXPECT_EQ(result.at("caches").at(0).at("name"), "l1");
  EXPECT_EQ(result.at("caches").at(1).at("name"), "l2");
  EXPECT_EQ(result.at("caches").at(0).at("misses"), 4);
  EXPECT_EQ(result.at("caches").at(0).at("hits"), 1) << "the write of the modify";
  EXPECT_EQ(result.at("caches").at(1).at("accesses"), 4 + 2) << "fills and write-backs";
  EXPECT_EQ(result.at("memory").at("read_bytes"), 3 * 64);
  EXPECT_EQ(result.at("memory").at("write_bytes"), 2 * 64);
}

TEST(AddressReplay, Misuse) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.din") << "0 0\n";
  expect_refused("trace replay a.din",
                 "a.din holds addresses: it needs a cache, such as --cache 'capacity=1 MiB,line=64 "
                 "B,ways=16,policy=lru'",
                 folder.path());
  expect_refused("trace replay b.din --cache 'capacity=64 B'", "b.din: no such file",
                 folder.path());
  expect_refused("trace replay b.trace --cache 'capacity=64 B'",
                 "option '--cache' is for address files (.din, .csv, .lackey), got 'b.trace'",
                 folder.path());
  expect_refused("trace info b.trace --cache 'capacity=64 B'",
                 "option '--cache' is not one of 'attnsim trace info'", folder.path());
  expect_refused("trace replay a.din --cache 'capacity=64 B,inclusion=exclusive,write=through'",
                 "--cache capacity=64 B,inclusion=exclusive,write=through: write: expected back: "
                 "the cache is exclusive",
                 folder.path());
}

}  // namespace
}  // namespace attnsim::e2e
