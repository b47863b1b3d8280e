// The search of backward passes against all of its family on tiny problems, and its winners against
// their traces.
#include "analysis/schedules/backward_search.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/replay/verify.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/backward_nest.h"

namespace attnsim {
namespace {

using Kind = BackwardNest::Kind;

/// Footprint to the least words of what holds it.
class Frontier {
 public:
  void add(std::uint64_t footprint, std::uint64_t words) {
    const auto [at, is_new] = least_.try_emplace(footprint, words);
    at->second = std::min(at->second, words);
  }
  /// The least that fits; UINT64_MAX: nothing does.
  std::uint64_t at(std::uint64_t m) const {
    std::uint64_t least = UINT64_MAX;
    for (const auto& [footprint, words] : least_) {
      if (footprint <= m) least = std::min(least, words);
    }
    return least;
  }
  const std::map<std::uint64_t, std::uint64_t>& all() const { return least_; }

 private:
  std::map<std::uint64_t, std::uint64_t> least_;
};

using Visit = std::function<void(const ScoreTiles&)>;

void for_all_score_tiles(std::int64_t rows, std::int64_t keys, std::int64_t width,
                         const Visit& visit) {
  ScoreTiles t;
  for (t.rows = 1; t.rows <= rows; ++t.rows) {
    for (t.keys = 1; t.keys <= keys; ++t.keys) {
      for (t.strips = 1; t.strips <= keys; ++t.strips) {
        for (t.columns = 0; t.columns <= width; ++t.columns) visit(t);
      }
    }
  }
}

void for_all_products(std::int64_t rows, std::int64_t cols,
                      const std::function<void(const ProductTiles&)>& visit) {
  for (std::int64_t m = 1; m <= rows; ++m) {
    for (std::int64_t n = 1; n <= cols; ++n) visit({.rows = m, .cols = n});
  }
}

/// Every nest of the family. Kernels of `stored` share no size, and a nest moves what they move
/// together (tested below): each is enumerated beside the smallest of the others.
class Family {
 public:
  explicit Family(const Workload& w) : w_(w), costs_(w) {
    add_two_kernels();
    add_outside();
    add_ds_stored();
    add_stored();
  }

  std::uint64_t least(std::uint64_t m) const {
    std::uint64_t least = whole_.at(m);
    std::uint64_t sum = 0;
    for (const Frontier& kernel : kernels_) {
      if (kernel.at(m) == UINT64_MAX) return least;
      sum += kernel.at(m);
    }
    // Each counts the smallest of the others, too.
    return std::min(least, sum - (kernels_.size() - 1) * smallest_);
  }

  /// The sizes of memory at which anything may change, and those just below.
  std::set<std::uint64_t> telling() const {
    std::set<std::uint64_t> out;
    const auto add = [&out](const Frontier& frontier) {
      for (const auto& [footprint, words] : frontier.all()) out.insert({footprint - 1, footprint});
    };
    add(whole_);
    for (const Frontier& kernel : kernels_) add(kernel);
    return out;
  }

 private:
  void add(const BackwardNest& asked, Frontier& to) {
    const BackwardNest nest = costs_.effective(asked);
    to.add(costs_.footprint_words(nest), costs_.words(nest));
  }

  void add_two_kernels() {
    const Algorithm algorithm = find_algorithm("two_kernel_backward");
    const MachineSpec machine = two_level_machine();
    const Target target(machine, w_);
    AlgorithmChoice choice{.name = algorithm.info.id};
    choice.tiles.rule = TileRule::explicit_sizes;
    choice.params.set("delta", std::string("dq"));
    auto& sizes = choice.tiles.sizes;
    for (sizes["Br"] = 1; sizes["Br"] <= w_.seqlen_q; ++sizes["Br"]) {
      for (sizes["Bc"] = 1; sizes["Bc"] <= w_.seqlen_kv; ++sizes["Bc"]) {
        for (sizes["Br_dq"] = 1; sizes["Br_dq"] <= w_.seqlen_q; ++sizes["Br_dq"]) {
          for (sizes["Bc_dq"] = 1; sizes["Bc_dq"] <= w_.seqlen_kv; ++sizes["Bc_dq"]) {
            const auto planned = algorithm.plan({w_, target, algorithm.info, choice});
            std::uint64_t words = 0;
            for (const ClosedFormTerm& term : planned->closed_form()) {
              words += term.read + term.written;
            }
            std::uint64_t footprint = 0;
            for (const TileShape& tile : planned->footprint()) {
              footprint += static_cast<std::uint64_t>(tile.rows * tile.cols);
            }
            whole_.add(footprint, words);
          }
        }
      }
    }
  }

