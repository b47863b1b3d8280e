// The known counts of two published streams, through the program: the streams are written as files
// at full size and every row is asked for on the command line.
//
// Cold caches, write-back, write-allocate with fetch, nothing flushed at the end. Every number was
// found by two independent simulators, and most by public ones.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"
#include "tests/support/stream_files.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

struct Row {
  std::string capacity, ways, policy;
  std::uint64_t misses, read_misses, write_misses, evictions, write_backs, final_dirty;
};

const Row kFlashAttention[] = {
    {"1 MiB", "full", "lru", 532480, 532480, 0, 516096, 134912, 4352},
    {"1 MiB", "8", "lru", 532480, 532480, 0, 516096, 134912, 4352},
    {"1 MiB", "16", "lru", 532480, 532480, 0, 516096, 134912, 4352},
    {"1 MiB", "full", "fifo", 532480, 532480, 0, 516096, 134912, 4352},
    {"1 MiB", "16", "fifo", 532480, 532480, 0, 516096, 134912, 4352},
    {"1 MiB", "full", "opt", 532480, 532480, 0, 516096, 134912, 4352},
    {"256 KiB", "full", "lru", 4587520, 4587520, 0, 4583424, 2226048, 2176},
    {"64 KiB", "full", "lru", 4587520, 4587520, 0, 4586496, 2227680, 544},
    {"8 KiB", "full", "lru", 6815744, 4587520, 2228224, 6815616, 2228096, 128},
    {"256 KiB", "full", "opt", 656320, 656320, 0, 652224, 138048, 2176},
    // Both sides of the steps at 4480 and at 136 lines.
    {"286720 B", "full", "lru", 532480, 532480, 0, 528000, 137088, 2176},
    {"286656 B", "full", "lru", 4587520, 4587520, 0, 4583041, 2226048, 2176},
    {"8704 B", "full", "lru", 4587520, 4587520, 0, 4587384, 2228088, 136},
    {"8640 B", "full", "lru", 6815744, 4587520, 2228224, 6815609, 2228089, 135},
};

const Row kStandard[] = {
    {"1 MiB", "full", "lru", 4456448, 2293760, 2162688, 4440064, 2161792, 896},
    {"1 MiB", "8", "lru", 4456448, 2293760, 2162688, 4440064, 2161792, 896},
    {"1 MiB", "16", "lru", 4456448, 2293760, 2162688, 4440064, 2161792, 896},
    {"1 MiB", "full", "fifo", 4718592, 2555904, 2162688, 4702208, 2161792, 896},
    {"1 MiB", "16", "fifo", 4702208, 2539520, 2162688, 4685824, 2161792, 896},
    {"256 KiB", "full", "lru", 6422528, 4259840, 2162688, 6418432, 2162560, 128},
    {"64 KiB", "full", "lru", 6422528, 4259840, 2162688, 6421504, 2162560, 128},
    {"8 KiB", "full", "lru", 6422528, 4259840, 2162688, 6422400, 2162560, 128},
    {"1 MiB", "full", "opt", 3407936, 1245248, 2162688, 3391552, 2159744, 2944},
    {"256 KiB", "full", "opt", 4194400, 2031712, 2162688, 4190304, 2160642, 2046},
    // Both sides of the step at 4224 lines.
    {"270336 B", "full", "lru", 4456448, 2293760, 2162688, 4452224, 2162560, 128},
    {"270272 B", "full", "lru", 6422528, 4259840, 2162688, 6418305, 2162560, 128},
};

json result_of(const std::string& arguments, const TemporaryFolder& folder) {
  const Outcome outcome = attnsim(arguments + " --format json", folder.path());
  EXPECT_EQ(outcome.code, 0) << arguments << '\n' << outcome.err;
  EXPECT_EQ(outcome.err, "") << arguments;
  return outcome.code == 0 ? json::parse(outcome.out) : json::object();
}

