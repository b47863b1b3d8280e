// FlashAttention-2's forward nest, which moves one tile too many or too few where it is asked to.
// Linked into a program of its own, so that attnsim's verdicts on such an algorithm can be seen.
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {.id = "one_tile_off",
          .summary = "fused attention with a defect",
          .source = "a mutant of Dao 2023, arXiv 2307.08691, Algorithm 1",
          .tiles = {{"Br", "query rows of a block"}, {"Bc", "keys of a block"}},
          .params = {{.name = "defect",
                      .type = ParamType::choice,
                      .default_value = "none",
                      .doc = "load the first key tile twice, or leave it out, in the second block "
                             "of rows",
                      .choices = {"none", "one_more", "one_less"}}}};
}

class Tiles final : public RowKeyTiles {
 public:
  using RowKeyTiles::RowKeyTiles;

  TileSizes paper() const override { return rows_outside_sizes(target_, w_.head_dim, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Br, w_.head_dim},
            {Role::operand, w_.dtype, Bc, 2 * w_.head_dim + w_.head_dim_v},
            {Role::accumulator, DType::f32, Br, w_.head_dim_v + Bc},
            {Role::vector, DType::f32, Br, 2}};
  }

  /// Of the nest without defect.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    return {{.tensor = "Q", .dtype = w_.dtype, .read = rows() * d()},
            {.tensor = "K", .dtype = w_.dtype, .read = v.columns * d()},
            {.tensor = "V", .dtype = w_.dtype, .read = v.columns * dv()},
            {.tensor = "O", .dtype = w_.dtype, .written = rows() * dv()}};
  }
};

class OneTileOff final : public Schedule {
 public:
  explicit OneTileOff(const PlanRequest& r)
      : w_(r.workload),
        defect_(r.choice.params.choice("defect")),
        mask_(w_),
        model_(w_, r.target),
        sizes_(choose_nest(r, model_)) {
    t_ = add_attention_tensors(program_, w_);
    program_.add_kernel<&OneTileOff::forward>(
        *this, "attention",
        {{"i", ceil_div(w_.seqlen_q, sizes_.first)}, {"plane", w_.query_planes()}});
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(sizes_); }
  ClosedForm closed_form() const override { return model_.closed_form(sizes_); }

  Task forward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = sizes_;
    const Index i = at[0];
    const Index plane = at[1];
    const Index kv_plane = t_.kv_plane(plane);
    std::vector<Run> blocks = mask_.key_blocks(plane, i, Br, Bc);
    const bool is_off = i.value() == 1 && !blocks.empty();
    Agent a = em.agent();
    Tile q = a.load(t_.q.block(plane, i, Br));
    Tile acc = a.fill(Role::accumulator, q.rows(), w_.head_dim_v, DType::f32, 0);
    Tile m = a.fill(Role::vector, q.rows(), 1, DType::f32, kMinusInfinity);
    Tile l = a.fill(Role::vector, q.rows(), 1, DType::f32, 0);
    if (is_off && defect_ == "one_more") {
      const Tile unused = a.load(t_.k.block(kv_plane, blocks.front().begin, Bc));
    }
    if (is_off && defect_ == "one_less") ++blocks.front().begin;
    {
      Loop keys(em, std::move(blocks));
      for (Index j; co_await keys.next(j);) {
        Tile k = a.load(t_.k.block(kv_plane, j, Bc));
        Tile v = a.load(t_.v.block(kv_plane, j, Bc));
        Tile s = a.matmul(q, transposed(k), w_.dtype, scale_);
        if (keys.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, Br, j, Bc));
        a.online_softmax(s, m, l, acc);
        a.matmul_acc(acc, s, v, w_.dtype);
      }
    }
    a.div_rows(acc, l);
    a.store(acc, t_.o.block(plane, i, Br));
  }

 private:
  const Workload w_;
  const std::string defect_;
  const AttentionMask mask_;
  const Tiles model_;
  const TileSizes sizes_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  AttentionTensors t_;
};

ATTNSIM_REGISTER_ALGORITHM("one_tile_off", [] {
  return Algorithm{info(), plan_schedule<OneTileOff>};
});

}  // namespace
}  // namespace attnsim
