// Bytes across the boundaries of a GPU, worked out by hand: fp16 tensors with fp32 statistics,
// operands in shared memory (sram), accumulators and statistics in registers, an L2 that passes
// everything through.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "sim/replay/replay.h"

namespace attnsim {
namespace {

MachineSpec gpu() {
  MachineSpec machine;
  machine.id = "gpu";
  machine.cores = 4;
  machine.memories = {
      {.name = "regs",
       .kind = MemoryKind::registers,
       .per_core = true,
       .parent = "l2",
       .capacity = Capacity{256 * 1024}},
      {.name = "sram",
       .kind = MemoryKind::scratchpad,
       .per_core = true,
       .parent = "l2",
       .capacity = Capacity{96 * 1024}},
      {.name = "l2",
       .kind = MemoryKind::cache,
       .parent = "hbm",
       .capacity = Capacity{std::uint64_t{4} << 20}},
      {.name = "hbm", .kind = MemoryKind::dram, .capacity = Capacity{std::uint64_t{1} << 30}}};
  machine.roles = {"sram", "regs", "regs", "sram", "sram"};
  return machine;
}

RunSpec run_of(const std::string& algorithm, const Workload& workload, std::int64_t Br,
               std::int64_t Bc) {
  RunSpec run;
  run.workload = workload;
  run.machine = gpu();
  run.algorithm.name = algorithm;
  run.algorithm.tiles = {.rule = TileRule::explicit_sizes, .sizes = {{"Br", Br}, {"Bc", Bc}}};
  run.algorithm.params.set("trimmed", false);
  run.algorithm.params.set("pack_gqa", false);
  return run;
}

struct Row {
  std::uint64_t read = 0, written = 0, init = 0;  // bytes
  bool operator==(const Row&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << "{read " << row.read << ", written " << row.written << ", init " << row.init << '}';
}

/// The bytes of a row, after checking that its words are those of two bytes each.
Row bytes(const Result& result, const std::string& memory, const std::string& tensor) {
  const IoRow* row = result.io_row(memory, tensor);
  if (row == nullptr) return {};
  EXPECT_EQ(row->read_words.count * 2, row->read_bytes.count);
  EXPECT_EQ(row->write_words.count * 2, row->write_bytes.count);
  EXPECT_EQ(row->init_words.count * 2, row->init_bytes.count);
  return {row->read_bytes.count, row->write_bytes.count, row->init_bytes.count};
}

// 6 queries, 4 keys, d = 2, dv = 3: 2 row blocks of 3 and 1, of 4; 2 key blocks of 3 and 1.
const Workload kSmall{.seqlen_q = 6, .seqlen_kv = 4, .head_dim = 2, .head_dim_v = 3};

TEST(GpuBoundaries, FlashAttention2CrossesL2AndHbmAlike) {
  const Result result = replay::replay(run_of("flash_attention_2", kSmall, 4, 3));
  for (const char* memory : {"l2", "hbm"}) {
    SCOPED_TRACE(memory);
    EXPECT_EQ(bytes(result, memory, "Q"), (Row{.read = 6 * 2 * 2}));
    EXPECT_EQ(bytes(result, memory, "K"), (Row{.read = 2 * 4 * 2 * 2}));
    EXPECT_EQ(bytes(result, memory, "V"), (Row{.read = 2 * 4 * 3 * 2}));
    EXPECT_EQ(bytes(result, memory, "O"), (Row{.written = 6 * 3 * 2}));
    EXPECT_EQ(bytes(result, memory, "L"), (Row{.written = 6 * 4}));  // fp32
    EXPECT_EQ(bytes(result, memory, "total"), (Row{.read = 24 + 32 + 48, .written = 36 + 24}));
  }
}

// The matrix unit reads Q and K for S = Q K^T, and V for O = P V, out of shared memory, each once
// per product; P is in registers.
TEST(GpuBoundaries, TheMatrixUnitReadsItsOperandsFromSharedMemory) {
  const Result result = replay::replay(run_of("flash_attention_2", kSmall, 4, 3));
  EXPECT_EQ(bytes(result, "sram", "Q"), (Row{.read = 2 * 6 * 2 * 2}));  // again for each key block
  EXPECT_EQ(bytes(result, "sram", "K"), (Row{.read = 2 * 4 * 2 * 2}));
  EXPECT_EQ(bytes(result, "sram", "V"), (Row{.read = 2 * 4 * 3 * 2}));
  EXPECT_EQ(bytes(result, "sram", "O"), Row{});
  EXPECT_EQ(bytes(result, "sram", "total"), (Row{.read = 48 + 32 + 48}));
  EXPECT_EQ(result.io_row("regs", "total"), nullptr);
}

TEST(GpuBoundaries, RowsGoFromTheOutermostMemoryInwards) {
  const Result result = replay::replay(run_of("flash_attention_2", kSmall, 4, 3));
  std::string order;
  for (const IoRow& row : result.io) order += row.memory + '.' + row.tensor + ' ';
  EXPECT_EQ(order,
            "hbm.Q hbm.K hbm.V hbm.O hbm.L hbm.total "
            "l2.Q l2.K l2.V l2.O l2.L l2.total "
            "sram.Q sram.K sram.V sram.total ");
}

TEST(GpuBoundaries, FlashAttention1StoresStatisticsInFourBytes) {
  const Result result = replay::replay(run_of("flash_attention_1", kSmall, 4, 3));
  for (const char* memory : {"l2", "hbm"}) {
    SCOPED_TRACE(memory);
    EXPECT_EQ(bytes(result, memory, "Q"), (Row{.read = 2 * 6 * 2 * 2}));
    EXPECT_EQ(bytes(result, memory, "K"), (Row{.read = 4 * 2 * 2}));
    EXPECT_EQ(bytes(result, memory, "V"), (Row{.read = 4 * 3 * 2}));
    EXPECT_EQ(bytes(result, memory, "O"),
              (Row{.read = 2 * 6 * 3 * 2, .written = 3 * 6 * 3 * 2, .init = 6 * 3 * 2}));
    for (const char* statistic : {"l", "m"}) {
      EXPECT_EQ(bytes(result, memory, statistic),
                (Row{.read = 2 * 6 * 4, .written = 3 * 6 * 4, .init = 6 * 4}));
    }
  }
  EXPECT_EQ(bytes(result, "sram", "O"), Row{});  // accumulates in registers
}

// 3 queries of 2 x 5 keys, b = 2, bk = 4, d = 3, dv = 2: S has 2 x 3 blocks, O has 2 x 1.
TEST(GpuBoundaries, StandardKeepsScoresAndProbabilitiesInMemory) {
  RunSpec run =
      run_of("standard", {.seqlen_q = 3, .seqlen_kv = 5, .head_dim = 3, .head_dim_v = 2}, 0, 0);
  run.algorithm.tiles.sizes = {{"b", 2}, {"bk", 4}};
  const Result result = replay::replay(run);
  for (const char* memory : {"l2", "hbm"}) {
    SCOPED_TRACE(memory);
    EXPECT_EQ(bytes(result, memory, "Q"), (Row{.read = 3 * 3 * 3 * 2}));
    EXPECT_EQ(bytes(result, memory, "K"), (Row{.read = 2 * 5 * 3 * 2}));
    EXPECT_EQ(bytes(result, memory, "S"), (Row{.read = 3 * 5 * 2, .written = 3 * 5 * 2}));
    EXPECT_EQ(bytes(result, memory, "P"), (Row{.read = 3 * 5 * 2, .written = 3 * 5 * 2}));
    EXPECT_EQ(bytes(result, memory, "V"), (Row{.read = 2 * 5 * 2 * 2}));
    EXPECT_EQ(bytes(result, memory, "O"), (Row{.written = 3 * 2 * 2}));
  }
  EXPECT_EQ(bytes(result, "sram", "P"), (Row{.read = 3 * 5 * 2}));
  EXPECT_EQ(bytes(result, "sram", "S"), Row{});  // in registers both times
}

TEST(GpuBoundaries, TheFormulaSpeaksOfTheBoundaryOutsideTheCores) {
  for (const char* algorithm : {"flash_attention_1", "flash_attention_2"}) {
    SCOPED_TRACE(algorithm);
    const Result result = replay::replay(run_of(algorithm, kSmall, 4, 3));
    ASSERT_FALSE(result.closed_form.empty());
    for (const ClosedFormRow& row : result.closed_form) {
      EXPECT_EQ(row.memory, "l2");
      EXPECT_TRUE(row.equals) << row.tensor;
      const IoRow& counted = *result.io_row("l2", row.tensor);
      EXPECT_EQ(row.bytes, counted.bytes());
      EXPECT_EQ(row.words, counted.words());
    }
  }
}

// Four query heads on two KV heads. Packed: 2 planes of 12 rows, in blocks of 4.
TEST(GpuBoundaries, PackedHeadsLoadKAndVOncePerGroup) {
  Workload w = kSmall;
  w.heads = 4;
  w.kv_heads = 2;
  RunSpec run = run_of("flash_attention_2", w, 4, 3);
  EXPECT_EQ(bytes(replay::replay(run), "l2", "K"), (Row{.read = 4 * 2 * 4 * 2 * 2}));
  run.algorithm.params.set("pack_gqa", true);
  const Result packed = replay::replay(run);
  EXPECT_EQ(bytes(packed, "l2", "K"), (Row{.read = 2 * 3 * 4 * 2 * 2}));
  EXPECT_EQ(bytes(packed, "l2", "V"), (Row{.read = 2 * 3 * 4 * 3 * 2}));
  EXPECT_EQ(bytes(packed, "l2", "Q"), (Row{.read = 4 * 6 * 2 * 2}));
  EXPECT_EQ(bytes(packed, "l2", "L"), (Row{.written = 4 * 6 * 4}));
}

TEST(GpuFootprint, IsSplitByTheMemoriesOfTheRoles) {
  const Result result = replay::replay(run_of("flash_attention_2", kSmall, 4, 3));
  ASSERT_EQ(result.footprint.size(), 3u);
  const FootprintRow& regs = result.footprint[0];
  EXPECT_EQ(regs.space, "regs");  // O, S, then m and l: all fp32
  EXPECT_EQ(regs.peak_bytes.count, (4u * 3 + 4 * 3 + 2 * 4) * 4);
  EXPECT_EQ(regs.capacity_bytes, Bytes(256 * 1024));
  const FootprintRow& sram = result.footprint[1];
  EXPECT_EQ(sram.space, "sram");  // Q, K, V: fp16
  EXPECT_EQ(sram.peak_bytes.count, (4u * 2 + 3 * 2 + 3 * 3) * 2);
  EXPECT_EQ(sram.peak_words.count, 4u * 2 + 3 * 2 + 3 * 3);
  EXPECT_EQ(sram.capacity_words, Words(48 * 1024));
  EXPECT_TRUE(result.fits());
}

TEST(GpuFootprint, OfTheHomeMemoryIsTheTensors) {
  const FootprintRow hbm =
      *replay::replay(run_of("flash_attention_1", kSmall, 4, 3)).footprint_row("hbm");
  EXPECT_EQ(hbm.parts.at("inputs").count, (6u * 2 + 4 * 2 + 4 * 3) * 2);
  EXPECT_EQ(hbm.parts.at("outputs").count, 6u * 3 * 2 + 2 * 6 * 4);
  EXPECT_EQ(hbm.peak_bytes, hbm.parts.at("inputs") + hbm.parts.at("outputs"));
  EXPECT_EQ(hbm.static_bytes, hbm.peak_bytes);
}

TEST(GpuFootprint, SaysWhichMemoryIsTooSmall) {
  RunSpec run = run_of("flash_attention_2", kSmall, 4, 3);
  run.machine.memories[1].capacity = Capacity{45};  // one byte less than Q, K and V need
  const Result over = replay::replay(run);
  EXPECT_FALSE(over.fits());
  EXPECT_TRUE(over.footprint_row("regs")->fits);
  EXPECT_FALSE(over.footprint_row("sram")->fits);
  run.machine.memories[1].capacity = Capacity{46};
  EXPECT_TRUE(replay::replay(run).fits());
}

}  // namespace
}  // namespace attnsim
