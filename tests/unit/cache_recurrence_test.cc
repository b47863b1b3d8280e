// Copies are left out of a replay through caches only where they are copies.
#include "sim/replay/cache_recurrence.h"

#include <functional>

#include <gtest/gtest.h>

#include "sim/machine/cache/segment_lru.h"
#include "sim/machine/cache/set_cache.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {
namespace {

constexpr std::int64_t kPlanes = 3000;
constexpr std::int64_t kBlocks = 8;
constexpr std::uint64_t kLine = 64;

/// A task per plane: loads the blocks of X, one line each, twice over, and stores Y. K has a plane
/// for every eight.
struct Sweep final : Schedule {
  struct Here {
    Agent& a;
    Tensor x, shared;
    Index plane, block;
  };
  using Extra = std::function<void(const Here&)>;

  explicit Sweep(Extra extra) : extra_(std::move(extra)) {
    x_ = program_.add({"X", TensorRole::key, DType::f16, kPlanes, kBlocks, 32});
    y_ = program_.add({"Y", TensorRole::output, DType::f16, kPlanes, kBlocks, 32});
    shared_ = program_.add({"K", TensorRole::key, DType::f16, kPlanes / 8, kBlocks, 32});
    program_.add_kernel<&Sweep::sweep>(*this, "sweep", {{"plane", kPlanes}});
  }

  Task sweep(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    for (int pass = 0; pass < 2; ++pass) {
      Loop loop(em, all_blocks(kBlocks));
      for (Index j; co_await loop.next(j);) {
        const Tile x = a.load(x_.block(at[0], j, 1));
        if (pass == 1) a.store(x, y_.block(at[0], j, 1));
        extra_({a, x_, shared_, at[0], j});
      }
    }
  }

  Extra extra_;
  Tensor x_, y_, shared_;
};

/// One access per record, counted.
struct Feed final : TrafficListener {
  Feed(const TensorLayout& tensor_layout, machine::CacheTree& cache_tree,
       machine::CacheTree::Node cache)
      : layout(tensor_layout), tree(cache_tree), node(cache) {}
  std::uint64_t traffic(const TileOp& op, std::size_t) override {
    ++records;
    const std::uint64_t address =
        layout.base(op.tensor) + static_cast<std::uint64_t>(op.row) * layout.row_bytes(op.tensor);
    tree.access(node,
                machine::LineAccess{
                    .lines = {address / kLine, 1}, .write = op.op == Op::store, .tag = op.tensor});
    return kLine;
  }
  const TensorLayout& layout;
  machine::CacheTree& tree;
  machine::CacheTree::Node node;
  std::uint64_t records = 0;
};

struct Outcome {
  std::uint64_t records;
  machine::CacheCounts x, y;
  machine::MemoryCounts memory;
};

using Make = machine::CacheTree::MakeCache;

Outcome replayed(const Sweep& sweep, std::int64_t width, bool skip, const Make& make) {
  const Program& program = sweep.program();
  const TensorLayout layout(program.tensors());
  machine::CacheTree tree(kLine);
  const auto memory = tree.add_memory("hbm");
  const auto cache = tree.add_cache("l2", memory, make);
  Feed feed(layout, tree, cache);
  CacheRecurrence recurrence(feed, tree, layout, program.tensors(), kLine);
  Interleaving tasks(program.kernels()[0], width,
                     skip ? static_cast<TrafficListener&>(recurrence) : feed);
  while (tasks.step()) {
    if (skip) recurrence.after_step(tasks);
  }
  tree.finish();
  return {feed.records, tree.counts(cache, 0), tree.counts(cache, 1),
          tree.memory_counts(memory, 1)};
}

/// Records replayed while copies are left out; the counts must be those of all.
std::uint64_t records_replayed(const Sweep::Extra& extra, std::int64_t width, const Make& make) {
  const Sweep sweep(extra);
  const Outcome fast = replayed(sweep, width, true, make);
  const Outcome all = replayed(sweep, width, false, make);
  EXPECT_EQ(fast.x, all.x);
  EXPECT_EQ(fast.y, all.y);
  EXPECT_EQ(fast.memory, all.memory);
  EXPECT_GE(all.records, static_cast<std::uint64_t>(kPlanes * kBlocks * 3));
  return fast.records;
}

std::unique_ptr<machine::CacheModel> lru_of_20_lines(machine::Downstream& below) {
  return std::make_unique<machine::SegmentLru>(machine::LruOptions{.capacity = 20}, &below);
}

Make sets_of(const std::string& policy, machine::IndexKind index = machine::IndexKind::modulo) {
  return [=](machine::Downstream& below) {
    return std::make_unique<machine::SetCache>(
        machine::SetCacheConfig{.sets = 4, .ways = 5, .policy = policy, .index = index}, below);
  };
}

void nothing(const Sweep::Here&) {}
void load_again(const Sweep::Here& here) {
  const Tile again = here.a.load(here.x.block(here.plane, here.block, 1));
}

constexpr std::uint64_t kAll = kPlanes * kBlocks * 3;

TEST(CacheRecurrence, LeavesOutHeads) {
  EXPECT_LE(records_replayed(nothing, 1, lru_of_20_lines), kAll / 50);
  EXPECT_LE(records_replayed(nothing, 3, lru_of_20_lines), kAll / 20);
  EXPECT_LE(records_replayed(nothing, 1, sets_of("fifo")), kAll / 20);
  EXPECT_LE(records_replayed(nothing, 2, sets_of("srrip")), kAll / 20);
  EXPECT_LE(records_replayed(nothing, 1, sets_of("tree_plru")), kAll / 20);
}

TEST(CacheRecurrence, ReplaysAllWhereStatesCannotBeCompared) {
  EXPECT_EQ(records_replayed(nothing, 1, sets_of("random")), kAll);
  EXPECT_EQ(records_replayed(nothing, 1, sets_of("lru", machine::IndexKind::hashed)), kAll);
}

TEST(CacheRecurrence, MeetsAnOddHead) {
  const auto odd = [](const Sweep::Here& here) {
    if (here.plane.value() == 2222) load_again(here);
  };
  EXPECT_EQ(records_replayed(odd, 1, lru_of_20_lines), kAll + 2 * kBlocks);
}

TEST(CacheRecurrence, MeetsAnOddIterationOfEveryHead) {
  // All heads are odd alike: copies of each other.
  const auto odd = [](const Sweep::Here& here) {
    if (here.block.value() == 5) load_again(here);
  };
  EXPECT_LE(records_replayed(odd, 1, lru_of_20_lines), kAll / 50);
}

TEST(CacheRecurrence, SharedHeadsMoveTogether) {
  const auto shared = [](const Sweep::Here& here) {
    const Tile k = here.a.load(here.shared.block(here.plane.divided(8), here.block, 1));
  };
  EXPECT_LE(records_replayed(shared, 1, lru_of_20_lines), kAll / 2);
}

TEST(CacheRecurrence, ATensorThatDoesNotMoveAtOnePaceIsNoCopy) {
  // Every head reads the first head's first line too: X moves and stays.
  const auto pinned = [](const Sweep::Here& here) {
    const Tile k = here.a.load(here.x.block(0, 0, 1));
  };
  EXPECT_EQ(records_replayed(pinned, 1, lru_of_20_lines), kAll + kPlanes * kBlocks * 2);
}

}  // namespace
}  // namespace attnsim::replay
