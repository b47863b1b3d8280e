// Caches and lists on the command line: what is read, what is refused and in which words.
#include "tests/unit/config_fixture.h"

namespace attnsim::config {
namespace {

CacheSpec cache(const std::string& text) { return load_caches({text}).at(0).cache; }

template <typename Load>
std::string message_of(const Load& load) {
  try {
    load();
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

std::string fault(const std::string& text) {
  return message_of([&] { load_caches({text}); });
}

TEST(LoadCaches, Defaults) {
  const CacheSpec spec = cache("capacity=1 MiB");
  EXPECT_EQ(spec.name, "l1");
  EXPECT_EQ(spec.capacity, 1U << 20);
  EXPECT_EQ(spec.line, 64U);
  EXPECT_EQ(spec.unit(), 64U);
  EXPECT_FALSE(spec.ways.has_value());
  EXPECT_EQ(spec.sets(), 1U);
  EXPECT_EQ(spec.rules.policy, "lru");
  EXPECT_FALSE(spec.rules.write_through);
  EXPECT_TRUE(spec.rules.write_allocate);
  EXPECT_TRUE(spec.rules.fetch_covered);
  EXPECT_EQ(spec.rules.index, CacheIndex::modulo);
  EXPECT_EQ(spec.rules.inclusion, CacheInclusion::neither);
}

TEST(LoadCaches, EveryKey) {
  const SeededCache read = load_caches(
      {" capacity = 48 KiB, line=128 B,sector=32 B,ways=3,policy=random,write=through,allocate=no,"
       "fetch=no,index=modulo,slices=4,inclusion=neither,classify=yes,seed=7"})[0];
  const CacheSpec& spec = read.cache;
  EXPECT_EQ(spec.capacity, 48U << 10);
  EXPECT_EQ(spec.line, 128U);
  EXPECT_EQ(spec.unit(), 32U);
  EXPECT_EQ(spec.sets(), 128U);
  EXPECT_EQ(spec.rules.policy, "random");
  EXPECT_TRUE(spec.rules.write_through);
  EXPECT_FALSE(spec.rules.write_allocate);
  EXPECT_FALSE(spec.rules.fetch_covered);
  EXPECT_EQ(spec.rules.slices, 4);
  EXPECT_TRUE(spec.rules.classify);
  EXPECT_EQ(read.seed, 7U);
  EXPECT_EQ(cache("capacity=1 KiB,ways=4,index=hash").rules.index, CacheIndex::hash);
  EXPECT_EQ(cache("capacity=1 KiB,inclusion=inclusive").rules.inclusion, CacheInclusion::inclusive);
  EXPECT_EQ(cache("capacity=1 KiB,inclusion=exclusive").rules.inclusion, CacheInclusion::exclusive);
  EXPECT_FALSE(cache("capacity=1 KiB,allocate=false").rules.write_allocate);
}

TEST(LoadCaches, FromTheCoreOutwards) {
  const std::vector<SeededCache> caches =
      load_caches({"capacity=32 KiB", "capacity=1 MiB,line=128 B,sector=64 B,ways=16"});
  EXPECT_EQ(caches[0].cache.name, "l1");
  EXPECT_EQ(caches[1].cache.name, "l2");
  EXPECT_EQ(message_of([] {
              load_caches({"capacity=32 KiB,line=32 B", "capacity=1 MiB",
                           "capacity=4 MiB,inclusion=inclusive"});
            }),
            "--cache capacity=32 KiB,line=32 B: line: this cache counts in units of 32 bytes, 'l2' "
            "outside it in 64; give both one line (with ways: sector) size");
  EXPECT_EQ(message_of([] {
              load_caches({"capacity=32 KiB,fetch=no", "capacity=4 MiB,inclusion=inclusive"});
            }),
            "--cache capacity=32 KiB,fetch=no: fetch: expected true: 'l2' outside it is inclusive "
            "or exclusive, or lies in such a cache");
}

TEST(LoadCaches, AllFaultsAtOnce) {
  EXPECT_EQ(message_of([] {
              load_caches({"capacity=1,lin=64 B", "ways=none,policy=lur,capacity=1 MiB,oops"});
            }),
            "--cache capacity=1,lin=64 B: unknown key 'lin'; did you mean 'line'?\n"
            "--cache capacity=1,lin=64 B: capacity: expected a size with a unit (B, KiB, MiB, GiB, "
            "TiB, KB, MB, GB, TB), got '1'\n"
            "--cache ways=none,policy=lur,capacity=1 MiB,oops: expected key=value, such as "
            "capacity=1 MiB, got 'oops'\n"
            "--cache ways=none,policy=lur,capacity=1 MiB,oops: ways: expected full or an integer "
            "from 1 to 2147483647, got 'none'\n"
            "--cache ways=none,policy=lur,capacity=1 MiB,oops: policy: unknown policy 'lur'; did "
            "you mean 'lru'? (expected one of: lru, fifo, tree_plru, random, srrip, opt)");
}

TEST(LoadCaches, ShapesThatAreNone) {
  const auto told = [](const std::string& text) {
    const std::string message = fault(text);
    const std::string start = "--cache " + text + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  };
  EXPECT_EQ(told("line=64 B"), "missing key 'capacity' (size)");
  EXPECT_EQ(told("capacity=100 B"), "capacity: expected whole lines of 64 bytes, got '100' bytes");
  EXPECT_EQ(told("capacity=1 TiB"), "capacity: expected fewer than 2^31 lines, got '17179869184'");
  EXPECT_EQ(told("capacity=64 KiB,ways=3"), "ways: expected a divisor of the 1024 lines, got '3'");
  EXPECT_EQ(
      told("capacity=64 KiB,sector=4 B"),
      "sector: expected 1 to 8 equal sectors in a line of 64 bytes, got sectors of '4' bytes");
  EXPECT_EQ(told("capacity=64 KiB,ways=16,slices=3"),
            "slices: expected a divisor of the 64 sets, got '3'");
  EXPECT_EQ(told("capacity=64 KiB,slices=2"), "slices: without ways all lines share one set");
  EXPECT_EQ(told("capacity=64 KiB,capacity=1 MiB"), "duplicate key 'capacity'");
  EXPECT_EQ(told("capacity=64 KiB,write=thru"),
            "write: unknown write policy 'thru'; did you mean 'through'? (expected one of: back, "
            "through)");
  EXPECT_EQ(told("capacity=64 KiB,allocate=1"), "allocate: expected yes or no, got '1'");
  EXPECT_EQ(
      fault("capacity=64 KiB,policy=opt,write=through,allocate=no"),
      "--cache capacity=64 KiB,policy=opt,write=through,allocate=no: write: expected back: "
      "policy opt is simulated so only\n"
      "--cache capacity=64 KiB,policy=opt,write=through,allocate=no: allocate: expected true: "
      "policy opt is simulated so only");
}

TEST(LoadCapacities, WholeLinesInOrder) {
  const std::vector<Bytes> read =
      load_capacities("--opt", "64 KiB, 1 MiB,128 words", {.most = 3, .line = 64, .word_bits = 32});
  EXPECT_EQ(read, (std::vector<Bytes>{Bytes(65536), Bytes(1 << 20), Bytes(512)}));
  EXPECT_EQ(message_of(
                [] { load_capacities("--opt", "1 KiB,100 B,2,1 words", {.most = 3, .line = 64}); }),
            "--opt 1 KiB,100 B,2,1 words: expected at most 3 capacities, got '4'\n"
            "--opt 1 KiB,100 B,2,1 words: expected whole lines of 64 B, got '100 B'\n"
            "--opt 1 KiB,100 B,2,1 words: expected a size with a unit (B, KiB, MiB, GiB, TiB, KB, "
            "MB, GB, TB), got '2'\n"
            "--opt 1 KiB,100 B,2,1 words: expected a size with a unit (B, KiB, MiB, GiB, TiB, KB, "
            "MB, GB, TB), got '1 words'");
}

TEST(LoadFittedAlgorithms, WithTheirDefaults) {
  const std::vector<AlgorithmChoice> read =
      load_fitted_algorithms("--algorithms", "blocked, flash_attention_2", catalogue());
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].name, "blocked");
  EXPECT_EQ(read[0].tiles.rule, TileRule::fit);
  EXPECT_EQ(read[0].params.integer("depth"), 2);
  EXPECT_EQ(read[1].name, "flash_attention_2");
  Catalogue with_file = catalogue();
  with_file.algorithms.push_back({.id = "replay", .summary = "", .source = "", .from_file = true});
  EXPECT_EQ(
      message_of([&] { load_fitted_algorithms("--algorithms", "blokked,replay", with_file); }),
      "--algorithms blokked,replay: unknown name 'blokked'; did you mean 'blocked'? "
      "(expected one of: blocked, flash_attention_2, replay)\n"
      "--algorithms blokked,replay: 'replay' is read from a file: it has no tiles to fit");
}

}  // namespace
}  // namespace attnsim::config