  void add_outside() {
    for (const Kind kind : {Kind::keys_outside, Kind::rows_outside}) {
      for (std::int64_t Br = 1; Br <= costs_.rows(); ++Br) {
        for (std::int64_t Bc = 1; Bc <= w_.seqlen_kv; ++Bc) {
          add({.kind = kind, .Br = Br, .Bc = Bc}, whole_);
        }
      }
    }
  }

  void add_ds_stored() {
    BackwardNest nest{.kind = Kind::ds_stored};
    for (nest.Br = 1; nest.Br <= costs_.rows(); ++nest.Br) {
      for (nest.Bc = 1; nest.Bc <= w_.seqlen_kv; ++nest.Bc) {
        for_all_products(costs_.rows(), w_.head_dim, [&](const ProductTiles& d_q) {
          nest.d_q = d_q;
          nest.dk_held = true;
          nest.d_k = {};
          add(nest, whole_);
          nest.dk_held = false;
          for_all_products(w_.seqlen_kv, w_.head_dim, [&](const ProductTiles& d_k) {
            nest.d_k = d_k;
            add(nest, whole_);
          });
        });
      }
    }
  }

  void add_stored() {
    const BackwardNest smallest{.kind = Kind::stored};
    smallest_ = costs_.words(costs_.effective(smallest));
    const auto vary = [&](auto member, std::size_t kernel) {
      return [this, smallest, member, kernel](const auto& tiles) {
        BackwardNest nest = smallest;
        nest.*member = tiles;
        add(nest, kernels_[kernel]);
      };
    };
    const std::int64_t R = costs_.rows();
    const std::int64_t Nk = w_.seqlen_kv;
    for_all_score_tiles(R, Nk, w_.head_dim, vary(&BackwardNest::p, 0));
    for_all_score_tiles(R, Nk, w_.head_dim_v, vary(&BackwardNest::d_s, 1));
    for_all_products(Nk, w_.head_dim_v, vary(&BackwardNest::d_v, 2));
    for_all_products(Nk, w_.head_dim, vary(&BackwardNest::d_k, 3));
    for_all_products(R, w_.head_dim, vary(&BackwardNest::d_q, 4));
  }

