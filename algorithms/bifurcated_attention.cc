// Bifurcated attention: Athiwaratkun et al., arXiv 2403.08845. Sequences of a batch that begin with
// the same keys (the workload's prefix) share these in memory. Products are cut in two there: those
// with the prefix take the query rows of the whole batch as the rows of one matrix, so that K and V
// of the prefix are read for all of them together.
//
//     per KV head:  Q' = rows of Q of all sequences, stacked
//                   S_c = Q' K_c^T
//     per sequence and KV head:  S_d = Q K_d^T
//     [P_c | P_d] = softmax([S_c | S_d]) by rows
//     per KV head:  O_c = P_c V_c
//     per sequence and KV head:  O = O_c + P_d V_d
//
// Nothing is fused, as in the authors' code: scores and probabilities lie in memory, and masks are
// applied as the softmax reads. Its kernel goes through each row twice.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "sim/trace/algorithm.h"
#include "sim/trace/softmax_kernels.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "bifurcated_attention",
      .summary = "unfused attention to keys of a shared prefix and to own keys, in two products",
      .source = "Athiwaratkun et al. 2024, arXiv 2403.08845; blocked matrix products",
      .tiles = {{"b", "rows and columns of an output block"},
                {"bk", "depth of a step of the matrix products"}},
      .params = {},
  };
}

class BifurcatedTiles final : public TileModel {
 public:
  BifurcatedTiles(const Workload& w, const Target& target) : w_(w), target_(target) {}

  std::int64_t own() const { return w_.seqlen_kv - w_.prefix; }   // keys
  std::int64_t rows() const { return w_.seqlen_q * w_.group(); }  // of a sequence and KV head
  std::int64_t stacked() const { return w_.batch * rows(); }      // of a KV head

  TileSizes limits() const override {
    const std::int64_t keys = std::max(w_.prefix, own());
    return {std::max({stacked(), keys, w_.head_dim_v}), std::max(w_.head_dim, keys)};
  }

  /// Of NVIDIA's library for 16-bit operands.
  std::optional<TileSizes> released() const override {
    const bool half = w_.dtype == DType::f16 || w_.dtype == DType::bf16;
    if (!half || !target_.arch().starts_with("sm")) return std::nullopt;
    return TileSizes{128, 64};
  }

  TileSizes paper() const override { return square_block_sizes(target_, limits()); }

  /// Of a matrix product; the softmax kernel takes what fits of a row.
  std::vector<TileShape> footprint(TileSizes t) const override {
    return ProductKernel::footprint(w_.dtype, t.first, t.second);
  }

  bool second_only_helps() const override { return true; }
  std::uint64_t iterations(TileSizes t) const override {
    const std::int64_t b = t.first;
    const std::int64_t bk = t.second;
    const auto of = [&](std::int64_t planes, std::int64_t n_rows, std::int64_t keys) {
      return planes * ceil_div(n_rows, b) *
             (ceil_div(keys, b) * ceil_div(w_.head_dim, bk) +
              ceil_div(w_.head_dim_v, b) * ceil_div(keys, bk));
    };
    return static_cast<std::uint64_t>(of(w_.kv_heads, stacked(), w_.prefix) +
                                      of(w_.kv_planes(), rows(), own()));
  }

  /// Each product moves a factor once per block of the other side; the softmax reads S twice.
  ClosedForm closed_form(TileSizes t) const override {
    ClosedForm form;
    if (w_.prefix > 0) {
      const std::uint64_t queries = all_rows() * count(w_.head_dim);
      const std::uint64_t outputs = all_rows() * count(w_.head_dim_v);
      form =
          sum(product(t, {"Q_stacked", "K_prefix", "V_prefix", "S_prefix", "P_prefix"}, w_.kv_heads,
                      stacked(), w_.prefix),
              {{.tensor = "Q", .dtype = w_.dtype, .read = queries},
               {.tensor = "Q_stacked", .dtype = w_.dtype, .written = queries},
               {.tensor = "O_prefix", .dtype = DType::f32, .read = outputs, .written = outputs}});
    }
    if (own() > 0) {
      form = sum(std::move(form),
                 product(t, {"Q", "K", "V", "S", "P"}, w_.kv_planes(), rows(), own()));
    }
    return sum(std::move(form),
               {{.tensor = "O", .dtype = w_.dtype, .written = all_rows() * count(w_.head_dim_v)}});
  }

 private:
  struct Names {
    const char *q, *k, *v, *s, *p;
  };

  static std::uint64_t count(std::int64_t n) { return static_cast<std::uint64_t>(n); }
  std::uint64_t all_rows() const { return count(w_.seqlen_q * w_.query_planes()); }

