// Forward attention as any nest of the family of sim/trace/attention_nest.h: loop order, tiles and
// what stays on chip are parameters. `attnsim schedule` finds the nest that moves least.
//
//   scores at_once   for groups of keys: load the blocks that stay
//                      for i: load Q_i; O = 0, l = 0, m = -inf, or O and L of the group before
//                        for j: load K_j; S = Q_i K_j^T; online softmax; load V_j; O += P V_j
//                        store O / l (and L = m + log l, if a group follows)
//   scores stored    for i, j: S = sum over columns of Q_i, K_j; statistics; store S; store L_i
//                    for i, c: for j: load S_ij, P = exp(S - L_i); O_ic += P V_jc; store O_ic
//   scores kept      for i: S = sum over columns of Q_i, K; P = softmax(S)
//                           for c: store O_ic = P V_c
#include <algorithm>
#include <cmath>
#include <string>

#include "sim/trace/algorithm.h"
#include "sim/trace/attention_nest.h"
#include "sim/trace/nest_tiles.h"

namespace attnsim {
namespace {

using Scores = AttentionNest::Scores;

ParamSpec size_param(std::string name, std::string unit, std::string value, std::string doc,
                     std::int64_t minimum = 1) {
  return {.name = std::move(name),
          .type = ParamType::integer,
          .unit = std::move(unit),
          .default_value = std::move(value),
          .doc = std::move(doc),
          .minimum = minimum};
}

AlgorithmInfo info() {
  return {
      .id = "tiled_attention",
      .summary = "a family of loop nests, its sizes and what stays on chip given as parameters",
      .source =
          "docs/bounds.md, the search family; holds the nests of Dao et al. 2022 and of Saha "
          "and Ye 2024",
      .tiles = {{"Br", "query rows of a score tile"},
                {"Bc", "keys of a score tile (kept: unused)"}},
      .params = {{.name = "scores",
                  .type = ParamType::choice,
                  .default_value = "at_once",
                  .doc = "a score tile meets V at once, is stored in memory, or whole rows of them "
                         "are kept on chip",
                  .choices = {"at_once", "stored", "kept"}},
                 size_param("held_blocks", "key blocks", "0",
                            "at_once, no mask: blocks of keys that stay for all queries", 0),
                 {.name = "key_groups",
                  .type = ParamType::boolean,
                  .default_value = "false",
                  .doc = "at_once: keys in groups of held_blocks, each of which stays in its turn"},
                 size_param("depth", "columns", "16", "stored, kept: a step of Q K^T"),
                 size_param("q_columns", "columns", "0",
                            "stored: columns of Q that stay while keys pass, in steps of depth", 0),
                 size_param("out_rows", "rows", "64", "stored: of an output block"),
                 size_param("out_cols", "columns", "64", "stored, kept: of an output block"),
                 size_param("out_keys", "keys", "16", "stored: a step of P V")},
  };
}

/// Throws UserError when more stays than a task has slots for.
AttentionNest checked_nest(const ParamValues& params) {
  const AttentionNest nest = nest_of(params);
  if (nest.held_blocks > kMostHeldBlocks) {
    throw UserError("algorithm.held_blocks: expected at most " + std::to_string(kMostHeldBlocks) +
                    ", got '" + std::to_string(nest.held_blocks) + "'; take a larger Bc");
  }
  return nest;
}

using Tiles = NestTiles<AttentionNest, NestCosts>;

class TiledAttention final : public Schedule {
 public:
  explicit TiledAttention(const PlanRequest& r)
      : w_(r.workload), mask_(w_, w_.group()), model_(w_, r.target, checked_nest(r.choice.params)) {
    nest_ = model_.nest(choose_nest(r, model_));
    const std::int64_t planes = w_.kv_planes();
    const std::int64_t rows = mask_.rows();
    const std::int64_t Nk = w_.seqlen_kv;
    t_ = add_attention_tensors(program_, w_, w_.group());
    const auto row_blocks = [rows](std::int64_t size) {
      return GridDim{"i", ceil_div(rows, size)};
    };
    const GridDim all_planes{"plane", planes};
    if (nest_.scores == Scores::at_once) {
      if (nest_.key_groups) add_lse(planes, rows);
      program_.add_kernel<&TiledAttention::at_once>(*this, "attention", {all_planes});
      return;
    }
    if (nest_.scores == Scores::kept) {
      program_.add_kernel<&TiledAttention::kept>(*this, "attention",
                                                 {row_blocks(nest_.Br), all_planes});
      return;
    }
    add_lse(planes, rows);
    s_ = program_.add({"S", TensorRole::workspace, w_.dtype, planes, rows, Nk, w_.group()});
    program_.add_kernel<&TiledAttention::scores>(*this, "scores",
                                                 {row_blocks(nest_.Br), all_planes});
    program_.add_kernel<&TiledAttention::output>(*this, "output",
                                                 {row_blocks(nest_.out_rows), all_planes});
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  /// All query blocks of one plane, so that keys can stay between them.
  Task at_once(Emitter& em, GridIndex at) const {
    const Index plane = at[0];
    const std::int64_t Br = nest_.Br;
    const std::int64_t Bc = nest_.Bc;
    const std::int64_t blocks = ceil_div(w_.seqlen_kv, Bc);
    const std::int64_t groups = nest_.key_groups ? ceil_div(blocks, nest_.held_blocks) : 1;
    Agent a = em.agent();
    for (std::int64_t g = 0; g < groups; ++g) {
      const std::vector<KeyBlock> held = load_group(a, plane, g);
      const bool first = g == 0;
      Loop rows(em, all_blocks(ceil_div(mask_.rows(), Br)));
      for (Index i; co_await rows.next(i);) {
        Tile q = a.load(t_.q.block(plane, i, Br));  // [Br, d]
        Tile o = first ? a.fill(Role::accumulator, q.rows(), w_.head_dim_v, DType::f32, 0)
                       : a.load(t_.o.block(plane, i, Br), Role::accumulator);  // [Br, dv]
        // A normalised O with its L in the place of m is an accumulator whose l is 1.
        Tile m = first ? a.fill(Role::vector, q.rows(), 1, DType::f32, kMinusInfinity)
                       : a.load(l_.block(plane, i, Br), Role::vector);
        Tile l = a.fill(Role::vector, q.rows(), 1, DType::f32, first ? 0 : 1);
        for (const KeyBlock& block : held) {
          Tile s = a.matmul(q, transposed(block.k), w_.dtype, scale());
          a.online_softmax(s, m, l, o);
          a.matmul_acc(o, s, block.v, w_.dtype);
        }
        Loop keys(em, streamed(plane, i));
        for (Index j; co_await keys.next(j);) {
          Tile k = a.load(t_.k.block(plane, j, Bc));               // [Bc, d]
          Tile s = a.matmul(q, transposed(k), w_.dtype, scale());  // [Br, Bc]
          k.drop();
          if (keys.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, Br, j, Bc));
          a.online_softmax(s, m, l, o);
          Tile v = a.load(t_.v.block(plane, j, Bc));  // [Bc, dv]
          a.matmul_acc(o, s, v, w_.dtype);
        }
        a.div_rows(o, l);
        a.store(o, t_.o.block(plane, i, Br));
        if (!nest_.key_groups) continue;
        a.lse(m, l);
        a.store(m, l_.block(plane, i, Br));
      }
    }
  }

