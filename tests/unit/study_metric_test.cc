// Metric paths on a result made by hand, and the text of every mistake in one.
#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/study/metric.h"

namespace attnsim::study {
namespace {

/// fp16 words: two bytes each.
IoRow io_row(const char* memory, const char* tensor, std::uint64_t read, std::uint64_t written,
             std::uint64_t init = 0) {
  return {.memory = memory,
          .tensor = tensor,
          .read_bytes = Bytes(2 * read),
          .write_bytes = Bytes(2 * written),
          .init_bytes = Bytes(2 * init),
          .read_words = Words(read),
          .write_words = Words(written),
          .init_words = Words(init)};
}

BoundRow bound(const char* id, const char* memory, double words, double ratio) {
  BoundRow row;
  row.id = id;
  row.memory = memory;
  row.words = words;
  row.bytes = 2 * words;
  row.ratio = ratio;
  return row;
}

Result sample_result() {
  Result result;
  result.run.machine.memories = {{.name = "sram"}, {.name = "l2"}, {.name = "hbm"}};
  result.io = {io_row("l2", "K", 600, 0),        io_row("l2", "V", 334, 0),
               io_row("l2", "O", 100, 200, 100), io_row("l2", "total", 1034, 200, 100),
               io_row("hbm", "K", 300, 0),       io_row("hbm", "O", 0, 200),
               io_row("hbm", "total", 300, 200)};
  result.footprint = {{.space = "sram",
                       .peak_bytes = Bytes(2000),
                       .static_bytes = Bytes(2100),
                       .peak_words = Words(1000),
                       .capacity_bytes = Bytes(2048),
                       .capacity_words = Words(1024)},
                      {.space = "hbm", .peak_bytes = Bytes(9000), .peak_words = Words(4500)}};
  result.bounds = {bound("LB0", "l2", 1000, 1.234), bound("theta_attention", "l2", 17.5, 70.5),
                   bound("LB0", "hbm", 1000, 0.5)};
  result.caches = {{.name = "l1", .tensor = "O", .accesses = 11},
                   {.name = "l1", .tensor = "total", .accesses = 12},
                   {.name = "l2",
                    .tensor = "K",
                    .accesses = 1,
                    .hits = 2,
                    .misses = 3,
                    .read_misses = 4,
                    .write_misses = 5,
                    .cold = 6,
                    .capacity = 7,
                    .conflict = 8,
                    .fills = 9,
                    .evictions = 10,
                    .write_backs = 11,
                    .final_dirty = 12},
                   {.name = "l2", .tensor = "total", .accesses = 50, .misses = 51}};
  result.work = {.matrix_flops = 5, .exp_ops = 6, .vector_ops = 7, .operations = 8, .tasks = 9};
  return result;
}

std::uint64_t count(const std::string& path) {
  const MetricValue value = evaluate(sample_result(), path);
  EXPECT_TRUE(value.count.has_value()) << path;
  EXPECT_EQ(value.value, static_cast<double>(value.count.value_or(0))) << path;
  return value.count.value_or(0);
}

std::string fault(const std::string& path) {
  try {
    evaluate(sample_result(), path);
  } catch (const UserError& error) {
    EXPECT_EQ(error.diagnostics().size(), 1u);
    EXPECT_EQ(error.diagnostics().front().path, path);
    return error.diagnostics().front().message;
  }
  return "no fault";
}

TEST(Metric, ReadsEveryIoField) {
  EXPECT_EQ(count("io.l2.K.read_bytes"), 1200u);
  EXPECT_EQ(count("io.l2.O.write_bytes"), 400u);
  EXPECT_EQ(count("io.l2.O.bytes"), 600u);
  EXPECT_EQ(count("io.l2.K.read_words"), 600u);
  EXPECT_EQ(count("io.l2.O.write_words"), 200u);
  EXPECT_EQ(count("io.l2.O.words"), 300u);
  EXPECT_EQ(count("io.l2.O.init_bytes"), 200u);
  EXPECT_EQ(count("io.l2.O.init_words"), 100u);
  EXPECT_EQ(count("io.l2.total.words"), 1234u);
}

TEST(Metric, CountsZeroForATensorThatCrossedElsewhere) {
  EXPECT_EQ(count("io.hbm.V.words"), 0u);
  EXPECT_EQ(count("io.l2.V.words"), 334u);
}

TEST(Metric, SumsDevices) {
  Result result = sample_result();
  result.io.push_back(io_row("l2", "K", 10, 4));
  result.io.back().device = 1;
  EXPECT_EQ(evaluate(result, "io.l2.K.words").count, 614u);
}

TEST(Metric, ReadsFootprintBoundsAndWork) {
  EXPECT_EQ(count("footprint.sram.peak_bytes"), 2000u);
  EXPECT_EQ(count("footprint.sram.peak_words"), 1000u);
  EXPECT_EQ(count("footprint.sram.static_bytes"), 2100u);
  EXPECT_EQ(count("footprint.sram.capacity_bytes"), 2048u);
  EXPECT_EQ(count("footprint.sram.capacity_words"), 1024u);
  EXPECT_EQ(count("footprint.sram.fits"), 1u);
  EXPECT_EQ(count("bounds.LB0.words"), 1000u);
  EXPECT_EQ(count("bounds.LB0.bytes"), 2000u);
  EXPECT_EQ(count("work.matrix_flops"), 5u);
  EXPECT_EQ(count("work.exp_ops"), 6u);
  EXPECT_EQ(count("work.vector_ops"), 7u);
  EXPECT_EQ(count("work.operations"), 8u);
  EXPECT_EQ(count("work.tasks"), 9u);
}

TEST(Metric, ReadsEveryFieldOfACache) {
  std::uint64_t expected = 1;
  for (const char* field :
       {"accesses", "hits", "misses", "read_misses", "write_misses", "cold", "capacity", "conflict",
        "fills", "evictions", "write_backs", "final_dirty"}) {
    EXPECT_EQ(count(std::string("caches.l2.K.") + field), expected++) << field;
  }
  EXPECT_EQ(count("caches.l2.misses"), 51u);  // of all tensors
  EXPECT_EQ(count("caches.l2.total.misses"), 51u);
  EXPECT_EQ(count("caches.l1.accesses"), 12u);
  EXPECT_EQ(count("caches.l2.O.misses"), 0u);  // O passes the l1 only
  EXPECT_EQ(count("caches.l1.V.misses"), 0u);  // V passes no cache
}

TEST(Metric, MistakesAboutCaches) {
  EXPECT_EQ(fault("caches.l2"), "expected caches.<name>.<field> or caches.<name>.<tensor>.<field>");
  EXPECT_EQ(fault("caches.l3.misses"),
            "unknown simulated cache 'l3'; did you mean 'l1'? (expected one of: l1, l2)");
  EXPECT_EQ(
      fault("caches.l2.missis"),
      "unknown field 'missis'; did you mean 'misses'? (expected one of: accesses, hits, misses, "
      "read_misses, write_misses, cold, capacity, conflict, fills, evictions, write_backs, "
      "final_dirty)");
  EXPECT_EQ(fault("caches.l2.X.misses"), "unknown tensor 'X' (expected one of: O, total, K, V)");
  Result result = sample_result();
  result.run.machine.id = "a_machine";
  result.caches.clear();
  try {
    evaluate(result, "caches.l2.misses");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_EQ(error.diagnostics().front().message,
              "no cache is simulated: none of 'a_machine' names a policy");
  }
}

TEST(Metric, OfABoundIsTheInnermostBoundary) {
  const MetricValue ratio = evaluate(sample_result(), "bounds.LB0.ratio");
  EXPECT_EQ(ratio.value, 1.234);  // hbm has 0.5
  EXPECT_FALSE(ratio.count.has_value());
}

TEST(Metric, NamesWhatIsUnknown) {
  EXPECT_EQ(fault("io.l3.total.words"),
            "unknown memory 'l3'; did you mean 'l2'? (expected one of: l2, hbm)");
  EXPECT_EQ(fault("io.sram.total.words"),
            "nothing crosses a boundary at 'sram' (expected one of: l2, hbm)");
  EXPECT_EQ(fault("io.l2.totla.words"),
            "unknown tensor 'totla'; did you mean 'total'? (expected one of: K, V, O, total)");
  EXPECT_EQ(fault("io.l2.total.wrods"),
            "unknown field 'wrods'; did you mean 'words'? (expected one of: read_bytes, "
            "write_bytes, bytes, read_words, write_words, words, init_bytes, init_words)");
  EXPECT_EQ(fault("footprint.smem.peak_bytes"),
            "unknown space 'smem'; did you mean 'sram'? (expected one of: sram, hbm)");
  EXPECT_EQ(fault("footprint.sram.peak"),
            "unknown field 'peak' (expected one of: peak_bytes, peak_words, static_bytes, "
            "capacity_bytes, capacity_words, fits)");
  EXPECT_EQ(fault("footprint.hbm.capacity_bytes"), "the capacity of 'hbm' is unlimited or unknown");
  EXPECT_EQ(fault("bounds.LB7.ratio"),
            "unknown bound 'LB7'; did you mean 'LB0'? (expected one of: LB0, theta_attention)");
  EXPECT_EQ(fault("bounds.LB0.rato"),
            "unknown field 'rato'; did you mean 'ratio'? (expected one of: words, bytes, ratio)");
  EXPECT_EQ(fault("work.flops"),
            "unknown field 'flops' (expected one of: matrix_flops, exp_ops, vector_ops, "
            "operations, tasks)");
}

TEST(Metric, SaysTheFormOfAPath) {
  EXPECT_EQ(fault("io.l2.words"), "expected io.<memory>.<tensor>.<field>");
  EXPECT_EQ(fault("footprint.sram.peak_bytes.max"), "expected footprint.<space>.<field>");
  EXPECT_EQ(fault("bounds.LB0"), "expected bounds.<id>.<field>");
  EXPECT_EQ(fault("work"), "expected work.<field>");
  EXPECT_EQ(fault("oi.l2.total.words"),
            "unknown group of metrics 'oi'; did you mean 'io'? (expected one of: io, footprint, "
            "bounds, caches, work, time, energy)");
  EXPECT_EQ(
      fault(""),
      "unknown group of metrics '' (expected one of: io, footprint, bounds, caches, work, time, "
      "energy)");
}

Result timed_result() {
  Result result = sample_result();
  result.run.machine.id = "a_machine";
  result.time = TimeReport{.seconds = 2,
                           .limiter = "hbm",
                           .flops = 3e12,
                           .tflops = 1.5,
                           .lanes = {{"matrix", 0.5, 0.25}, {"hbm", 1.5, 0.75}}};
  result.energy = {{"hbm", Bytes(1), 4.5}, {"total", Bytes(1), 4.5}};
  return result;
}

TEST(Metric, ReadsTimeAndEnergy) {
  const Result result = timed_result();
  EXPECT_EQ(evaluate(result, "time.seconds").value, 2);
  EXPECT_EQ(evaluate(result, "time.tflops").value, 1.5);
  EXPECT_EQ(evaluate(result, "time.flops").value, 3e12);
  EXPECT_EQ(evaluate(result, "time.matrix.busy_seconds").value, 0.5);
  EXPECT_EQ(evaluate(result, "time.hbm.utilisation").value, 0.75);
  EXPECT_EQ(evaluate(result, "energy.hbm").value, 4.5);
  EXPECT_EQ(evaluate(result, "energy.total").value, 4.5);
  EXPECT_TRUE(is_about_time("time.seconds"));
  EXPECT_FALSE(is_about_time("io.time.seconds.bytes"));
}

TEST(Metric, MistakesAboutTimeAndEnergy) {
  const auto fault_of = [](const Result& result, const char* path) -> std::string {
    try {
      evaluate(result, path);
    } catch (const UserError& error) {
      return error.diagnostics().front().message;
    }
    return "no fault";
  };
  Result result = timed_result();
  EXPECT_EQ(fault_of(result, "time.second"),
            "unknown field 'second'; did you mean 'seconds'? (expected one of: seconds, tflops, "
            "flops)");
  EXPECT_EQ(fault_of(result, "time.matrx.utilisation"),
            "unknown lane 'matrx'; did you mean 'matrix'? (expected one of: matrix, hbm)");
  EXPECT_EQ(fault_of(result, "time.matrix.share"),
            "unknown field 'share' (expected one of: busy_seconds, utilisation)");
  EXPECT_EQ(fault_of(result, "energy.hmb"),
            "unknown memory with an energy 'hmb'; did you mean 'hbm'? (expected one of: hbm, "
            "total)");
  result.energy.clear();
  EXPECT_EQ(fault_of(result, "energy.hbm"), "'a_machine' states the energy of no memory");
  result.time.reset();
  result.no_time = "the run does not fit";
  EXPECT_EQ(fault_of(result, "time.seconds"), "the run has no time: the run does not fit");
  EXPECT_EQ(fault_of(result, "time.matrix.utilisation"),
            "the run has no time: the run does not fit");
}

TEST(MetricValue, ComparesCountsExactly) {
  constexpr std::uint64_t kBig = std::uint64_t{1} << 60;
  EXPECT_LT(MetricValue::of_count(kBig), MetricValue::of_count(kBig + 1));
  EXPECT_EQ(MetricValue::of_count(kBig).value, MetricValue::of_count(kBig + 1).value);
  EXPECT_LT(MetricValue::of_value(0x1p60), MetricValue::of_count(kBig + 1));
  EXPECT_FALSE(MetricValue::of_count(kBig + 1) == MetricValue::of_value(0x1p60));
  EXPECT_LT(MetricValue::of_value(2.5), MetricValue::of_count(3));
  EXPECT_FALSE(MetricValue::of_value(-1).count.has_value());
  EXPECT_FALSE(MetricValue::of_value(0x1p64).count.has_value());
  EXPECT_FALSE(MetricValue::of_value(std::numeric_limits<double>::infinity()).count.has_value());
  EXPECT_FALSE(MetricValue::of_value(std::numeric_limits<double>::quiet_NaN()).count.has_value());
}

TEST(IoPath, TakesFourParts) {
  const auto path = io_path("io.l2.K.words");
  ASSERT_TRUE(path.has_value());
  EXPECT_EQ(path->memory, "l2");
  EXPECT_EQ(path->tensor, "K");
  EXPECT_EQ(path->field, "words");
  EXPECT_FALSE(io_path("io.l2.K").has_value());
  EXPECT_FALSE(io_path("work.l2.K.words").has_value());
}

}  // namespace
}  // namespace attnsim::study