  /// The scores of `keys` keys, their softmax, and what the output reads of them.
  ClosedForm product(TileSizes t, const Names& names, std::int64_t planes, std::int64_t n_rows,
                     std::int64_t keys) const {
    const std::uint64_t scores = count(planes * n_rows * keys);
    const std::uint64_t by_row = count(planes * keys * ceil_div(n_rows, t.first));
    const std::uint64_t by_key = count(planes * n_rows * ceil_div(keys, t.first));
    const std::uint64_t by_column = count(ceil_div(w_.head_dim_v, t.first));
    return {{.tensor = names.q, .dtype = w_.dtype, .read = by_key * count(w_.head_dim)},
            {.tensor = names.k, .dtype = w_.dtype, .read = by_row * count(w_.head_dim)},
            {.tensor = names.v, .dtype = w_.dtype, .read = by_row * count(w_.head_dim_v)},
            {.tensor = names.s, .dtype = w_.dtype, .read = 2 * scores, .written = scores},
            {.tensor = names.p, .dtype = w_.dtype, .read = scores * by_column, .written = scores}};
  }

  const Workload& w_;
  const Target& target_;
};

class BifurcatedAttention final : public Schedule {
 public:
  explicit BifurcatedAttention(const PlanRequest& r)
      : w_(r.workload),
        mask_(w_, w_.group()),
        model_(w_, r.target),
        sizes_(choose_nest(r, model_)),
        rows_(model_.rows()),
        own_(model_.own()),
        chunk_(softmax_pieces(r.target, w_.seqlen_kv, 1).cols) {
    declare_tensors();
    const auto [b, bk] = sizes_;
    if (w_.prefix > 0) {
      program_.add_kernel<&BifurcatedAttention::stack>(*this, "stack_queries", over_sequences());
      launched(prefix_scores_.add_to(
          program_, {"prefix_scores", {q_stacked_}, {k_c_, true}, s_c_, w_.dtype, scale_}, b, bk));
    }
    if (own_ > 0) {
      launched(
          own_scores_.add_to(program_, {"scores", {q_}, {k_, true}, s_, w_.dtype, scale_}, b, bk));
    }
    program_.add_kernel<&BifurcatedAttention::softmax>(
        *this, "softmax", {{"row", rows_}, {"sequence", w_.batch}, {"kv_head", w_.kv_heads}});
    if (w_.prefix > 0) {
      launched(prefix_output_.add_to(program_, {"prefix_output", {p_c_}, {v_c_}, o_c_, w_.dtype}, b,
                                     bk));
    }
    launched(program_.add_kernel<&BifurcatedAttention::output>(*this, "output",
                                                               {{"x", ceil_div(rows_, b)},
                                                                {"y", ceil_div(w_.head_dim_v, b)},
                                                                {"sequence", w_.batch},
                                                                {"kv_head", w_.kv_heads}}));
  }

  ClosedForm closed_form() const override { return model_.closed_form(sizes_); }

  Task stack(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    const std::int64_t head = at[1].value();
    Loop loop(em, {Run{.begin = 0, .end = rows_}});
    for (Index r; co_await loop.next(r);) {
      const Tile q = a.load(q_.block(at[0] * w_.kv_heads + head, r, 1));
      a.store(q, q_stacked_.block(head, r + at[0].value() * rows_, 1));
    }
  }

  /// One row: its scores of the prefix, then those of the keys after it.
  Task softmax(Emitter& em, GridIndex at) const {
    const Index row = at[0];
    const std::int64_t head = at[2].value();
    const std::int64_t sequence = at[1].value();
    const std::int64_t plane = sequence * w_.kv_heads + head;
    const Index stacked = row + sequence * rows_;
    const std::vector<Run> of_prefix = all_blocks(ceil_div(w_.prefix, chunk_));
    const std::vector<Run> of_own = all_blocks(ceil_div(own_, chunk_));

    Agent a = em.agent();
    Tile m = a.fill(Role::vector, 1, 1, DType::f32, kMinusInfinity);
    Tile l = a.fill(Role::vector, 1, 1, DType::f32, 0);
    for (int pass = 0; pass < 2; ++pass) {  // statistics, then probabilities
      const bool apply = pass == 1;
      {
        Loop loop(em, of_prefix);
        for (Index c; co_await loop.next(c);) {
          Tile s = a.load(s_c_.block(head, stacked, 1, c, chunk_), Role::vector);
          if (w_.masked()) a.band(s, mask_.band(row, 1, c, chunk_));
          step(a, s, m, l, apply);
          if (apply) a.store(s, p_c_.block(head, stacked, 1, c, chunk_));
        }
      }
      Loop loop(em, of_own);
      for (Index c; co_await loop.next(c);) {
        Tile s = a.load(s_.block(plane, row, 1, c, chunk_), Role::vector);
        if (w_.masked()) a.band(s, after_prefix(mask_.band(row, 1, c, chunk_)));
        step(a, s, m, l, apply);
        if (apply) a.store(s, p_.block(plane, row, 1, c, chunk_));
      }
    }
  }

