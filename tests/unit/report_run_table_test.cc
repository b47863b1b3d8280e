#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sim/report/table.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

IoRow io_row(std::string memory, std::string tensor, std::uint64_t read, std::uint64_t write,
             std::uint64_t init = 0) {
  IoRow row{std::move(memory), 0, std::move(tensor)};
  row.read_words = Words(read);
  row.write_words = Words(write);
  row.init_words = Words(init);
  row.read_bytes = Bytes(2 * read);
  row.write_bytes = Bytes(2 * write);
  row.init_bytes = Bytes(2 * init);
  return row;
}

FootprintRow footprint(std::string space, std::uint64_t peak, std::uint64_t capacity) {
  FootprintRow row;
  row.space = std::move(space);
  row.peak_bytes = Bytes(2 * peak);
  row.peak_words = Words(peak);
  row.capacity_bytes = Bytes(2 * capacity);
  row.capacity_words = Words(capacity);
  row.fits = peak <= capacity;
  return row;
}

BoundRow bound(std::string id, std::string memory, double words, double ratio, bool rigorous) {
  BoundRow row;
  row.id = std::move(id);
  row.memory = std::move(memory);
  row.words = words;
  row.bytes = 2 * words;
  row.ratio = ratio;
  row.rigorous = rigorous;
  return row;
}

MemorySpec memory(std::string name, MemoryKind kind, bool per_core, std::string parent,
                  std::optional<Capacity> capacity) {
  MemorySpec spec;
  spec.name = std::move(name);
  spec.kind = kind;
  spec.per_core = per_core;
  spec.parent = std::move(parent);
  spec.capacity = capacity;
  return spec;
}

