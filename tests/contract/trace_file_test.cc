// What a trace file promises, for every registered algorithm: recording and replaying changes
// nothing, in binary and in text.
#include <cstring>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/report/json.h"
#include "tests/support/cases.h"
#include "tests/unit/trace_fixture.h"

namespace attnsim::trace_file {
namespace {

std::vector<std::string> recordable_algorithms() {
  std::vector<std::string> ids;
  for (const AlgorithmInfo& info : algorithm_catalogue().algorithms) {
    if (!info.from_file) ids.push_back(info.id);
  }
  return ids;
}

class TraceFileContract : public testing::TestWithParam<std::string> {
 protected:
  static std::vector<RunSpec> runs(std::size_t count, std::uint64_t seed) {
    return replay::verification_grid(find_algorithm(GetParam()).info, test::cases(count), seed);
  }

  /// The run that replays these bytes.
  RunSpec replayed(RunSpec run, const std::string& bytes) {
    const std::string path =
        testing::TempDir() + "attnsim_" + GetParam() + "_" + std::to_string(::getpid()) + ".trace";
    std::ofstream(path, std::ios::binary) << bytes;
    run.algorithm = {.name = "replay"};
    run.algorithm.params.set("file", path);
    path_ = path;
    return run;
  }

  void TearDown() override { std::filesystem::remove(path_); }

  std::string path_;
};

/// Everything of a result that its run does not say, as far as it follows from the trace.
std::string text_of(Result result) {
  result.run = {};
  result.density.reset();  // of all tiles of the score matrix, which a trace does not know
  return report::to_json(result);
}

TEST_P(TraceFileContract, ReplayGivesTheSameResult) {
  for (const RunSpec& run : runs(20, 11)) {
    const Result direct = replay::replay(run);
    const Result again = replay::replay(replayed(run, recorded(run)));
    ASSERT_EQ(text_of(direct), text_of(again));
    EXPECT_EQ(direct.tiles, again.tiles);
    EXPECT_EQ(direct.tile_rule, again.tile_rule);
  }
}

TEST_P(TraceFileContract, ReplayComputesTheSameNumbers) {
  for (const RunSpec& run : runs(8, 12)) {
    for (const auto arithmetic : {replay::Arithmetic::exact, replay::Arithmetic::rounded}) {
      const VerifyCase direct = replay::verify(run, arithmetic);
      const VerifyCase again = replay::verify(replayed(run, recorded(run)), arithmetic);
      EXPECT_TRUE(again.ok) << again.message;
      EXPECT_EQ(direct.max_abs_error, again.max_abs_error);
    }
  }
}

TEST_P(TraceFileContract, BinaryTextBinaryIsTheSameFile) {
  for (const RunSpec& run : runs(10, 13)) {
    const std::string bytes = recorded(run);
    const std::string text = trace_file::text_of(*reader_of(bytes));
    EXPECT_EQ(binary_of(text), bytes);
    EXPECT_EQ(trace_file::text_of(*reader_of(binary_of(text))), text);
  }
}

class Collector final : public Sink {
 public:
  void consume(std::span<const TileOp> ops) override {
    records.insert(records.end(), ops.begin(), ops.end());
  }
  std::vector<TileOp> records;
};

bool same(const std::vector<TileOp>& a, const std::vector<TileOp>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(TileOp)) == 0);
}

/// Pulled tasks suspend where those of the algorithm do, and interleaving mixes nothing up.
TEST_P(TraceFileContract, PulledTasksInterleaveLikeTheAlgorithms) {
  for (const RunSpec& run : runs(5, 14)) {
    const replay::PlannedRun direct(run);
    const replay::PlannedRun again(replayed(run, recorded(run)));
    for (std::size_t k = 0; k < direct.schedule().program().kernels().size(); ++k) {
      Collector collected[2];
      std::size_t suspensions[2] = {};
      const replay::PlannedRun* sides[2] = {&direct, &again};
      for (std::size_t side = 0; side < 2; ++side) {
        const Kernel& kernel = sides[side]->schedule().program().kernels()[k];
        std::vector<std::unique_ptr<Emitter>> emitters;
        std::vector<Task> tasks;
        for (std::int64_t n = 0; n < kernel.tasks(); ++n) {
          emitters.push_back(std::make_unique<Emitter>(collected[side], Emitter::Mode::pull));
          tasks.push_back(kernel.start(*emitters.back(), kernel.task(n)));
        }
        for (bool any = true; any;) {
          any = false;
          for (std::size_t n = 0; n < tasks.size(); ++n) {
            if (tasks[n].done()) continue;
            tasks[n].resume();
            emitters[n]->flush();
            ++suspensions[side];
            any = true;
          }
        }
        tasks.clear();
        for (const auto& emitter : emitters) emitter->flush();
      }
      EXPECT_EQ(suspensions[0], suspensions[1]);
      EXPECT_TRUE(same(collected[0].records, collected[1].records));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, TraceFileContract, testing::ValuesIn(recordable_algorithms()),
                         [](const auto& instance) { return instance.param; });

/// The samples that come with attnsim are what their runs emit today.
class Sample : public testing::TestWithParam<const char*> {};

TEST_P(Sample, IsWhatItsRunEmits) {
  const std::string path = std::string(ATTNSIM_SOURCE_DIR) + "/traces/" + GetParam();
  const auto trace = TraceReader::open(path + ".trace");
  EXPECT_LT(trace->file_bytes(), 1U << 20);
  const RunSpec run = config::load_run_text(trace->header().run, path, {}, algorithm_catalogue(),
                                            {ATTNSIM_SOURCE_DIR});
  const auto fresh = reader_of(recorded(run));
  const auto kept = tasks_of(*trace);
  const auto now = tasks_of(*fresh);
  ASSERT_EQ(kept.size(), now.size());
  for (std::size_t n = 0; n < kept.size(); ++n) EXPECT_TRUE(same(kept[n], now[n])) << "task " << n;
  std::ifstream text(path + ".txt");
  std::ostringstream kept_text;
  kept_text << text.rdbuf();
  EXPECT_EQ(trace_file::text_of(*trace), kept_text.str());
}

INSTANTIATE_TEST_SUITE_P(Traces, Sample,
                         testing::Values("flash_attention_1_tiny", "flash_attention_2_tiny"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace attnsim::trace_file