  const Workload& w_;
  const BackwardCosts costs_;
  Frontier whole_;
  std::vector<Frontier> kernels_ = std::vector<Frontier>(5);
  std::uint64_t smallest_ = 0;
};

struct Tiny {
  std::int64_t seqlen_q, seqlen_kv, head_dim, head_dim_v;
  std::int64_t group = 1;
};

constexpr Tiny kTiny[] = {
    {6, 6, 1, 1}, {6, 6, 2, 2}, {6, 6, 3, 3},    {5, 5, 4, 4},    {7, 7, 1, 2},
    {5, 7, 3, 2}, {7, 5, 2, 3}, {1, 8, 4, 4},    {8, 1, 4, 4},    {3, 6, 4, 1},
    {6, 6, 1, 4}, {6, 3, 4, 2}, {3, 5, 3, 3, 2}, {2, 6, 2, 4, 2}, {2, 8, 6, 6},
    {8, 2, 6, 6}, {4, 4, 8, 8}, {4, 4, 8, 1},    {4, 4, 1, 8},    {2, 5, 2, 2, 3},
};

Workload workload_of(const Tiny& t) {
  return {.heads = t.group,
          .seqlen_q = t.seqlen_q,
          .seqlen_kv = t.seqlen_kv,
          .head_dim = t.head_dim,
          .head_dim_v = t.head_dim_v,
          .dtype = DType::f32,
          .pass = Pass::backward};
}

TEST(BackwardSearch, IsExactOverTheFamilyAtEveryMemorySize) {
  static_assert(std::size(kTiny) == 20);
  for (const Tiny& t : kTiny) {
    const Workload w = workload_of(t);
    const std::string name = "seqlen " + std::to_string(t.seqlen_q) + " x " +
                             std::to_string(t.seqlen_kv) + ", head_dim " +
                             std::to_string(t.head_dim) + "/" + std::to_string(t.head_dim_v) +
                             ", group " + std::to_string(t.group);
    const Family family(w);
    std::set<std::uint64_t> different;
    for (const std::uint64_t m : family.telling()) {
      const std::uint64_t least = family.least(m);
      const auto best = schedules::best_backward(w, m);
      ASSERT_EQ(best.has_value(), least != UINT64_MAX) << name << " M " << m;
      if (!best) continue;
      ASSERT_EQ(best->words, least) << name << " M " << m << " " << best->choice.name;
      ASSERT_LE(best->footprint, m) << name;
      different.insert(least);
    }
    EXPECT_GT(different.size(), 2U) << name;
  }
}

std::int64_t any(std::int64_t low, std::int64_t high) { return *rc::gen::inRange(low, high + 1); }

/// What a nest of `stored` moves and holds is what its kernels do.
RC_GTEST_PROP(BackwardSearch, KernelsOfANestAddUp, ()) {
  const Workload w = workload_of({.seqlen_q = any(1, 30),
                                  .seqlen_kv = any(1, 30),
                                  .head_dim = any(1, 12),
                                  .head_dim_v = any(1, 12),
                                  .group = any(1, 2)});
  const auto scores = [] {
    return ScoreTiles{
        .rows = any(1, 30), .keys = any(1, 10), .strips = any(1, 6), .columns = any(0, 12)};
  };
  const auto product = [] { return ProductTiles{.rows = any(1, 30), .cols = any(1, 12)}; };
  const BackwardCosts costs(w);
  const BackwardNest nest = costs.effective({.kind = Kind::stored,
                                             .p = scores(),
                                             .d_s = scores(),
                                             .d_v = product(),
                                             .d_k = product(),
                                             .d_q = product()});
  const std::int64_t R = costs.rows();
  std::uint64_t words = static_cast<std::uint64_t>(R * (2 * w.head_dim_v + 1));  // D
  std::uint64_t footprint = 3;
  for (const BackwardCosts::KernelCost& kernel :
       {costs.p(nest.p), costs.d_s(nest.d_s),
        BackwardCosts::product(nest.d_v, w.seqlen_kv, w.head_dim_v, R),
        BackwardCosts::product(nest.d_k, w.seqlen_kv, w.head_dim, R),
        BackwardCosts::product(nest.d_q, R, w.head_dim, w.seqlen_kv)}) {
    words += kernel.words;
    footprint = std::max(footprint, kernel.footprint);
  }
  RC_ASSERT(costs.words(nest) == words);
  RC_ASSERT(costs.footprint_words(nest) == footprint);
}

/// What the formula says of the winner is what its trace moves and holds, and it computes the
/// gradients.
RC_GTEST_PROP(BackwardSearch, WinnersMoveHoldAndComputeWhatTheyShould, ()) {
  RunSpec run;
  Workload& w = run.workload;
  w = workload_of({.seqlen_q = any(1, 24),
                   .seqlen_kv = any(1, 24),
                   .head_dim = any(1, 12),
                   .head_dim_v = any(1, 12)});
  w.batch = any(1, 2);
  w.kv_heads = any(1, 2);
  w.heads = w.kv_heads * any(1, 2);
  const std::int64_t whole =
      2 * (w.seqlen_q * w.group() + w.seqlen_kv) * (w.head_dim + w.head_dim_v);
  const auto m = static_cast<std::uint64_t>(any(4, 4 + any(1, whole)));
  const auto best = schedules::best_backward(w, m);
  RC_ASSERT(best.has_value());
  run.machine = two_level_machine(m);
  run.algorithm = best->choice;
  const Result result = replay::replay(run);
  RC_ASSERT(result.fits());
  RC_ASSERT(result.io_row("hbm", "total")->words().count == best->words);
  RC_ASSERT(result.footprint_row("sram")->peak_words.count <= best->footprint);
  const VerifyCase verified = replay::verify(run, replay::Arithmetic::exact);
  RC_ASSERT(verified.ok);
}

}  // namespace
}  // namespace attnsim
