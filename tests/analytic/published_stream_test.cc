// FlashAttention-1's own nest against the published counts of its access stream
// (tests/contract/stream_counts_test.cc): 64 heads, N = 1024, d = 64, 64 x 64 tiles, lines of 64
// bytes, one task after another.
//
// The stream leaves out what Algorithm 1 does first, the stores of O = 0, l = 0, m = -inf: 2176
// lines a head (2048 of O, 64 of l, 64 of m). Tensors lie one after another here and head after
// head in the stream, which a fully associative cache cannot tell. So the nest misses what the
// stream misses and, of the 2176 lines, those that the cache has lost when the first pass reads
// them; where it holds them, the stores are the first touch in place of the reads. Between the
// store of a line and its read in block i (from 0) lie, beside K_0 and V_0 (256 lines),
//   of O  the rest of O, l and m, and i + 1 blocks of Q:  2047 + 128 + 256 + 128 (i + 1)
//   of l  the rest of l, m, and i + 1 blocks of Q and O:  63 + 64 + 256 + 256 (i + 1)
//   of m  the rest of m, and i + 1 blocks of Q, O and l:  63 + 256 + 260 (i + 1)
#include <gtest/gtest.h>

#include "sim/replay/replay.h"
#include "tests/support/machines.h"

namespace attnsim {
namespace {

constexpr std::uint64_t kHeads = 64;
constexpr std::uint64_t kInit = 2176;

CacheRow total_of(std::uint64_t lines, const std::string& policy, replay::Repetition repetition) {
  RunSpec run;
  run.workload.heads = run.workload.kv_heads = kHeads;
  run.workload.seqlen_q = run.workload.seqlen_kv = 1024;
  run.workload.head_dim = run.workload.head_dim_v = 64;
  MemorySpec l2 = test::lru_cache("l2", lines / 2);  // of 128 bytes
  l2.line = 64;
  l2.capacity = Capacity{lines * 64, false};
  l2.cache.policy = policy;
  run.machine = test::machine_with({l2});
  run.machine.memories[0].capacity = Capacity{65 << 10, false};  // one task at a time
  run.algorithm.name = "flash_attention_1";
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 64}, {"Bc", 64}}};
  const Result result = replay::replay(run, nullptr, repetition);
  return result.caches.back();
}

struct Expected {
  std::uint64_t lines;
  std::uint64_t stream_misses;  // published
  std::uint64_t lost;           // of the lines that are initialised, per head
};

class PublishedStream : public testing::TestWithParam<Expected> {};

TEST_P(PublishedStream, IsWhatTheNestEmits) {
  const Expected e = GetParam();
  const std::uint64_t misses = e.stream_misses + kHeads * e.lost;
  for (const auto repetition : {replay::Repetition::skip_copies, replay::Repetition::replay_all}) {
    const CacheRow total = total_of(e.lines, "lru", repetition);
    EXPECT_EQ(total.accesses, 6815744U + kHeads * kInit);
    EXPECT_EQ(total.misses, misses);
    EXPECT_EQ(total.cold, 532480U);
    EXPECT_EQ(total.evictions, misses - e.lines);
  }
}

// Both steps of the stream's curve, 136 and 4480 lines, from both sides. 4479 lines lose block 15
// of O, l and m, all at a distance of 4479. 4096 lines hold 13 blocks of O and 14 of l and m,
// 1024 hold 2 blocks of l and m; a block of O is 128 lines, of l or m 4.
INSTANTIATE_TEST_SUITE_P(Capacities, PublishedStream,
                         testing::Values(Expected{16384, 532480, 0}, Expected{4480, 532480, 0},
                                         Expected{4479, 4587520, 128 + 4 + 4},
                                         Expected{4096, 4587520, 3 * 128 + 2 * 2 * 4},
                                         Expected{1024, 4587520, kInit - 2 * 2 * 4},
                                         Expected{136, 4587520, kInit},
                                         Expected{135, 6815744, kInit},
                                         Expected{128, 6815744, kInit}));

}  // namespace
}  // namespace attnsim
