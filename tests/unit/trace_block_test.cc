// The block codec on records of every kind, and on tasks that do not fit in a block.
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "sim/trace/file/names.h"
#include "sim/trace/file/record_check.h"
#include "tests/unit/trace_fixture.h"

namespace attnsim::trace_file {
namespace {

NameMaps identity() {
  NameMaps maps;
  const auto fill = [](std::vector<std::uint8_t>& map, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) map.push_back(static_cast<std::uint8_t>(i));
  };
  fill(maps.ops, op_names().size());
  fill(maps.dtypes, dtype_names().size());
  fill(maps.roles, role_names().size());
  fill(maps.tensor_roles, tensor_role_names().size());
  return maps;
}

/// Any record that is fit to be in a file.
TileOp random_record(std::mt19937_64& random) {
  const auto below = [&random](std::uint64_t n) { return random() % n; };
  for (;;) {
    TileOp op;
    op.op = static_cast<Op>(below(kOpCount));
    op.agent = static_cast<std::uint8_t>(below(3));
    op.flags = static_cast<std::uint8_t>(below(16));
    op.dtype = static_cast<DType>(below(kDTypeCount));
    op.operand_dtype = static_cast<DType>(below(kDTypeCount));
    op.role = static_cast<Role>(below(kRoleCount));
    op.tensor = static_cast<std::uint16_t>(below(3));
    op.row = below(8) == 0 ? static_cast<std::int64_t>(random() >> 4) - (std::int64_t{1} << 59)
                           : static_cast<std::int64_t>(64 * below(10));
    if (below(4) == 0) op.value = static_cast<double>(below(1000)) / 7 - 50;
    if (below(9) == 0) op.value = below(2) == 0 ? -0.0 : -std::numeric_limits<double>::infinity();
    for (std::uint32_t& slot : op.t) {
      slot = below(3) == 0 ? kNoSlot : static_cast<std::uint32_t>(below(kMaxSlots));
    }
    op.m = static_cast<std::int32_t>(1 + below(3));
    op.n = static_cast<std::int32_t>(1 + below(3));
    op.k = static_cast<std::int32_t>(1 + below(3));
    op.col = static_cast<std::int32_t>(below(5) == 0 ? random() >> 40 : below(4) * 16);
    op.lo = static_cast<std::int32_t>(below(6) == 0 ? random() : below(3));
    op.hi = static_cast<std::int32_t>(below(6) == 0 ? random() : below(3));
    if (record_fault(op, 3).empty()) return op;
  }
}

bool equal(const std::vector<TileOp>& a, const std::vector<TileOp>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(TileOp)) == 0);
}

TEST(TraceBlock, AnyRecordsComeBack) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<TileOp> kinds;
    for (std::uint64_t i = 0; i < 1 + random() % 40; ++i) kinds.push_back(random_record(random));
    BlockEncoder encoder;
    std::vector<TileOp> ops;
    for (int i = 0; i < 500; ++i) {
      TileOp op = kinds[random() % kinds.size()];
      if (random() % 2 == 0) op.row += static_cast<std::int64_t>(64 * (random() % 3));
      if (record_fault(op, 3).empty()) ops.push_back(op);
    }
    for (const TileOp& op : ops) encoder.add(op);
    encoder.end_task();
    const Block block =
        decode_block(encoder.bytes(), identity(), 3, {.ops = ops.size(), .task_ends = 1});
    ASSERT_TRUE(equal(block.ops, ops));
  }
}

TEST(TraceBlock, ASteadyLoopTakesAByteARecord) {
  BlockEncoder encoder;
  for (int i = 0; i < 1000; ++i) encoder.add(tiny_load(64 * i));
  EXPECT_LT(encoder.bytes().size(), 1050U);
}

TEST(TraceBlock, RecordsAsTextComeBack) {
  std::mt19937_64 random(6);
  TraceHeader header = tiny_header(1);
  header.tensors.resize(3, header.tensors[0]);
  std::ostringstream out;
  TraceWriter writer(out, header);
  std::vector<TileOp> ops;
  for (int i = 0; i < 3000; ++i) ops.push_back(random_record(random));
  writer.add(ops);
  writer.end_task();
  writer.finish();
  EXPECT_EQ(binary_of(text_of(*reader_of(out.str()))), out.str());
  EXPECT_TRUE(equal(tasks_of(*reader_of(out.str()))[0], ops));
}

/// Tasks of every length around the size of a block, and blocks of one to seven records.
TEST(TraceBlock, TasksGoOnInTheNextBlock) {
  for (std::uint64_t block_ops = 1; block_ops <= 7; ++block_ops) {
    std::ostringstream out;
    TraceWriter writer(out, tiny_header(30), block_ops);
    std::vector<std::vector<TileOp>> tasks(30);
    for (std::size_t n = 0; n < tasks.size(); ++n) {
      for (std::size_t i = 0; i < n * 7 % 23; ++i) {
        tasks[n].push_back(tiny_load(static_cast<std::int64_t>(100 * n + i)));
      }
      writer.add(tasks[n]);
      writer.end_task();
    }
    writer.finish();
    const auto trace = reader_of(out.str());
    const auto read = tasks_of(*trace);
    for (std::size_t n = 0; n < tasks.size(); ++n) {
      EXPECT_TRUE(equal(read[n], tasks[n])) << "task " << n << ", blocks of " << block_ops;
    }
    EXPECT_EQ(message_of([&] { tasks_of(*trace); }), "");
  }
}

TEST(TraceBlock, AFileWithoutTasksOrTensors) {
  TraceHeader header;
  std::ostringstream out;
  TraceWriter(out, header).finish();
  EXPECT_EQ(message_of_reading(out.str()), "");
  EXPECT_EQ(binary_of(text_of(*reader_of(out.str()))), out.str());
}

}  // namespace
}  // namespace attnsim::trace_file