  /// One row of score tiles, and the statistics of its rows.
  Task scores(Emitter& em, GridIndex at) const {
    const Index i = at[0];
    const Index plane = at[1];
    const std::int64_t Br = nest_.Br;
    const std::int64_t Bc = nest_.Bc;
    const std::int64_t depth = nest_.depth;
    const std::int64_t staying = ceil_div(nest_.q_columns, depth);
    const Region statistics = l_.block(plane, i, Br);
    Agent a = em.agent();
    const std::vector<Run> seen = mask_.key_blocks(plane, i, Br, Bc);
    Tile q;
    if (staying > 0 && !seen.empty()) q = a.load(t_.q.block(plane, i, Br, 0, nest_.q_columns));
    Tile m = a.fill(Role::vector, statistics.rows, 1, DType::f32, kMinusInfinity);
    Tile l = a.fill(Role::vector, statistics.rows, 1, DType::f32, 0);
    {
      Loop keys(em, seen);
      for (Index j; co_await keys.next(j);) {
        const Region out = s_.block(plane, i, Br, j, Bc);
        Tile s = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [Br, Bc]
        Loop columns(em, {{.begin = 0, .end = staying, .tag = kStays},
                          {.begin = staying, .end = ceil_div(w_.head_dim, depth)}});
        for (Index z; co_await columns.next(z);) {
          if (columns.tag() == kStays) {
            Tile k = a.load(t_.k.block(plane, j, Bc, z, depth));  // [Bc, depth]
            a.matmul_acc(s, ColumnBlock(q, z, depth), transposed(k), w_.dtype, scale());
          } else {
            add_product(a, s, plane, i, j, z);
          }
        }
        if (keys.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, Br, j, Bc));
        a.softmax_stats(s, m, l);
        a.store(s, out);
      }
    }
    a.lse(m, l);
    a.store(m, statistics);
  }