  /// One block of O of a sequence: what the prefix gave, and P_d V_d.
  Task output(Emitter& em, GridIndex at) const {
    const auto [b, bk] = sizes_;
    const std::int64_t head = at[3].value();
    const std::int64_t sequence = at[2].value();
    const std::int64_t plane = sequence * w_.kv_heads + head;
    const Region out = o_.block(plane, at[0], b, at[1], b);

    Agent a = em.agent();
    Tile acc = w_.prefix > 0 ? a.load(o_c_.region(head, sequence * rows_ + at[0].value() * b,
                                                  out.rows, out.col, out.cols),
                                      Role::accumulator)
                             : a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);
    {
      Loop loop(em, all_blocks(ceil_div(own_, bk)));
      for (Index z; co_await loop.next(z);) {
        Tile p = a.load(p_.block(plane, at[0], b, z, bk));
        Tile v = a.load(v_.block(plane, z, bk, at[1], b));
        a.matmul_acc(acc, p, v, w_.dtype);
      }
    }
    a.store(acc, out);
  }

 private:
  std::vector<GridDim> over_sequences() const {
    return {{"sequence", w_.batch}, {"kv_head", w_.kv_heads}};
  }

  static void launched(Kernel& kernel) {
    kernel.launch = {.threads = 128, .registers = 255, .double_buffered = true};
  }

  static void step(Agent& a, Tile& s, Tile& m, Tile& l, bool apply) {
    if (apply) {
      a.softmax_apply(s, m, l);
    } else {
      a.softmax_stats(s, m, l);
    }
  }

  /// The band of a tile whose keys are counted from the end of the prefix on.
  LocalBand after_prefix(LocalBand band) const {
    band.lo -= static_cast<std::int32_t>(w_.prefix);
    band.hi -= static_cast<std::int32_t>(w_.prefix);
    return band;
  }

  void declare_tensors() {
    const std::int64_t planes = w_.kv_planes();
    const std::int64_t heads = w_.kv_heads;
    const std::int64_t stacked = model_.stacked();
    const std::int64_t d = w_.head_dim;
    const std::int64_t dv = w_.head_dim_v;
    const DType dtype = w_.dtype;
    constexpr auto kWorkspace = TensorRole::workspace;
    q_ = program_.add({"Q", TensorRole::query, dtype, planes, rows_, d, w_.group()});
    if (w_.prefix > 0) {
      k_c_ = program_.add({"K_prefix", TensorRole::prefix_key, dtype, heads, w_.prefix, d});
      v_c_ = program_.add({"V_prefix", TensorRole::prefix_value, dtype, heads, w_.prefix, dv});
      q_stacked_ = program_.add({"Q_stacked", kWorkspace, dtype, heads, stacked, d});
      s_c_ = program_.add({"S_prefix", kWorkspace, dtype, heads, stacked, w_.prefix});
      p_c_ = program_.add({"P_prefix", kWorkspace, dtype, heads, stacked, w_.prefix});
      o_c_ = program_.add({"O_prefix", kWorkspace, DType::f32, heads, stacked, dv});
    }
    if (own_ > 0) {
      k_ = program_.add({"K", TensorRole::key, dtype, planes, own_, d});
      v_ = program_.add({"V", TensorRole::value, dtype, planes, own_, dv});
      s_ = program_.add({"S", kWorkspace, dtype, planes, rows_, own_});
      p_ = program_.add({"P", kWorkspace, dtype, planes, rows_, own_});
    }
    o_ = program_.add({"O", TensorRole::output, dtype, planes, rows_, dv, w_.group()});
  }

  const Workload w_;
  const AttentionMask mask_;
  const BifurcatedTiles model_;
  const TileSizes sizes_;
  const std::int64_t rows_;   // of a sequence and KV head
  const std::int64_t own_;    // keys after the prefix
  const std::int64_t chunk_;  // of a row of scores that the softmax holds
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  Tensor q_, k_, v_, o_, s_, p_;                    // of each sequence
  Tensor q_stacked_, k_c_, v_c_, s_c_, p_c_, o_c_;  // of all together
  ProductKernel prefix_scores_, own_scores_, prefix_output_;
};

ATTNSIM_REGISTER_ALGORITHM("bifurcated_attention", [] {
  return Algorithm{info(), plan_schedule<BifurcatedAttention>};
});

}  // namespace
}  // namespace attnsim
