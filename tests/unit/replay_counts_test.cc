// What the counting of a trace gathers: traffic, moves, footprint and work, on traces written here.
#include <cstdint>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "sim/replay/counts.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {
namespace {

/// One task that runs a given body. Tensor 0 is A (8 x 4, fp16), 1 is B (8 x 4, fp16), 2 is L
/// (8 x 1, fp32), 3 is F (1 x 3, fp8).
class OneTask final : public Schedule {
 public:
  using Body = std::function<void(Agent, const OneTask&)>;

  explicit OneTask(Body body) : body_(std::move(body)) {
    A = program_.add({"A", TensorRole::query, DType::f16, 1, 8, 4});
    B = program_.add({"B", TensorRole::workspace, DType::f16, 1, 8, 4});
    L = program_.add({"L", TensorRole::lse, DType::f32, 1, 8, 1});
    F = program_.add({"F", TensorRole::mask, DType::fp8_e4m3, 1, 1, 3});
    program_.add_kernel<&OneTask::run>(*this, "test", {{"i", 1}});
  }

  Task run(Emitter& em, GridIndex) const {
    body_(em.agent(), *this);
    co_return;
  }

  Tensor A, B, L, F;

 private:
  Body body_;
};

MemorySpec on_core(std::string name, MemoryKind kind, std::string parent, std::uint64_t bytes) {
  return {.name = std::move(name),
          .kind = kind,
          .per_core = true,
          .parent = std::move(parent),
          .capacity = Capacity{bytes}};
}

/// Operands in shared memory, accumulators and statistics in registers.
MachineSpec gpu() {
  MachineSpec spec;
  spec.memories = {on_core("regs", MemoryKind::registers, "l2", 1000),
                   on_core("sram", MemoryKind::scratchpad, "l2", 100),
                   {.name = "l2", .kind = MemoryKind::cache, .parent = "hbm"},
                   {.name = "hbm", .kind = MemoryKind::dram}};
  spec.roles = {"sram", "regs", "regs", "sram", "sram"};
  return spec;
}

/// A cube core (L1, L0C) and a vector core (UB) that meet in L2.
MachineSpec ascend() {
  MachineSpec spec;
  spec.memories = {on_core("l0c", MemoryKind::scratchpad, "l2", 1000),
                   on_core("l1", MemoryKind::scratchpad, "l2", 1000),
                   on_core("ub", MemoryKind::scratchpad, "l2", 1000),
                   {.name = "l2", .kind = MemoryKind::cache, .parent = "hbm"},
                   {.name = "hbm", .kind = MemoryKind::dram}};
  spec.roles = {"l1", "l0c", "ub", "l1", "ub"};
  return spec;
}

struct Counts {
  std::vector<IoRow> io;
  std::vector<FootprintRow> footprint;
  WorkSummary work;

  /// "hbm.A 16/0" for bytes read and written; initialising ones in brackets.
  std::string traffic() const {
    std::string out;
    for (const IoRow& row : io) {
      if (row.tensor == "total") continue;
      out += (out.empty() ? "" : ", ") + row.memory + '.' + row.tensor + ' ' +
             std::to_string(row.read_bytes.count) + '/' + std::to_string(row.write_bytes.count);
      if (row.init_bytes.count > 0) out += '(' + std::to_string(row.init_bytes.count) + ')';
    }
    return out;
  }