  /// One row of output blocks.
  Task output(Emitter& em, GridIndex at) const {
    const Index i = at[0];
    const Index plane = at[1];
    const std::int64_t Br = nest_.out_rows;
    const std::int64_t Bc = nest_.out_keys;
    Agent a = em.agent();
    Tile m = a.load(l_.block(plane, i, Br), Role::vector);  // [Br, 1]
    Tile l = a.fill(Role::vector, m.rows(), 1, DType::f32, 1);
    Loop columns(em, all_blocks(ceil_div(w_.head_dim_v, nest_.out_cols)));
    for (Index c; co_await columns.next(c);) {
      const Region out = t_.o.block(plane, i, Br, c, nest_.out_cols);
      Tile o = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);
      Loop keys(em, mask_.key_blocks(plane, i, Br, Bc));
      for (Index j; co_await keys.next(j);) {
        Tile p = a.load(s_.block(plane, i, Br, j, Bc));  // [out_rows, out_keys]
        // Score tiles were of another size: what is hidden here may never have been stored.
        if (keys.kind() != TileKind::full) a.hide(p, mask_.tile(plane, i, Br, j, Bc));
        a.softmax_apply(p, m, l);
        Tile v = a.load(t_.v.block(plane, j, Bc, c, nest_.out_cols));  // [out_keys, out_cols]
        a.matmul_acc(o, p, v, w_.dtype);
      }
      a.store(o, out);
    }
  }

  /// Whole rows of scores.
  Task kept(Emitter& em, GridIndex at) const {
    const Index i = at[0];
    const Index plane = at[1];
    const std::int64_t Nk = w_.seqlen_kv;
    Agent a = em.agent();
    Tile s = a.fill(Role::accumulator, t_.q.block(plane, i, nest_.Br).rows, Nk, DType::f32, 0);
    {
      Loop columns(em, all_blocks(ceil_div(w_.head_dim, nest_.depth)));
      for (Index z; co_await columns.next(z);) add_product(a, s, plane, i, 0, z);
    }
    if (w_.masked()) a.hide(s, mask_.tile(plane, i, nest_.Br, 0, Nk));
    {
      const Agent::LocalStats row = a.softmax_local(s);
      a.div_rows(s, row.l);
    }
    Loop columns(em, all_blocks(ceil_div(w_.head_dim_v, nest_.out_cols)));
    for (Index c; co_await columns.next(c);) {
      const Region out = t_.o.block(plane, i, nest_.Br, c, nest_.out_cols);
      Tile o = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);
      Tile v = a.load(t_.v.block(plane, 0, Nk, c, nest_.out_cols));  // [Nk, out_cols]
      a.matmul_acc(o, s, v, w_.dtype);
      a.store(o, out);
    }
  }

 private:
  static constexpr std::uint8_t kStays = 1;

  struct KeyBlock {
    Tile k, v;
  };

  double scale() const { return 1.0 / std::sqrt(static_cast<double>(w_.head_dim)); }

  void add_lse(std::int64_t planes, std::int64_t rows) {
    l_ = program_.add({"L", TensorRole::lse, DType::f32, planes, rows, 1, w_.group()});
  }

  /// The key blocks of a group that stay.
  std::vector<KeyBlock> load_group(Agent& a, Index plane, std::int64_t group) const {
    const std::int64_t first = group * nest_.held_blocks;
    const std::int64_t end = std::min(first + nest_.held_blocks, ceil_div(w_.seqlen_kv, nest_.Bc));
    std::vector<KeyBlock> out;
    for (std::int64_t j = first; j < end; ++j) {
      Tile k = a.load(t_.k.block(plane, j, nest_.Bc));
      out.push_back({std::move(k), a.load(t_.v.block(plane, j, nest_.Bc))});
    }
    return out;
  }

  /// The key blocks that row block i sees and that do not stay.
  std::vector<Run> streamed(Index plane, Index i) const {
    if (nest_.key_groups) return {};
    if (w_.masked()) return mask_.key_blocks(plane, i, nest_.Br, nest_.Bc);
    return {{.begin = nest_.held_blocks, .end = ceil_div(w_.seqlen_kv, nest_.Bc)}};
  }

  /// s += columns z of Q_i K_j^T, both from memory.
  void add_product(Agent& a, Tile& s, Index plane, Index i, Index j, Index z) const {
    Tile q = a.load(t_.q.block(plane, i, nest_.Br, z, nest_.depth));  // [Br, depth]
    Tile k = a.load(t_.k.block(plane, j, nest_.Bc, z, nest_.depth));  // [Bc, depth]
    a.matmul_acc(s, q, transposed(k), w_.dtype, scale());
  }

  const Workload w_;
  const AttentionMask mask_;
  const Tiles model_;
  AttentionNest nest_;
  AttentionTensors t_;
  Tensor s_, l_;
};

ATTNSIM_REGISTER_ALGORITHM("tiled_attention", [] {
  return Algorithm{info(), plan_schedule<TiledAttention>};
});

}  // namespace
}  // namespace attnsim
