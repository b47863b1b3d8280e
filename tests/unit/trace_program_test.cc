// Programs, kernels and the registry of algorithms.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/program.h"

namespace attnsim {
namespace {

TEST(Kernel, HasATaskForEachPointOfItsGrid) {
  EXPECT_EQ((Kernel{.name = "k", .grid = {{"i", 4}, {"j", 3}, {"plane", 2}}}).tasks(), 24);
  EXPECT_EQ((Kernel{.name = "k", .grid = {}}).tasks(), 1);
}

TEST(Kernel, IssuesTheFirstDimensionFastest) {
  const Kernel kernel{.name = "k", .grid = {{"i", 3}, {"j", 2}}};
  std::string order;
  for (std::int64_t n = 0; n < kernel.tasks(); ++n) {
    const GridIndex at = kernel.task(n);
    order += std::to_string(at[0].value()) + std::to_string(at[1].value()) + ' ';
  }
  EXPECT_EQ(order, "00 10 20 01 11 21 ");
}

TEST(Kernel, DescribesATaskByItsCoordinates) {
  const Kernel kernel{.name = "fa2", .grid = {{"i", 5}, {"plane", 3}}};
  EXPECT_EQ(kernel.describe(0), "kernel 'fa2' task 0 (i=0, plane=0)");
  EXPECT_EQ(kernel.describe(13), "kernel 'fa2' task 13 (i=3, plane=2)");
  EXPECT_EQ((Kernel{.name = "one", .grid = {}}).describe(0), "kernel 'one' task 0 ()");
}

TEST(Program, NumbersItsTensors) {
  Program program;
  const Tensor a = program.add({.name = "A", .planes = 2, .rows = 3, .cols = 4});
  const Tensor b = program.add({.name = "B"});
  EXPECT_EQ(a.id(), 0);
  EXPECT_EQ(b.id(), 1);
  EXPECT_EQ(a.planes(), 2);
  EXPECT_EQ(a.rows(), 3);
  EXPECT_EQ(a.cols(), 4);
  EXPECT_EQ(program.tensors()[1].name, "B");
}

TEST(Program, RefusesEmptyTensors) {
  Program program;
  EXPECT_THROW(program.add({.name = "A", .planes = 0}), InternalError);
  EXPECT_THROW(program.add({.name = "A", .rows = 0}), InternalError);
  EXPECT_THROW(program.add({.name = "A", .cols = -1}), InternalError);
}

/// A schedule whose task body tells where it was started.
struct Marked {
  mutable std::string log;
  Task body(Emitter&, GridIndex at) const {
    log += std::to_string(at[0].value()) + ' ';
    co_return;
  }
};

TEST(Program, StartsTheBodyOfItsSchedule) {
  class Nowhere final : public Sink {
    void consume(std::span<const TileOp>) override {}
  };
  const Marked schedule;
  Program program;
  program.add_kernel<&Marked::body>(schedule, "marked", {{"i", 3}});
  const Kernel& kernel = program.kernels().at(0);
  EXPECT_EQ(kernel.name, "marked");
  Nowhere sink;
  Emitter emitter(sink);
  for (std::int64_t n = 0; n < kernel.tasks(); ++n) {
    Task task = kernel.start(emitter, kernel.task(n));
    task.run();
  }
  EXPECT_EQ(schedule.log, "0 1 2 ");
}

TEST(AttentionTensors, HaveAPlaneForEachHeadOfEachSequence) {
  Program program;
  const Workload w{.batch = 2,
                   .heads = 6,
                   .kv_heads = 2,
                   .seqlen_q = 10,
                   .seqlen_kv = 20,
                   .head_dim = 8,
                   .head_dim_v = 4,
                   .dtype = DType::bf16};
  const AttentionTensors t = add_attention_tensors(program, w);
  std::string shapes;
  for (const TensorDecl& decl : program.tensors()) {
    shapes += decl.name + ' ' + std::to_string(decl.planes) + 'x' + std::to_string(decl.rows) +
              'x' + std::to_string(decl.cols) + ' ';
    EXPECT_EQ(decl.dtype, DType::bf16);
    EXPECT_EQ(decl.interleave, 1);
  }
  EXPECT_EQ(shapes, "Q 12x10x8 K 4x20x8 V 4x20x4 O 12x10x4 ");
  std::string kv;
  for (std::int64_t plane = 0; plane < 12; ++plane)
    kv += std::to_string(t.kv_plane(plane).value()) + ' ';
  EXPECT_EQ(kv, "0 0 0 1 1 1 2 2 2 3 3 3 ");
}

TEST(AttentionTensors, PackedHeadsShareAPlane) {
  Program program;
  const Workload w{.batch = 2, .heads = 6, .kv_heads = 2, .seqlen_q = 10, .seqlen_kv = 20};
  const AttentionTensors t = add_attention_tensors(program, w, 3);
  EXPECT_EQ(t.q.planes(), 4);
  EXPECT_EQ(t.q.rows(), 30);
  EXPECT_EQ(t.k.planes(), 4);
  EXPECT_EQ(program.tensors()[t.q.id()].interleave, 3);
  EXPECT_EQ(program.tensors()[t.k.id()].interleave, 1);
  EXPECT_EQ(program.tensors()[t.o.id()].interleave, 3);
  for (std::int64_t plane = 0; plane < 4; ++plane) EXPECT_EQ(t.kv_plane(plane).value(), plane);
}

TEST(Registry, FindsWhatWasAdded) {
  Registry<int (*)()> registry;
  registry.add(
      "b", [] { return 2; }, "b.cc");
  registry.add(
      "a", [] { return 1; }, "a.cc");
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(registry.find("b")->factory(), 2);
  EXPECT_STREQ(registry.find("a")->file, "a.cc");
  EXPECT_EQ(registry.find("c"), nullptr);
}

TEST(Registry, ANameTwiceIsABugOfBothFiles) {
  Registry<int (*)()> registry;
  registry.add(
      "a", [] { return 1; }, "one.cc");
  registry.add(
      "a", [] { return 2; }, "two.cc");
  try {
    registry.find("a");
    FAIL() << "found a name registered twice";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find("'a' is registered by one.cc and by two.cc"),
              std::string::npos)
        << error.what();
  }
}

TEST(AlgorithmCatalogue, IsSortedAndDescribesEveryAlgorithm) {
  const Catalogue catalogue = algorithm_catalogue();
  const std::vector<std::string> ids = catalogue.algorithm_ids();
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  for (const char* id : {"flash_attention_1", "flash_attention_2", "standard"}) {
    EXPECT_TRUE(std::find(ids.begin(), ids.end(), id) != ids.end()) << id;
  }
  for (const AlgorithmInfo& info : catalogue.algorithms) {
    SCOPED_TRACE(info.id);
    EXPECT_FALSE(info.summary.empty());
    EXPECT_FALSE(info.source.empty());
    EXPECT_FALSE(info.passes.empty());
    for (const TileSpec& tile : info.tiles) EXPECT_FALSE(tile.doc.empty()) << tile.name;
    for (const ParamSpec& param : info.params) EXPECT_FALSE(param.doc.empty()) << param.name;
    EXPECT_EQ(find_algorithm(info.id).info.id, info.id);
  }
}

TEST(AlgorithmCatalogue, AnUnknownIdIsABugOfTheCaller) {
  EXPECT_THROW(find_algorithm("no such algorithm"), InternalError);
}

}  // namespace
}  // namespace attnsim
