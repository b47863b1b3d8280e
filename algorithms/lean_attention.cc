// LeanAttention: Sanovar et al., arXiv 2405.10480. Stream-K for attention: the key blocks of all
// heads stand in one list, which is dealt out evenly to as many CTAs as run at once, wherever heads
// begin and end. Who gets the first block of a head is its host and merges what the others found.
//
//     CTA c, for each piece of its part of the list: load Q_i; O = 0, l = 0, m = -inf
//       for j of the piece: load K_j, V_j; S = Q_i K_j^T; online softmax of S; O += P V_j
//       not host: store O, m, l in the slot of c
//       host: O = O / l; for each further CTA of this head: load its O, m, l; merge them into O, m,
//       l
//             store O and L = m + log l
//
// A CTA begins with the rest of a head that others have begun, and hosts the heads after it: what a
// host merges was stored at the start of other CTAs, but for CTAs that have no other head, which
// end when it does. Tasks are numbered from the last CTA to the first, so that they depend on
// earlier ones only; a host's wait for CTAs that run beside it takes no time here.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "sim/trace/algorithm.h"
#include "sim/trace/splits.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "lean_attention",
      .summary = "few query rows: key blocks of all heads dealt out evenly, merged by hosts",
      .source = "Sanovar et al. 2024, arXiv 2405.10480; lean_api.cc of ONNX Runtime",
      .tiles = {{"Br", "query rows of a block, of all heads that share K and V"},
                {"Bc", "keys of a block"}},
      .params = {{.name = "ctas",
                  .type = ParamType::integer,
                  .unit = "CTAs",
                  .default_value = "0",
                  .doc = "that the blocks are dealt out to; 0: as the released kernel, two to a "
                         "core where there are enough blocks",
                  .minimum = 0,
                  .maximum = std::int64_t{1} << 20}},
  };
}

/// get_num_splits_and_buffer_sizes of ONNX Runtime's lean_api.cc, for blocks of `row_blocks` row
/// blocks (of all heads) that see up to `keys` key blocks each.
std::int64_t released_ctas(std::int64_t cores, std::int64_t blocks, std::int64_t row_blocks,
                           std::int64_t keys) {
  constexpr std::int64_t kPlacesPerCore = 2;
  constexpr std::int64_t kMostOfAHead = 32;
  std::int64_t ctas = kPlacesPerCore * cores;
  if (blocks <= 2 * ctas) {
    ctas = std::min(ceil_div(blocks, 2), ceil_div(kMostOfAHead * blocks, keys));
  } else {
    ctas = std::min(ctas, kMostOfAHead * row_blocks);
  }
  return std::clamp<std::int64_t>(ctas, 1, blocks);
}

class LeanTiles final : public RowKeyTiles {
 public:
  LeanTiles(const Workload& w, const Target& target, std::int64_t asked)
      : RowKeyTiles(w, target, w.group()), band_(band_of(w, w.group())), asked_(asked) {}

  /// The LeanTile of ONNX Runtime's lean_fwd_launch_template.h.
  std::optional<TileSizes> released() const override {
    const bool half = w_.dtype == DType::f16 || w_.dtype == DType::bf16;
    const std::string& arch = target_.arch();
    const bool ampere = arch.starts_with("sm") && arch != "sm70" && arch != "sm75";  // or later
    if (!half || !ampere || w_.head_dim != w_.head_dim_v || w_.head_dim > 256) {
      return std::nullopt;
    }
    return TileSizes{64, w_.head_dim <= 64 ? 256 : w_.head_dim <= 128 ? 128 : 64};
  }

  /// There is no formula; these are FlashAttention's, whose loops a piece has.
  TileSizes paper() const override { return rows_outside_sizes(target_, w_.head_dim, limits()); }

  /// Other blocks are dealt out otherwise.
  bool second_only_helps() const override { return false; }
  std::uint64_t closed_form_cost() const override { return 64; }

  std::vector<TileShape> footprint(TileSizes t) const override {
    std::vector<TileShape> piece = online_softmax_footprint(t);
    if (pieces(t) == 0) return piece;
    return target_.peak(
        {piece,
         {{Role::accumulator, DType::f32, t.first, 2 * w_.head_dim_v},  // O and that of another CTA
          {Role::vector, DType::f32, t.first, 4}}});                    // m, l and its
  }

  Deal deal(TileSizes t) const {
    const std::int64_t planes = w_.kv_planes();
    const std::int64_t row_blocks = ceil_div(limits().first, t.first);
    const std::int64_t blocks = planes * before(t, row_blocks);
    const std::int64_t ctas = asked_ != 0
                                  ? std::min(asked_, blocks)
                                  : released_ctas(target_.cores(), blocks, planes * row_blocks,
                                                  ceil_div(w_.seqlen_kv, t.second));
    return {blocks, ctas};
  }

