// A ring of storage slots, and what happens when a producer runs too far ahead.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/trace/op_table.h"
#include "sim/trace/ring.h"

namespace attnsim {
namespace {

class Recorder final : public Sink {
 public:
  void consume(std::span<const TileOp> ops) override {
    for (const TileOp& op : ops) {
      text += std::string(op_row(op.op).name) + ' ' + std::to_string(op.t[0]) + "; ";
    }
  }
  std::string text;
};

class RingTest : public ::testing::Test {
 protected:
  Ring make(int stages) { return {a_, stages, Role::staging, 4, 2, DType::f16}; }

  Recorder recorder_;
  Emitter emitter_{recorder_};
  Agent a_ = emitter_.agent();
  Tensor tensor_{0, {.name = "K", .rows = 10, .cols = 2}};
};

TEST_F(RingTest, LendsItsSlotsInTurn) {
  Ring ring = make(3);
  std::string slots;
  for (int i = 0; i < 7; ++i) slots += std::to_string(ring.acquire().tile().slot()) + ' ';
  EXPECT_EQ(slots, "0 1 2 0 1 2 0 ");
}

TEST_F(RingTest, OwnsStorageThatOutlivesTheValues) {
  {
    Ring ring = make(2);
    for (int i = 0; i < 3; ++i) {
      Ring::Slot k = ring.acquire();
      a_.load_into(k.tile(), tensor_.block(0, i, 4));
    }
  }
  emitter_.flush();
  const std::string trace = recorder_.text;
  EXPECT_EQ(trace.substr(0, trace.find("drop")),
            "alloc 0; alloc 1; load_into 0; load_into 1; load_into 0; ");
}

TEST_F(RingTest, LendsNoSlotTwice) {
  Ring ring = make(2);
  const Ring::Slot first = ring.acquire();
  std::optional<Ring::Slot> second = ring.acquire();
  try {
    const Ring::Slot third = ring.acquire();
    FAIL() << "acquired a slot in use";
  } catch (const TraceError& error) {
    EXPECT_STREQ(error.what(),
                 "ring: slot 0 acquired while its last value is still in scope (a ring of 2 stages "
                 "would deadlock)");
  }
  // Slots are lent in turn: that the other one is free is no help.
  second.reset();
  EXPECT_THROW(ring.acquire(), TraceError);
}

TEST_F(RingTest, GetsASlotBackWhenItsValueEnds) {
  Ring ring = make(1);
  for (int i = 0; i < 3; ++i) {
    Ring::Slot k = ring.acquire();
    EXPECT_EQ(k.tile().slot(), 0u);
  }
}

TEST_F(RingTest, AMovedSlotIsStillOneLoan) {
  Ring ring = make(2);
  std::optional<Ring::Slot> kept;
  {
    Ring::Slot k = ring.acquire();
    kept.emplace(std::move(k));
  }  // the moved-from handle gives nothing back
  const Ring::Slot second = ring.acquire();
  EXPECT_THROW(ring.acquire(), TraceError);
  kept.reset();
  EXPECT_EQ(ring.acquire().tile().slot(), 0u);
}

// A producer one stage ahead: the next block is loaded while the last one is still in use.
TEST_F(RingTest, AssigningPassesTheLoanOn) {
  Ring ring = make(2);
  Ring::Slot current = ring.acquire();
  for (int i = 1; i < 5; ++i) {
    Ring::Slot next = ring.acquire();
    EXPECT_EQ(next.tile().slot(), static_cast<std::uint32_t>(i % 2));
    current = std::move(next);
  }
}

}  // namespace
}  // namespace attnsim