void expect_row(const Row& row, const std::string& file, std::uint64_t lines,
                const TemporaryFolder& folder) {
  const std::string cache =
      "capacity=" + row.capacity + ",line=64 B,ways=" + row.ways + ",policy=" + row.policy;
  SCOPED_TRACE(file + " " + cache);
  const json result = result_of("trace replay " + file + " --cache '" + cache + "'", folder);
  ASSERT_EQ(result.at("caches").size(), 1U);
  const json& counts = result.at("caches").at(0);
  EXPECT_EQ(counts.at("accesses"), lines);
  EXPECT_EQ(counts.at("hits"), lines - row.misses);
  EXPECT_EQ(counts.at("misses"), row.misses);
  EXPECT_EQ(counts.at("fills"), row.misses) << "every miss fetches";
  EXPECT_EQ(counts.at("read_misses"), row.read_misses);
  EXPECT_EQ(counts.at("write_misses"), row.write_misses);
  EXPECT_EQ(counts.at("evictions"), row.evictions);
  EXPECT_EQ(counts.at("write_backs"), row.write_backs);
  EXPECT_EQ(counts.at("final_dirty"), row.final_dirty);
  EXPECT_EQ(result.at("memory").at("read_bytes"), row.misses * 64);
  EXPECT_EQ(result.at("memory").at("write_bytes"), (row.write_backs + row.final_dirty) * 64);
}

/// The point of a policy that holds at a capacity.
json point_at(const json& curve, const std::string& policy, std::uint64_t capacity) {
  json out;
  for (const json& point : curve.at("points")) {
    if (point.at("policy") == policy && point.at("capacity_bytes") <= capacity) out = point;
  }
  return out;
}

std::uint64_t bytes_of(const std::string& size) {
  const std::uint64_t amount = std::stoull(size);
  if (size.ends_with("MiB")) return amount << 20U;
  return size.ends_with("KiB") ? amount << 10U : amount;
}

/// The rows for fully associative LRU and OPT, which the curve must pass through.
template <std::size_t N>
void expect_curve(const json& curve, const Row (&rows)[N]) {
  for (const Row& row : rows) {
    if (row.ways != "full" || row.policy == "fifo") continue;
    const json point = point_at(curve, row.policy, bytes_of(row.capacity));
    EXPECT_EQ(point.at("read_bytes"), row.misses * 64) << row.policy << " " << row.capacity;
    EXPECT_EQ(point.at("write_bytes"), (row.write_backs + row.final_dirty) * 64)
        << row.policy << " " << row.capacity;
  }
}

std::vector<std::uint64_t> steps_of(const json& curve) {
  std::vector<std::uint64_t> lines;
  for (const json& point : curve.at("points")) {
    if (point.at("policy") != "lru") continue;
    lines.push_back(point.at("capacity_bytes").get<std::uint64_t>() / 64);
  }
  return lines;
}

TEST(StreamReplay, FlashAttention) {
  const TemporaryFolder folder;
  const test::Stream stream = test::rows_of(test::flash_attention_stream());
  test::write_din(stream, folder / "fa.din");
  test::write_csv(stream, folder / "fa.csv");
  for (const Row& row : kFlashAttention) {
    expect_row(row, "fa.din", 6815744, folder);
    expect_row(row, "fa.csv", 6815744, folder);
  }
  for (const char* file : {"fa.din", "fa.csv"}) {
    const json curve = result_of("curve --opt '256 KiB,1 MiB' " + std::string(file), folder);
    EXPECT_EQ(steps_of(curve), (std::vector<std::uint64_t>{1, 136, 4480})) << file;
    expect_curve(curve, kFlashAttention);
  }
}

TEST(StreamReplay, StandardAttention) {
  const TemporaryFolder folder;
  const test::Stream stream = test::rows_of(test::standard_stream());
  test::write_din(stream, folder / "std.din");
  test::write_csv(stream, folder / "std.csv");
  for (const Row& row : kStandard) {
    expect_row(row, "std.din", 6422528, folder);
    expect_row(row, "std.csv", 6422528, folder);
  }
  const json curve = result_of("curve --opt '256 KiB,1 MiB' std.din", folder);
  const std::vector<std::uint64_t> steps = steps_of(curve);
  ASSERT_GT(steps.size(), 3U);
  EXPECT_EQ(steps[0], 1U);
  EXPECT_EQ(steps[1], 4224U);
  EXPECT_GT(steps[2], 34845U);
  expect_curve(curve, kStandard);
}

}  // namespace
}  // namespace attnsim::e2e