// FlashAttention on the two-level machine, with tiles that do not fit.
Result two_level_result() {
  Result r;
  r.run.workload.heads = r.run.workload.kv_heads = 2;
  r.run.workload.seqlen_q = r.run.workload.seqlen_kv = 1024;
  r.run.machine.id = "abstract_two_level";
  r.run.machine.name = "two-level machine";
  r.run.machine.uniform_words = true;
  r.run.machine.memories = {
      memory("sram", MemoryKind::scratchpad, true, "hbm", Capacity{25600, true}),
      memory("hbm", MemoryKind::dram, false, "", std::nullopt)};
  r.run.algorithm.name = "flash_attention_1";
  r.run.algorithm.params.set("warm", true);
  r.tile_rule = "explicit";
  r.tiles = {{"Br", 64}, {"Bc", 100}};
  r.io = {io_row("hbm", "Q", 1'441'792, 0), io_row("hbm", "K", 131'072, 0),
          io_row("hbm", "O", 1'441'792, 1'572'864, 131'072),
          io_row("hbm", "total", 3'014'656, 1'572'864, 131'072)};
  r.closed_form = {{"hbm", "Q", Bytes(2'883'584), Words(1'441'792), true},
                   {"hbm", "O", Bytes(6'000'000), Words(3'000'000), false},
                   {"hbm", "total", Bytes(9'000'000), Words(4'500'000), false}};
  r.footprint = {footprint("sram", 27'648, 25'600)};
  FootprintRow home;
  home.space = "hbm";
  home.peak_words = Words(524'288);
  home.parts = {{"inputs", Bytes(786'432)}, {"outputs", Bytes(262'144)}};
  r.footprint.push_back(home);
  BoundRow shape = bound("LB3", "hbm", 123456.75, 37.2, false);
  shape.m_words = Words(25'600);
  BoundRow absent = bound("LB9", "hbm", 1, 2, true);
  absent.applies = false;
  r.bounds = {shape, bound("LB0", "hbm", 524'288, 8.75, true), absent};
  r.work = {536'870'912, 2'097'152, 0, 2048, 2};
  r.provenance.estimated_inputs = {"sram.latency", "hbm.latency", "launch", "clock"};
  return r;
}

// FlashAttention-2 on a GPU whose L2 passes everything through.
Result gpu_result() {
  Result r;
  Workload& w = r.run.workload;
  w.batch = 64;
  w.heads = 16;
  w.kv_heads = 4;
  w.seqlen_q = w.seqlen_kv = 1024;
  w.causal = true;
  w.window_left = 255;
  r.run.machine.id = "nvidia_a100_sxm_80";
  r.run.machine.name = "NVIDIA A100 SXM4 80 GB";
  r.run.machine.cores = 108;
  r.run.machine.memories = {
      memory("sram", MemoryKind::scratchpad, true, "l2", Capacity{166'912, false}),
      memory("l2", MemoryKind::cache, false, "hbm", Capacity{40 << 20, false}),
      memory("hbm", MemoryKind::dram, false, "", Capacity{std::uint64_t{80} << 30, false})};
  r.run.algorithm.name = "flash_attention_2";
  r.tile_rule = "released";
  r.tiles = {{"Br", 128}, {"Bc", 128}};
  for (const char* m : {"l2", "hbm"}) {
    r.io.push_back(io_row(m, "Q", 67'108'864, 0));
    r.io.push_back(io_row(m, "K", 134'217'728, 0));
    r.io.push_back(io_row(m, "V", 134'217'728, 0));
    r.io.push_back(io_row(m, "O", 0, 67'108'864));
    r.io.push_back(io_row(m, "L", 0, 2'097'152));
    r.io.push_back(io_row(m, "total", 335'544'320, 69'206'016));
    r.closed_form.push_back({m, "total", Bytes(809'500'672), Words(404'750'336), true});
  }
  r.footprint = {footprint("sram", 24'576, 83'456),
                 footprint("hbm", 169'869'312, std::uint64_t{40} << 30)};
  r.footprint[1].parts = {{"inputs", Bytes(201'326'592)}, {"outputs", Bytes(138'412'032)}};
  r.bounds = {bound("LB0", "l2", 169'869'312, 2.383, true),
              bound("LB0", "hbm", 169'869'312, 2.383, true)};
  r.work = {274'877'906'944, 1'073'741'824, 4'294'967'296, 1'234'567, 8192};
  return r;
}

TEST(RunTable, ShowsWordsAndWhatIsWrongOnTheTwoLevelMachine) {
  EXPECT_EQ(to_table(two_level_result()),
            R"(flash_attention_1 forward on two-level machine (abstract_two_level)
batch 1, heads 2, seqlen 1024 x 1024, head_dim 64, fp16, not causal
tiles Br 64, Bc 100 (explicit), warm true

I/O in words             read      write  read+write  of total  vs compulsory
hbm (hbm <-> sram)
  Q                 1,441,792          0   1,441,792    31.4 %
  K                   131,072          0     131,072     2.9 %
  O                 1,441,792  1,572,864   3,014,656    65.7 %
  total             3,014,656  1,572,864   4,587,520   100.0 %          x8.75
    initialisation               131,072

closed form  hbm O: 3,000,000 words, DIFFERS from the replay, which has 3,014,656
             hbm: 4,500,000 words, DIFFERS from the replay, which has 4,587,520
footprint    sram   27,648  of 25,600       108.0 %  OVER: needs 27,648 words, has 25,600
             hbm   524,288  no limit given
               inputs 393,216, outputs 131,072
bounds       LB0  lower  hbm    524,288 words  run x8.75  rigorous
             LB3  lower  hbm  123,456.8 words  run x37.2  shape only  at M 25,600 words
work         537 M matrix FLOP, 2.10 M exp; 2,048 operations in 2 tasks
intensity    117 FLOP/word at hbm
note         rests on guessed preset values: sram.latency, hbm.latency, launch and 1 more
)");
}

TEST(RunTable, ShowsBytesOnAGpuAndRepeatsNoRows) {
  EXPECT_EQ(to_table(gpu_result()),
            R"(flash_attention_2 forward on NVIDIA A100 SXM4 80 GB (nvidia_a100_sxm_80)
batch 64, heads 16 (KV 4), seqlen 1024 x 1024, head_dim 64, fp16, causal, window 255 left
tiles Br 128, Bc 128 (released)

I/O           read      write  read+write  of total  vs compulsory
l2 (l2 <-> cores)
  Q      128.0 MiB        0 B   128.0 MiB    16.6 %
  K      256.0 MiB        0 B   256.0 MiB    33.2 %
  V      256.0 MiB        0 B   256.0 MiB    33.2 %
  O            0 B  128.0 MiB   128.0 MiB    16.6 %
  L            0 B    4.0 MiB     4.0 MiB     0.5 %
  total  640.0 MiB  132.0 MiB   772.0 MiB   100.0 %          x2.38
hbm (hbm <-> l2): every row as l2, which passes everything through
  total  640.0 MiB  132.0 MiB   772.0 MiB   100.0 %          x2.38

closed form  l2: 404,750,336 words, equal to the replay
             hbm: 404,750,336 words, equal to the replay
footprint    sram   48.0 KiB  of 163.0 KiB  29.4 %  fits
             hbm   324.0 MiB  of 80.0 GiB    0.4 %  fits
               inputs 192.0 MiB, outputs 132.0 MiB
bounds       LB0  lower  l2   324.0 MiB  run x2.38  rigorous
             LB0  lower  hbm  324.0 MiB  run x2.38  rigorous
work         275 G matrix FLOP, 1.07 G exp, 4.29 G vector ops; 1,234,567 operations in 8,192 tasks
intensity    340 FLOP/byte at l2, 340 FLOP/byte at hbm
)");
}

TEST(RunTable, StaysWithinAScreen) {
  for (const Result& r : {two_level_result(), gpu_result()}) {
    const std::string text = to_table(r);
    std::size_t lines = 0;
    for (std::size_t at = 0; at < text.size(); ++lines) {
      const std::size_t end = text.find('\n', at);
      EXPECT_LE(display_width(text.substr(at, end - at)), 100u) << text.substr(at, end - at);
      at = end + 1;
    }
    EXPECT_LE(lines, 30u);
  }
}

TEST(RunTable, ShowsTheLargestProvenBoundOfEachMemory) {
  Result r;
  BoundRow upper = bound("UB1", "l2", 9, 0.5, true);
  upper.kind = "upper";
  BoundRow other_class = bound("LB3", "l2", 8, 1, true);
  other_class.applies = false;
  r.bounds = {bound("LB0", "l2", 4, 2, true),   bound("LB1", "l2", 6, 1.5, true),
              bound("LB2", "l2", 6, 1.5, true), other_class,
              bound("LB0", "hbm", 4, 2, true),  upper};
  EXPECT_EQ(to_table(r), R"( forward on  ()
batch 1, heads 1, seqlen 1 x 1, head_dim 64, fp16, not causal

I/O  read  write  read+write  of total

bounds       LB1  lower  l2   12 B  run x1.50  rigorous
             LB0  lower  hbm   8 B  run x2.00  rigorous
             UB1  upper  l2   18 B  run x0.50  rigorous
)");
}

TEST(RunTable, LimitsTheBoundsItShowsAndPutsTheProvenFirst) {
  Result r;
  for (int i = 0; i < 8; ++i) {
    r.bounds.push_back(bound("B" + std::to_string(i), "l2", 1, 1, i == 7));
  }
  EXPECT_EQ(to_table(r), R"( forward on  ()
batch 1, heads 1, seqlen 1 x 1, head_dim 64, fp16, not causal

I/O  read  write  read+write  of total

bounds       B7  lower  l2  2 B  run x1.00  rigorous
             B0  lower  l2  2 B  run x1.00  shape only
             B1  lower  l2  2 B  run x1.00  shape only
             B2  lower  l2  2 B  run x1.00  shape only
             B3  lower  l2  2 B  run x1.00  shape only
             B4  lower  l2  2 B  run x1.00  shape only
             and 2 more
)");
}

}  // namespace
}  // namespace attnsim::report