  /// As FlashAttention-2, and Q, O, m and l once more for each row block that goes on in a further
  /// CTA: for each CTA whose part does not begin with a row block.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    const std::uint64_t further = static_cast<std::uint64_t>(pieces(t));
    return {
        {.tensor = "Q", .dtype = w_.dtype, .read = (v.seeing_rows + further) * d()},
        {.tensor = "K", .dtype = w_.dtype, .read = v.columns * d()},
        {.tensor = "V", .dtype = w_.dtype, .read = v.columns * dv()},
        {.tensor = "O", .dtype = w_.dtype, .written = rows() * dv()},
        {.tensor = "L", .dtype = DType::f32, .written = rows()},
        {.tensor = "O_cta", .dtype = DType::f32, .read = further * dv(), .written = further * dv()},
        {.tensor = "m_cta", .dtype = DType::f32, .read = further, .written = further},
        {.tensor = "l_cta", .dtype = DType::f32, .read = further, .written = further}};
  }

 private:
  /// Blocks in the list of a head before row block i: those that its rows see, one where they see
  /// none.
  std::int64_t before(TileSizes t, std::int64_t i) const {
    if (i == 0) return 0;
    const auto tiles = [&](std::int64_t rows) {
      Band band = band_;
      band.rows = rows;
      return static_cast<std::int64_t>(visited_tiles(band, t.first, t.second));
    };
    const std::int64_t whole = (i - 1) * t.first;  // rows before the last of these blocks
    Band band = band_;
    band.rows = whole;
    const std::int64_t blind =
        whole == 0 ? 0 : i - 1 - static_cast<std::int64_t>(seeing_rows(band, t.first)) / t.first;
    const std::int64_t seen = whole == 0 ? 0 : tiles(whole);
    const std::int64_t last = tiles(std::min(i * t.first, band_.rows)) - seen;
    return seen + blind + std::max<std::int64_t>(1, last);
  }

  /// Rows of the row blocks in whose middle a CTA begins, once for each such CTA.
  std::int64_t pieces(TileSizes t) const {
    const std::int64_t row_blocks = ceil_div(limits().first, t.first);
    const std::int64_t of_head = before(t, row_blocks);
    const Deal deal = this->deal(t);
    std::int64_t rows = 0;
    for (std::int64_t cta = 1; cta < deal.ctas; ++cta) {
      const std::int64_t at = deal.begin(cta) % of_head;
      std::int64_t low = 0;  // the last row block that begins at or before it
      for (std::int64_t high = row_blocks; high - low > 1;) {
        const std::int64_t middle = (low + high) / 2;
        (before(t, middle) <= at ? low : high) = middle;
      }
      if (before(t, low) != at) rows += std::min(t.first, limits().first - low * t.first);
    }
    return rows;
  }

  Band band_;
  std::int64_t asked_;
};

class LeanAttention final : public Schedule {
 public:
  explicit LeanAttention(const PlanRequest& r)
      : w_(r.workload),
        mask_(w_, w_.group()),
        model_(w_, r.target, r.choice.params.integer("ctas")),
        sizes_(choose_nest(r, model_)),
        deal_(model_.deal(sizes_)) {
    t_ = add_attention_tensors(program_, w_, w_.group());
    const std::int64_t rows = mask_.rows();
    l_ = program_.add({"L", TensorRole::lse, DType::f32, t_.q.planes(), rows, 1, w_.group()});
    const std::int64_t most = std::min(sizes_.first, rows);
    constexpr auto kRole = TensorRole::workspace;
    o_cta_ = program_.add({"O_cta", kRole, DType::f32, deal_.ctas, most, w_.head_dim_v});
    m_cta_ = program_.add({"m_cta", kRole, DType::f32, deal_.ctas, most, 1});
    l_cta_ = program_.add({"l_cta", kRole, DType::f32, deal_.ctas, most, 1});
    for (std::int64_t i = 0; i * sizes_.first < rows; ++i) {
      begins_.push_back(of_head_);
      of_head_ += std::max<std::int64_t>(1, seen(i).size());
    }
    program_.add_kernel<&LeanAttention::run>(*this, "lean_attention", {{"cta", deal_.ctas}})
        .launch = {
        .threads = 128, .registers = 255, .layout = WarpLayout::rows, .least_rows = sizes_.first};
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(sizes_); }
  ClosedForm closed_form() const override { return model_.closed_form(sizes_); }
  std::optional<Density> density() const override { return model_.density(sizes_); }