  const FootprintRow& space(const std::string& name) const {
    for (const FootprintRow& row : footprint) {
      if (row.space == name) return row;
    }
    throw std::out_of_range(name);
  }
};

Counts count(const MachineSpec& machine, const OneTask::Body& body) {
  const OneTask task(body);
  const Workload workload{.dtype = DType::f16};
  const Target target(machine, workload);
  Counter counter(task.program(), machine, target);
  run_program(task.program(), counter);
  return {counter.io(16), counter.footprint(16), counter.work()};
}

TEST(Counts, LoadsAndStoresByTensor) {
  const Counts counts = count(ascend(), [](Agent a, const OneTask& t) {
    Tile x = a.load(t.A.block(0, 0, 4));    // 16 elements
    a.load_into(x, t.A.block(0, 1, 3));     // 12
    a.store(x, t.B.region(0, 0, 3, 0, 4));  // 12
    const Tile l = a.load(t.L.block(0, 0, 5), Role::vector);
    a.store(l, t.L.block(0, 0, 5));
  });
  EXPECT_EQ(counts.traffic(),
            "hbm.A 56/0, hbm.B 0/24, hbm.L 20/20, l2.A 56/0, l2.B 0/24, l2.L 20/20");
  const IoRow& total = counts.io[3];
  EXPECT_EQ(total.memory + '.' + total.tensor, "hbm.total");
  EXPECT_EQ(total.bytes().count, 56u + 24 + 40);
  EXPECT_EQ(total.words().count, (56u + 24 + 40) / 2);
}

TEST(Counts, InitialStoresAreWritesAndCountedApart) {
  const Counts counts = count(gpu(), [](Agent a, const OneTask& t) {
    a.init(t.A.plane(0), 0);
    a.init(t.L.plane(0), kMinusInfinity);
    a.store(a.fill(Role::vector, 2, 1, DType::f32, 0), t.L.block(0, 0, 2));
  });
  EXPECT_EQ(counts.traffic(), "hbm.A 0/64(64), hbm.L 0/40(32), l2.A 0/64(64), l2.L 0/40(32)");
  EXPECT_EQ(counts.io[0].init_words, Words(32));
}

TEST(Counts, APartOfAWordIsAWord) {
  const Counts counts = count(ascend(), [](Agent a, const OneTask& t) { a.load(t.F.plane(0)); });
  EXPECT_EQ(counts.io[0].read_bytes, Bytes(3));
  EXPECT_EQ(counts.io[0].read_words, Words(2));
}

TEST(Counts, ProductsReadTheirOperandsOutOfTheScratchpad) {
  const Counts counts = count(gpu(), [](Agent a, const OneTask& t) {
    const Tile x = a.load(t.A.block(0, 0, 2));                         // 2 x 4
    const Tile y = a.load(t.B.block(0, 0, 3));                         // 3 x 4
    const Tile s = a.matmul(x, transposed(y), DType::f16);             // in registers
    const Tile computed = a.fill(Role::operand, 3, 1, DType::f16, 1);  // of no tensor
    const Tile z = a.matmul(s, computed, DType::f16);
  });
  EXPECT_EQ(counts.traffic(),
            "hbm.A 16/0, hbm.B 24/0, l2.A 16/0, l2.B 24/0, "
            "sram.A 16/0, sram.B 24/0, sram.on-chip 6/0");
}

TEST(Counts, OperandsInRegistersPassNoPort) {
  const Counts counts = count(gpu(), [](Agent a, const OneTask& t) {
    const Tile x = a.load(t.A.block(0, 0, 2), Role::accumulator);
    const Tile s = a.matmul(x, transposed(x), DType::f16);
  });
  EXPECT_EQ(counts.traffic(), "hbm.A 16/0, l2.A 16/0");
}

// Cube and vector core share no memory inside L2: a value goes out and comes back.
TEST(Counts, AMoveBetweenCoresPassesL2Twice) {
  const Counts counts = count(ascend(), [](Agent a, const OneTask&) {
    const Tile s = a.fill(Role::accumulator, 3, 5, DType::f32, 0);
    const Tile p = a.move(s, Role::exchange, DType::f16);
  });
  EXPECT_EQ(counts.traffic(), "l2.on-chip 30/30");  // as wide as the copy
}

TEST(Counts, AMoveOnACorePassesTheScratchpad) {
  const Counts counts = count(gpu(), [](Agent a, const OneTask&) {
    const Tile s = a.fill(Role::accumulator, 3, 5, DType::f32, 0);
    const Tile p = a.move(s, Role::operand, DType::f16);
    const Tile q = a.move(p, Role::vector, DType::f32);
    const Tile same = a.move(q, Role::accumulator, DType::f32);  // registers to registers
  });
  EXPECT_EQ(counts.traffic(), "sram.on-chip 60/30");
}

TEST(Counts, AMovedValueIsStillThatOfItsTensor) {
  const Counts counts = count(gpu(), [](Agent a, const OneTask& t) {
    const Tile b = a.load(t.B.block(0, 0, 2));  // 2 x 4
    const Tile up = a.move(b, Role::accumulator, DType::f16);
    const Tile down = a.move(up, Role::operand, DType::f16);
    const Tile s = a.matmul(down, transposed(down), DType::f16);
  });
  EXPECT_EQ(counts.traffic(), "hbm.B 16/0, l2.B 16/0, sram.B 48/16");
}

TEST(Footprint, IsWhatIsLiveAtOnce) {
  const Counts counts = count(ascend(), [](Agent a, const OneTask&) {
    const Tile kept = a.fill(Role::operand, 1, 1, DType::f16, 0);   // slot 0, 2 bytes
    { const Tile x = a.fill(Role::operand, 4, 4, DType::f16, 0); }  // slot 1, 32 bytes
    const Tile small = a.fill(Role::operand, 1, 2, DType::f16, 0);  // slot 1, 4 bytes
    { const Tile y = a.fill(Role::staging, 4, 4, DType::f16, 0); }  // slot 2, 32 bytes
  });
  const FootprintRow& l1 = counts.space("l1");
  EXPECT_EQ(l1.peak_bytes.count, 2u + 4 + 32);
  EXPECT_EQ(l1.static_bytes.count, 2u + 32 + 32);  // a compiler that gives each slot a place
  EXPECT_EQ(l1.peak_words.count, 19u);
  EXPECT_EQ(counts.footprint.size(), 2u);  // l1 and the tensors: nothing else is used
}

TEST(Footprint, IsOfTheStorageNotOfTheValue) {
  const Counts counts = count(ascend(), [](Agent a, const OneTask& t) {
    Tile x = a.alloc(Role::staging, 8, 4, DType::f16);
    a.load_into(x, t.A.block(0, 0, 1));
  });
  EXPECT_EQ(counts.space("l1").peak_bytes.count, 64u);
}

TEST(Footprint, IsKeptByMemory) {
  const Counts counts = count(ascend(), [](Agent a, const OneTask&) {
    const Tile x = a.fill(Role::operand, 2, 2, DType::f16, 0);
    const Tile y = a.fill(Role::accumulator, 2, 2, DType::f32, 0);
    const Tile z = a.fill(Role::vector, 2, 1, DType::f32, 0);
    const Tile w = a.fill(Role::exchange, 3, 1, DType::f32, 0);
  });
  EXPECT_EQ(counts.space("l1").peak_bytes.count, 8u);
  EXPECT_EQ(counts.space("l0c").peak_bytes.count, 16u);
  EXPECT_EQ(counts.space("ub").peak_bytes.count, 8u + 12);
}

TEST(Footprint, ComparesWithTheCapacity) {
  const auto sram_of = [](std::int64_t rows) {
    return count(gpu(),
                 [rows](Agent a, const OneTask&) { a.fill(Role::operand, rows, 1, DType::f16, 0); })
        .space("sram");
  };
  EXPECT_TRUE(sram_of(50).fits);
  EXPECT_FALSE(sram_of(51).fits);
  EXPECT_EQ(sram_of(51).capacity_bytes, Bytes(100));
  EXPECT_EQ(sram_of(51).capacity_words, Words(50));
}

TEST(Footprint, OfTheHomeMemoryIsByThePartOfItsTensors) {
  const Counts counts = count(gpu(), [](Agent, const OneTask&) {});
  const FootprintRow& hbm = counts.space("hbm");
  EXPECT_EQ(hbm.parts.at("inputs"), Bytes(64));
  EXPECT_EQ(hbm.parts.at("workspace"), Bytes(64));
  EXPECT_EQ(hbm.parts.at("outputs"), Bytes(32));
  EXPECT_EQ(hbm.parts.at("masks"), Bytes(3));
  EXPECT_EQ(hbm.peak_bytes, Bytes(64 + 64 + 32 + 3));
  EXPECT_EQ(hbm.capacity_bytes, std::nullopt);
  EXPECT_TRUE(hbm.fits);
}

TEST(Work, FollowsTheTable) {
  const WorkSummary work = count(gpu(), [](Agent a, const OneTask&) {
                             const Tile x = a.fill(Role::operand, 3, 5, DType::f16, 0);  // 15
                             Tile s = a.matmul(x, transposed(x), DType::f16);            // 3 x 3
                             a.softmax_local(s);  // 9 exponentials, 3 * 9 elementwise
                           }).work;
  EXPECT_EQ(work.matrix_flops, 2u * 3 * 3 * 5);
  EXPECT_EQ(work.exp_ops, 9u);
  EXPECT_EQ(work.vector_ops, 15u + 27);
  EXPECT_EQ(work.operations, 9u);  // fill, matmul, two allocs, softmax_local, four drops
  EXPECT_EQ(work.tasks, 1u);
}

}  // namespace
}  // namespace attnsim::replay
