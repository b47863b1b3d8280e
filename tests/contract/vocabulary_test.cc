// The trace vocabulary carries more than the algorithms that exist: a warp-specialised kernel with
// a producer, two consumers and rings; values handed between memories; each verified on numbers.
#include <cmath>

#include <gtest/gtest.h>

#include "sim/replay/counts.h"
#include "sim/replay/verify.h"

namespace attnsim {
namespace {

constexpr std::int64_t kRowsPerConsumer = 16;
constexpr std::int64_t kConsumers = 2;
constexpr std::int64_t kBr = kConsumers * kRowsPerConsumer;
constexpr std::int64_t kBc = 16;

/// The structure of FlashAttention-3 (Shah et al., arXiv 2407.08608): one producer runs ahead over
/// a ring of K and V slots, two consumers take half of the query rows each, and the rescaling of O
/// is split from the softmax so that it can overlap a product.
class WarpSpecialised final : public Schedule {
 public:
  WarpSpecialised(const Workload& workload, int stages) : w_(workload), stages_(stages), mask_(w_) {
    t_ = add_attention_tensors(program_, w_);
    lse_ = program_.add({"L", TensorRole::lse, DType::f32, w_.query_planes(), w_.seqlen_q, 1});
    program_.add_kernel<&WarpSpecialised::forward>(
        *this, "warp_specialised",
        {{"i", ceil_div(w_.seqlen_q, kBr)}, {"plane", w_.query_planes()}});
  }

  Task forward(Emitter& em, GridIndex at) const {
    const Index kv_plane = t_.kv_plane(at[1]);
    Agent producer = em.agent(0);
    Ring keys(producer, stages_, Role::staging, kBc, w_.head_dim, w_.dtype);
    Ring values(producer, stages_, Role::staging, kBc, w_.head_dim_v, w_.dtype);
    std::vector<Half> halves = start(em, at);
    {
      Loop loop(em, mask_.key_blocks(at[0], kBr, kBc));
      for (Index j; co_await loop.next(j);) {
        Ring::Slot k = keys.acquire();
        Ring::Slot v = values.acquire();
        producer.load_into(k.tile(), t_.k.block(kv_plane, j, kBc));
        producer.load_into(v.tile(), t_.v.block(kv_plane, j, kBc));
        for (Half& half : halves) step(half, k.tile(), v.tile(), loop.kind(), j);
      }
    }
    for (Half& half : halves) finish(half, at[1]);
  }

 private:
  /// One consumer's state.
  struct Half {
    Agent agent;
    Index block;  // of kRowsPerConsumer rows
    Tile q, acc, m, l;
  };

  std::vector<Half> start(Emitter& em, GridIndex at) const {
    std::vector<Half> halves;
    for (std::int64_t c = 0; c < kConsumers; ++c) {
      const Index block = at[0] * kConsumers + c;
      if (block.value() * kRowsPerConsumer >= w_.seqlen_q) break;
      Agent a = em.agent(static_cast<int>(c) + 1);
      Tile q = a.load(t_.q.block(at[1], block, kRowsPerConsumer));
      const std::int64_t rows = q.rows();
      halves.push_back({a, block, std::move(q),
                        a.fill(Role::accumulator, rows, w_.head_dim_v, DType::f32, 0),
                        a.fill(Role::vector, rows, 1, DType::f32, kMinusInfinity),
                        a.fill(Role::vector, rows, 1, DType::f32, 0)});
    }
    return halves;
  }

  void step(Half& h, const Tile& k, const Tile& v, TileKind kind, Index j) const {
    const double scale = 1 / std::sqrt(static_cast<double>(w_.head_dim));
    Tile s = h.agent.matmul(h.q, transposed(k), w_.dtype, scale);
    if (kind != TileKind::full) h.agent.band(s, mask_.band(h.block, kRowsPerConsumer, j, kBc));
    Tile factor = h.agent.softmax_step(s, h.m, h.l);
    h.agent.scale_rows(h.acc, factor);
    h.agent.matmul_acc(h.acc, s, v, w_.dtype);
  }

  void finish(Half& h, Index plane) const {
    h.agent.div_rows(h.acc, h.l);
    h.agent.lse(h.m, h.l);
    // Through the scratchpad, as a bulk store needs it.
    Tile out = h.agent.move(h.acc, Role::staging, w_.dtype);
    h.agent.store(out, t_.o.block(plane, h.block, kRowsPerConsumer));
    h.agent.store(h.m, lse_.block(plane, h.block, kRowsPerConsumer));
  }

  const Workload w_;
  const int stages_;
  const AttentionMask mask_;
  AttentionTensors t_;
  Tensor lse_;
};

RunSpec run_of(bool causal) {
  RunSpec run;
  run.workload.heads = 4;
  run.workload.kv_heads = 2;
  run.workload.seqlen_q = 75;
  run.workload.seqlen_kv = 93;
  run.workload.head_dim = run.workload.head_dim_v = 32;
  run.workload.causal = causal;
  run.algorithm.name = "warp_specialised";
  return run;
}

MachineSpec gpu() {
  MachineSpec machine;
  machine.id = "test_gpu";
  const Capacity plenty{1 << 20, false};
  machine.memories = {{.name = "regs",
                       .kind = MemoryKind::registers,
                       .per_core = true,
                       .parent = "l2",
                       .capacity = plenty},
                      {.name = "sram",
                       .kind = MemoryKind::scratchpad,
                       .per_core = true,
                       .parent = "l2",
                       .capacity = plenty},
                      {.name = "l2", .kind = MemoryKind::cache, .parent = "hbm"},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles = {"sram", "regs", "regs", "sram", "sram"};
  return machine;
}

TEST(Vocabulary, AWarpSpecialisedKernelComputesAttention) {
  for (const bool causal : {false, true}) {
    for (const int stages : {1, 2, 3}) {
      const RunSpec run = run_of(causal);
      const WarpSpecialised schedule(run.workload, stages);
      const VerifyCase result = replay::verify(run, schedule, replay::Arithmetic::exact);
      EXPECT_TRUE(result.ok) << result.message;
    }
  }
}

TEST(Vocabulary, ItsRingsAreStorageAndItsMovesCrossTheScratchpadBoundary) {
  const RunSpec run = run_of(false);
  const MachineSpec machine = gpu();
  const Target target(machine, run.workload);
  const WarpSpecialised schedule(run.workload, 2);
  replay::Counter counter(schedule.program(), machine, target);
  replay::run_program(schedule.program(), counter);

  // Two stages of K and V in fp16, Q of both consumers; at the end O passes through one at a time.
  const std::vector<FootprintRow> footprint = counter.footprint(16);
  const auto sram = std::find_if(footprint.begin(), footprint.end(),
                                 [](const FootprintRow& row) { return row.space == "sram"; });
  ASSERT_NE(sram, footprint.end());
  EXPECT_EQ(sram->peak_bytes.count, (2 * 2 * kBc * 32 + kBr * 32 + kRowsPerConsumer * 32) * 2U);

  // O leaves the registers through the scratchpad: 4 heads x 75 rows x 32 columns in fp16.
  for (const IoRow& row : counter.io(16)) {
    if (row.memory == "sram" && row.tensor == "on-chip") {
      EXPECT_EQ(row.write_bytes.count, 4U * 75 * 32 * 2);
    }
  }
}

}  // namespace
}  // namespace attnsim