  Task run(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = sizes_;
    const std::int64_t cta = deal_.ctas - 1 - at[0].value();
    Agent a = em.agent();
    for (Piece piece = piece_at(deal_.begin(cta), cta); piece.size > 0;
         piece = piece_at(piece.begin + piece.size, cta)) {
      const Index plane(piece.plane);
      const Index i(piece.i);
      const Region o = t_.o.block(plane, i, Br);
      Tile acc = a.fill(Role::accumulator, o.rows, w_.head_dim_v, DType::f32, 0);  // [Br, dv]
      Tile m = a.fill(Role::vector, o.rows, 1, DType::f32, kMinusInfinity);        // [Br, 1]
      Tile l = a.fill(Role::vector, o.rows, 1, DType::f32, 0);                     // [Br, 1]
      const std::vector<Run> blocks = key_blocks(piece);
      if (!blocks.empty()) {
        Tile q = a.load(t_.q.block(plane, i, Br));  // [Br, d]
        Loop loop(em, blocks);
        for (Index j; co_await loop.next(j);) {
          Tile k = a.load(t_.k.block(plane, j, Bc));              // [Bc, d]
          Tile v = a.load(t_.v.block(plane, j, Bc));              // [Bc, dv]
          Tile s = a.matmul(q, transposed(k), w_.dtype, scale_);  // [Br, Bc]
          if (loop.kind() != TileKind::full) a.band(s, mask_.band(i, Br, j, Bc));
          a.online_softmax(s, m, l, acc);
          a.matmul_acc(acc, s, v, w_.dtype);
        }
      }
      if (!piece.host) {
        a.store(acc, slot(o_cta_, cta, o.rows));
        a.store(m, slot(m_cta_, cta, o.rows));
        a.store(l, slot(l_cta_, cta, o.rows));
        continue;
      }
      a.div_rows(acc, l);
      if (piece.last_cta > cta) {
        Loop others(em, {{.begin = cta + 1, .end = piece.last_cta + 1}});
        for (Index c; co_await others.next(c);) {
          Tile o_c = a.load(slot(o_cta_, c, o.rows), Role::accumulator);  // [Br, dv]
          Tile m_c = a.load(slot(m_cta_, c, o.rows), Role::vector);       // [Br, 1]
          Tile l_c = a.load(slot(l_cta_, c, o.rows), Role::vector);       // [Br, 1]
          a.merge_stats(m, l, m_c, l_c);
          a.scale_rows(acc, m_c);
          a.add_scaled(acc, o_c, l_c);
        }
      }
      a.lse(m, l);
      a.store(acc, o);
      a.store(m, l_.block(plane, i, Br));
    }
  }

 private:
  /// What a CTA has of one row block.
  struct Piece {
    std::int64_t begin = 0, size = 0;  // in the list of all blocks; size 0: nothing is left
    std::int64_t plane = 0, i = 0;
    std::int64_t first = 0;     // of the row block's blocks
    std::int64_t last_cta = 0;  // that has blocks of it
    bool host = false;
  };

  /// The piece of `cta` that begins at `block` of the list.
  Piece piece_at(std::int64_t block, std::int64_t cta) const {
    const std::int64_t end = deal_.begin(cta + 1);
    if (block >= end) return {};
    const std::int64_t of_plane = block % of_head_;
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), of_plane);
    const std::int64_t row_block_ends =
        block - of_plane + (next == begins_.end() ? of_head_ : *next);
    const std::int64_t first = of_plane - *(next - 1);
    return {.begin = block,
            .size = std::min(end, row_block_ends) - block,
            .plane = block / of_head_,
            .i = next - 1 - begins_.begin(),
            .first = first,
            .last_cta = deal_.owner(row_block_ends - 1),
            .host = first == 0};
  }

  /// The key blocks that row block i sees, which follow each other.
  Run seen(std::int64_t i) const {
    const std::vector<Run> runs = mask_.key_blocks(i, sizes_.first, sizes_.second);
    return runs.empty() ? Run{} : Run{.begin = runs.front().begin, .end = runs.back().end};
  }

  std::vector<Run> key_blocks(const Piece& piece) const {
    const std::int64_t begin = seen(piece.i).begin + piece.first;
    std::vector<Run> runs =
        within(mask_.key_blocks(piece.i, sizes_.first, sizes_.second), begin, begin + piece.size);
    std::erase_if(runs, [](const Run& run) { return run.begin >= run.end; });
    return runs;
  }

  static Region slot(const Tensor& of, Index cta, std::int64_t rows) {
    return of.region(cta, 0, rows, 0, of.cols());
  }

  const Workload w_;
  const AttentionMask mask_;
  const LeanTiles model_;
  const TileSizes sizes_;
  const Deal deal_;
  std::vector<std::int64_t> begins_;  // of each row block, in the list of a head
  std::int64_t of_head_ = 0;          // blocks in it
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));  // of the scores
  AttentionTensors t_;
  Tensor l_, o_cta_, m_cta_, l_cta_;
};

ATTNSIM_REGISTER_ALGORITHM("lean_attention", [] {
  return Algorithm{info(), plan_schedule<LeanAttention>};
});

}  // namespace
}  // namespace attnsim
