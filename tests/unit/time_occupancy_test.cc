// How many tasks a core holds: each limit by itself.
#include <gtest/gtest.h>

#include "sim/replay/time/occupancy.h"
#include "tests/support/timed_kernels.h"

namespace attnsim::replay::time {
namespace {

/// 512 bytes of scratchpad throughout, and another 512 loaded anew in each iteration.
Task streams(Emitter& em, GridIndex at, Tensor x) {
  Agent agent = em.agent();
  const Tile kept = agent.load(x.block(at[0], 0, 16));
  const Tile accumulator = agent.fill(Role::accumulator, 16, 16, DType::f32, 0);
  Loop loop(em, {{.begin = 1, .end = 4}});
  for (Index j; co_await loop.next(j);) const Tile streamed = agent.load(x.block(at[0], j, 16));
}

class Occupancy : public testing::Test {
 protected:
  Occupancy() {
    machine_.core.threads = 2048;
    launch_.threads = 128;
  }
  std::int64_t places() const {
    const auto planned = test::planned_kernels<streams>(machine_);
    Kernel kernel = planned.schedule().program().kernels().front();
    kernel.launch = launch_;
    return places_per_core(planned, kernel);
  }
  void scratchpad(std::uint64_t bytes) {
    for (MemorySpec& m : machine_.memories) {
      if (m.name == "sram") m.capacity = Capacity{bytes, false};
    }
  }

  MachineSpec machine_ = test::picosecond_machine();
  Launch launch_{};
};

TEST_F(Occupancy, ThreadsLimit) {
  EXPECT_EQ(places(), 16);
  launch_.threads = 384;
  EXPECT_EQ(places(), 5);
}

TEST_F(Occupancy, PlacesForTasksLimit) {
  machine_.core.tasks = 7;
  EXPECT_EQ(places(), 7);
}

TEST_F(Occupancy, RegistersLimit) {
  machine_.core.registers = 65536;
  EXPECT_EQ(places(), 16) << "a kernel that does not say how many it needs";
  launch_.registers = 168;
  EXPECT_EQ(places(), 3);
}

TEST_F(Occupancy, ScratchpadLimits) {
  scratchpad(5000);
  EXPECT_EQ(places(), 4) << "1024 bytes each";
  launch_.double_buffered = true;
  EXPECT_EQ(places(), 3) << "the streamed tile twice";
}

TEST_F(Occupancy, IsAtLeastOne) {
  scratchpad(100);
  EXPECT_EQ(places(), 1);
}

TEST_F(Occupancy, IsOneWhereCoresHaveNoThreads) {
  machine_.core.threads.reset();
  EXPECT_EQ(places(), 1);
}

}  // namespace
}  // namespace attnsim::replay::time
