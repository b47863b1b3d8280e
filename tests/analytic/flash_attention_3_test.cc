// FlashAttention-3 by hand: bytes at the shapes of the paper's benchmarks with the released tiles,
// what they hold on chip, and how the kernel is launched; and ragged problems element by element.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/replay/verify.h"
#include "tests/analytic/two_level_run.h"
#include "tests/support/element_walker.h"

namespace attnsim {
namespace {

RunSpec on_h100(const std::string& workload) {
  const config::Overrides overrides{.sets = {},
                                    .algorithm = "flash_attention_3",
                                    .hardware = "nvidia_h100_sxm",
                                    .workload = {workload}};
  return config::load_run(std::nullopt, overrides, algorithm_catalogue(),
                          config::SearchPath{ATTNSIM_SOURCE_DIR});
}

/// A row of the benchmarks: 16384 tokens of hidden size 2048, arXiv 2407.08608, section 4.1.
std::string benchmark(std::int64_t seqlen, std::int64_t d, const std::string& more = {}) {
  return "batch=" + std::to_string(16384 / seqlen) + ",heads=" + std::to_string(2048 / d) +
         ",seqlen=" + std::to_string(seqlen) + ",head_dim=" + std::to_string(d) + more;
}

struct Bytes5 {
  std::uint64_t q, k, v, o, l;
  bool operator==(const Bytes5&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Bytes5& b) {
  return out << "{Q " << b.q << ", K " << b.k << ", V " << b.v << ", O " << b.o << ", L " << b.l
             << '}';
}

/// Bytes that leave the cores, after checking that the formula says the same.
Bytes5 moved(const Result& result) {
  for (const ClosedFormRow& row : result.closed_form) EXPECT_TRUE(row.equals) << row.tensor;
  const auto of = [&](const char* tensor) { return result.io_row("l2", tensor)->bytes().count; };
  return {of("Q"), of("K"), of("V"), of("O"), of("L")};
}

constexpr std::uint64_t kMi = std::uint64_t{1} << 20;

// 32 planes (batch x heads) of 8192 x 128; a plane of 16-bit words has 2 MiB, L of all 1 MiB.
TEST(FlashAttention3, MovesKAndVOncePerBlockOf128Rows) {
  const Result result = replay::replay(on_h100(benchmark(8192, 128)));
  EXPECT_EQ(result.tiles, (NamedSizes{{"Br", 128}, {"Bc", 176}}));
  EXPECT_EQ(moved(result), (Bytes5{64 * kMi, 64 * 64 * kMi, 64 * 64 * kMi, 64 * kMi, kMi}));
}

// Query block i of 64 sees key blocks 0 .. i of 128 keys, 32 KiB each: 64 * 65 / 2 of them.
TEST(FlashAttention3, MovesHalfUnderACausalMask) {
  const Result result = replay::replay(on_h100(benchmark(8192, 128, ",causal=true")));
  EXPECT_EQ(result.tiles, (NamedSizes{{"Br", 128}, {"Bc", 128}}));
  EXPECT_EQ(moved(result), (Bytes5{64 * kMi, 65 * kMi * 32, 65 * kMi * 32, 64 * kMi, kMi}));
}

// 64 planes of 8192 x 64, 1 MiB each; 43 blocks of 192 rows, the last of 128; L: 32 KiB a plane.
TEST(FlashAttention3, MovesKAndVOncePerBlockOf192Rows) {
  const Result result = replay::replay(on_h100(benchmark(8192, 64)));
  EXPECT_EQ(result.tiles, (NamedSizes{{"Br", 192}, {"Bc", 192}}));
  EXPECT_EQ(moved(result), (Bytes5{64 * kMi, 64 * 43 * kMi, 64 * 43 * kMi, 64 * kMi, 2 * kMi}));
}

// Operands of one byte, O in bf16: 8 heads of 16384 x 256, 4 MiB a plane; 128 blocks of 128 rows.
TEST(FlashAttention3, WritesBf16FromFp8) {
  const Result result = replay::replay(on_h100(benchmark(16384, 256, ",dtype=fp8_e4m3")));
  EXPECT_EQ(result.tiles, (NamedSizes{{"Br", 128}, {"Bc", 128}}));
  EXPECT_EQ(moved(result), (Bytes5{32 * kMi, 4096 * kMi, 4096 * kMi, 64 * kMi, kMi / 2}));
}

struct Held {
  const char* workload;
  NamedSizes tiles;
  std::uint64_t scratchpad, registers;  // KiB
};

// Scratchpad: Q + 2 stages of (K + V), and P where the table puts it there. Registers: O, S and m,
// l, f in fp32 (12 bytes a row), and P elsewhere. In KiB.
TEST(FlashAttention3, HoldsWhatTheReleasedTilesNeed) {
  const std::vector<Held> all = {
      {"head_dim=64", {{"Br", 192}, {"Bc", 192}}, 24 + 2 * (24 + 24) + 72, 48 + 144},
      {"head_dim=64,causal=true", {{"Br", 192}, {"Bc", 128}}, 24 + 2 * 32, 48 + 96 + 48},
      {"head_dim=80", {{"Br", 192}, {"Bc", 144}}, 30 + 2 * 45 + 54, 60 + 108},
      {"head_dim=96,window.left=256", {{"Br", 192}, {"Bc", 128}}, 36 + 2 * 48 + 48, 72 + 96},
      {"head_dim=128", {{"Br", 128}, {"Bc", 176}}, 32 + 2 * 88, 64 + 88 + 44},
      {"head_dim=128,causal=true", {{"Br", 128}, {"Bc", 128}}, 32 + 2 * 64, 64 + 64 + 32},
      {"head_dim=192", {{"Br", 128}, {"Bc", 112}}, 48 + 2 * 84, 96 + 56 + 28},
      {"head_dim=192,head_dim_v=128", {{"Br", 128}, {"Bc", 128}}, 48 + 2 * 80, 64 + 64 + 32},
      {"head_dim=192,window.left=256", {{"Br", 128}, {"Bc", 96}}, 48 + 2 * 72, 96 + 48 + 24},
      {"head_dim=256", {{"Br", 128}, {"Bc", 80}}, 64 + 2 * 80, 128 + 40 + 20},
      {"head_dim=256,window.left=256", {{"Br", 128}, {"Bc", 64}}, 64 + 2 * 64, 128 + 32 + 16},
      {"head_dim=64,dtype=fp8_e4m3", {{"Br", 192}, {"Bc", 160}}, 12 + 2 * 20, 48 + 120 + 30},
      {"head_dim=96,dtype=fp8_e4m3", {{"Br", 192}, {"Bc", 128}}, 18 + 2 * 24, 72 + 96 + 24},
      {"head_dim=128,dtype=fp8_e5m2", {{"Br", 128}, {"Bc", 224}}, 16 + 2 * 56, 64 + 112 + 28},
      {"head_dim=192,dtype=fp8_e4m3", {{"Br", 128}, {"Bc", 160}}, 24 + 2 * 60, 96 + 80 + 20},
      {"head_dim=256,dtype=fp8_e4m3", {{"Br", 128}, {"Bc", 128}}, 32 + 2 * 64, 128 + 64 + 16}};
  for (const Held& held : all) {
    SCOPED_TRACE(held.workload);
    const Result result = replay::replay(on_h100("seqlen=2048," + std::string(held.workload)));
    EXPECT_EQ(result.tile_rule, "released");
    EXPECT_EQ(result.tiles, held.tiles);
    const auto Br = static_cast<std::uint64_t>(held.tiles[0].second);
    EXPECT_EQ(result.footprint_row("sram")->peak_bytes.count, held.scratchpad * 1024);
    EXPECT_EQ(result.footprint_row("regs")->peak_bytes.count, held.registers * 1024 + 12 * Br);
    EXPECT_TRUE(result.fits());
  }
}

// The same tiles by hand are the released kernel's in this too; others keep P in registers.
TEST(FlashAttention3, KeepsPWhereTheReleasedTilesDo) {
  RunSpec run = with_tiles(on_h100("seqlen=2048,head_dim=64"), {{"Br", 192}, {"Bc", 192}});
  EXPECT_TRUE(replay::replay(run).fits());
  run = with_tiles(run, {{"Br", 192}, {"Bc", 176}});
  const Result other = replay::replay(run);
  EXPECT_EQ(other.footprint_row("sram")->peak_bytes.count, (24 + 2 * 44) * 1024u);
  EXPECT_EQ(other.footprint_row("regs")->peak_bytes.count, (48 + 132 + 66) * 1024u + 12 * 192);
}

TEST(FlashAttention3, ComputesAttentionWithPInTheScratchpad) {
  const RunSpec run = on_h100("seqlen=333,head_dim=64,heads=2,kv_heads=1");
  const VerifyCase verified = replay::verify(run, replay::Arithmetic::exact);
  EXPECT_TRUE(verified.ok) << verified.message;
  // P passes to the scratchpad: 2 heads of 333 x 333 in fp16.
  EXPECT_EQ(replay::replay(run).io_row("sram", "on-chip")->write_bytes.count, 2u * 333 * 333 * 2);
}

TEST(FlashAttention3, HoldsAStageMoreOfKAndV) {
  RunSpec run = on_h100("seqlen=2048,head_dim=128,causal=true");
  for (const std::int64_t stages : {1, 2, 3, 4}) {
    run.algorithm.params.set("stages", stages);
    const Result result = replay::replay(run);
    EXPECT_EQ(result.footprint_row("sram")->peak_bytes.count,
              static_cast<std::uint64_t>(32 + 64 * stages) * 1024);
    EXPECT_EQ(result.fits(), stages < 4);
  }
}

Launch launch_of(const std::string& workload) {
  return replay::PlannedRun(on_h100(workload)).schedule().program().kernels().front().launch;
}

TEST(FlashAttention3, IsOneCtaOfAProducerAndItsWarpgroups) {
  const Launch two = launch_of("seqlen=2048,head_dim=128");
  EXPECT_EQ(two.threads, 384);
  EXPECT_EQ(two.registers, 168);
  EXPECT_EQ(two.warps, (std::vector<std::int64_t>{4, 4, 4}));
  const Launch three = launch_of("seqlen=2048,head_dim=64");
  EXPECT_EQ(three.threads, 512);
  EXPECT_EQ(three.registers, 128);
  EXPECT_EQ(three.warps, (std::vector<std::int64_t>{4, 4, 4, 4}));
  for (const Launch& launch : {two, three}) {
    EXPECT_EQ(65536 / (launch.registers * launch.threads), 1);  // of a register file of 256 KiB
    EXPECT_TRUE(launch.asynchronous_matrix);
    EXPECT_EQ(launch.layout, WarpLayout::rows);
  }
}

TEST(FlashAttention3, TakesLongTasksFirstWhereTheyDiffer) {
  for (const char* mask : {"causal=true", "window.left=100", "window.right=100"}) {
    const Launch masked = launch_of("seqlen=2048,head_dim=128," + std::string(mask));
    EXPECT_EQ(masked.order, TaskOrder::longest_first);
    EXPECT_EQ(masked.placement, Placement::persistent_dynamic);
    EXPECT_EQ(masked.cluster, 1);
  }
  const Launch dense = launch_of("seqlen=2048,head_dim=128");
  EXPECT_EQ(dense.order, TaskOrder::issue);
  EXPECT_EQ(dense.placement, Placement::persistent_static);
}

// K and V of a head of 8192 x 128 take 4 MiB: 8 KV heads in 32 MiB. Of 12,000 keys they take 5.9
// MiB, 5 heads would fit and 4 are taken; of 131,072 not even one does.
TEST(FlashAttention3, GoesThroughTheHeadsThatFitAnL2Together) {
  const std::map<std::string, std::int64_t> sections = {
      {"heads=32,kv_heads=32,seqlen=8192,head_dim=128,causal=true", 8},
      {"heads=32,kv_heads=8,seqlen=8192,head_dim=128,causal=true", 32},
      {"heads=32,kv_heads=32,seqlen=8192,head_dim=128,causal=true,dtype=fp8_e4m3", 16},
      {"heads=32,kv_heads=32,seqlen=12000,head_dim=128,causal=true", 4},
      {"heads=32,kv_heads=16,seqlen=131072,head_dim=128,causal=true", 2}};
  for (const auto& [workload, section] : sections) {
    EXPECT_EQ(launch_of(workload).section, section) << workload;
  }
  RunSpec packed = on_h100("heads=32,kv_heads=8,seqlen=8192,head_dim=128,causal=true");
  packed.algorithm.params.set("pack_gqa", true);
  const replay::PlannedRun planned(packed);
  EXPECT_EQ(planned.schedule().program().kernels().front().launch.section, 8);
}

// Pairs of query blocks, where there are only pairs.
TEST(FlashAttention3, SharesLoadsOfWideHeadsInPairs) {
  const std::map<std::string, std::int64_t> clusters = {
      {"seqlen=2048,head_dim=128", 2},
      {"seqlen=1920,head_dim=128", 1},  // 15 blocks
      {"seqlen=2048,head_dim=256", 2},
      {"seqlen=2304,head_dim=64", 1},
      {"seqlen=2304,head_dim=96", 1},
      {"seqlen=2048,head_dim=128,dtype=fp8_e4m3", 1},
      {"seqlen=2048,head_dim=192,dtype=fp8_e4m3", 2},
      {"seqlen=2048,head_dim=256,dtype=fp8_e4m3", 1}};
  for (const auto& [workload, cluster] : clusters) {
    EXPECT_EQ(launch_of(workload).cluster, cluster) << workload;
  }
}

/// Query blocks of several warpgroups, with clipped ones and rows that see no key.
const std::vector<walker::WalkCase> kRagged = {
    {.seqlen_q = 300, .seqlen_kv = 260, .block_rows = 192, .block_cols = 70},
    {.seqlen_q = 333, .seqlen_kv = 250, .causal = true, .block_rows = 130, .block_cols = 33},
    {.seqlen_q = 200, .seqlen_kv = 450, .causal = true, .block_rows = 100, .block_cols = 64},
    {.seqlen_q = 260,
     .seqlen_kv = 260,
     .window_left = 40,
     .window_right = 11,
     .block_rows = 250,
     .block_cols = 16},
    {.seqlen_q = 450, .seqlen_kv = 90, .window_left = 20, .block_rows = 70, .block_cols = 100}};

RunSpec run_of(const walker::WalkCase& w) {
  RunSpec run = two_level_run(1, 1, 25600, "flash_attention_3");
  run.workload = {.batch = w.batch,
                  .heads = w.heads,
                  .kv_heads = w.kv_heads,
                  .seqlen_q = w.seqlen_q,
                  .seqlen_kv = w.seqlen_kv,
                  .head_dim = w.head_dim,
                  .head_dim_v = w.head_dim_v,
                  .causal = w.causal,
                  .window_left = w.window_left,
                  .window_right = w.window_right};
  run.algorithm.params.set("pack_gqa", w.algorithm == walker::Algorithm::flash_attention_2_packed);
  return with_tiles(run, {{"Br", w.block_rows}, {"Bc", w.block_cols}});
}

TEST(FlashAttention3, MovesWhatTheElementsSayAndComputesAttention) {
  for (walker::WalkCase w : kRagged) {
    w.heads = 6;
    w.kv_heads = 2;
    w.head_dim = 5;
    w.head_dim_v = 4;
    for (const bool packed : {false, true}) {
      w.algorithm = packed ? walker::Algorithm::flash_attention_2_packed
                           : walker::Algorithm::flash_attention_2;
      RunSpec run = run_of(w);
      for (const bool overlap : {false, true}) {
        run.algorithm.params.set("intra_overlap", overlap);
        run.algorithm.params.set("stages", std::int64_t{overlap ? 1 : 3});
        const Result result = replay_against_formula(run);
        for (const auto& [tensor, traffic] : walker::walk(w)) {
          const IoRow* row = result.io_row("hbm", tensor);
          ASSERT_NE(row, nullptr) << tensor;
          EXPECT_EQ(row->read_words.count, traffic.read) << tensor;
          EXPECT_EQ(row->write_words.count, traffic.written) << tensor;
        }
        const VerifyCase verified = replay::verify(run, replay::Arithmetic::exact);
        EXPECT_TRUE(verified.ok) << verified.name << ": " << verified.message;
      }
    }
  }
}

TEST(FlashAttention3, ComputesAttentionInFp8) {
  for (const DType dtype : {DType::fp8_e4m3, DType::fp8_e5m2}) {
    for (const walker::WalkCase& w : kRagged) {
      RunSpec run = run_of(w);
      run.workload.head_dim = run.workload.head_dim_v = 64;
      run.workload.dtype = dtype;
      const VerifyCase verified = replay::verify(run, replay::Arithmetic::rounded);
      EXPECT_TRUE(verified.ok) << verified.name << ": " << verified.message;
    }
  }
}

}  // namespace
}  // namespace attnsim
