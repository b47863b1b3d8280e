// FlashAttention-3: Shah et al., arXiv 2407.08608. Forward, Algorithms 1 and 2, as released
// (flash-attention, hopper/): a producer loads, up to three consumer warpgroups of 64 query rows
// compute, and the key blocks are walked from the last to the first, so that masked ones come
// first.
//
//     producer, for a query block i: load Q_i
//       for j: load K_j, then V of the block before j, each into the next slot of its ring
//     warpgroup w, its rows of Q_i: O = 0, l = 0, m = -inf
//       for j: S = Q_w K_j^T; O += P V of the block before j
//              online softmax of S into (m, l) gives P and f; O = f O
//       O += P V of the last block; store O / l and L = m + log l
//
// So the second product of a block runs beside the softmax of the next one. Without `intra_overlap`
// an iteration finishes its own block, and V_j follows K_j.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

constexpr std::int64_t kMatrixRows = 64;     // of one warpgroup-wide product (wgmma)
constexpr std::int64_t kMostWarpgroups = 3;  // consumers; with the producer 512 threads
constexpr std::int64_t kWarpgroupThreads = 128;

AlgorithmInfo info() {
  return {
      .id = "flash_attention_3",
      .summary = "FlashAttention-2's nest with a producer, warpgroups and overlapped products",
      .source = "Shah et al. 2024, arXiv 2407.08608, Algorithms 1 and 2",
      .tiles = {{"Br", "query rows of a block"}, {"Bc", "keys of a block"}},
      .params = {{.name = "stages",
                  .type = ParamType::integer,
                  .unit = "slots",
                  .default_value = "2",
                  .doc = "slots of the ring of K blocks, and of that of V blocks",
                  .minimum = 1,
                  .maximum = 16},
                 {.name = "intra_overlap",
                  .type = ParamType::boolean,
                  .default_value = "true",
                  .doc = "form the scores of the next block before P V of the current one, which "
                         "then runs beside the next softmax"},
                 {.name = "task_order",
                  .type = ParamType::choice,
                  .default_value = "released",
                  .doc = "in which order query blocks are handed out, which only time and caches "
                         "see: under a mask the longest first, or always from the first on",
                  .choices = {"released", "ascending"}},
                 pack_gqa_parameter()},
  };
}

bool fp8(const Workload& w) { return w.dtype == DType::fp8_e4m3 || w.dtype == DType::fp8_e5m2; }

/// A window other than the causal one.
bool local(const Workload& w) {
  return w.window_left || (!w.causal && w.window_right && *w.window_right > 0);
}

struct Released {
  TileSizes tiles;
  bool p_in_scratchpad = false;
};

/// The forward tile table of the released kernel (hopper/tile_size.h); head_dim is rounded up to
/// the next entry. Left out are V heads wider than Q's: they run without overlap, or divided by
/// columns.
std::optional<Released> released_entry(const std::string& arch, const Workload& w) {
  const std::int64_t d = w.head_dim;
  const bool narrow_v = d > 128 && d <= 192 && w.head_dim_v <= 128;
  if (arch != "sm90" || d > 256 || (d != w.head_dim_v && !narrow_v)) return std::nullopt;
  if (fp8(w)) {
    if (d <= 64) return Released{{192, 160}};
    if (d <= 96) return Released{{192, 128}};
    if (d <= 128) return Released{{128, 224}};
    if (d <= 192) return Released{{128, 160}};
    return Released{{128, local(w) ? 64 : 128}};
  }
  if (bits(w.dtype) != 16) return std::nullopt;
  if (d <= 64) return w.masked() ? Released{{192, 128}} : Released{{192, 192}, true};
  if (d <= 96) return Released{{192, local(w) ? 128 : 144}, true};
  if (d <= 128) return Released{{128, w.masked() ? 128 : 176}};
  if (d <= 192) return Released{{128, local(w) ? 96 : narrow_v ? 128 : 112}};
  return Released{{128, local(w) ? 64 : 80}};
}

/// Where P waits for the second product: in registers, but for some of the released tiles.
Role place_of_p(const PlanRequest& r) {
  const auto entry = released_entry(r.target.arch(), r.workload);
  if (!entry || !entry->p_in_scratchpad) return Role::accumulator;
  const auto& [rule, sizes] = r.choice.tiles;
  const bool by_table = rule == TileRule::automatic || rule == TileRule::released;
  const bool same =
      rule == TileRule::explicit_sizes && TileSizes{sizes.at("Br"), sizes.at("Bc")} == entry->tiles;
  return by_table || same ? Role::exchange : Role::accumulator;
}

/// What the released kernel returns for 8-bit operands.
DType output_dtype(const Workload& w) { return fp8(w) ? DType::bf16 : w.dtype; }

class ForwardTiles final : public RowKeyTiles {
 public:
  ForwardTiles(const Workload& w, const Target& target, std::int64_t group, std::int64_t stages,
               Role place_of_p)
      : RowKeyTiles(w, target, group), stages_(stages), place_of_p_(place_of_p) {}

  std::optional<TileSizes> released() const override {
    const auto entry = released_entry(target_.arch(), w_);
    return entry ? std::optional(entry->tiles) : std::nullopt;
  }

  TileSizes paper() const override { return rows_outside_sizes(target_, w_.head_dim, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Br, w_.head_dim},              // Q
            {Role::staging, w_.dtype, stages_ * Bc, w_.head_dim},    // K
            {Role::staging, w_.dtype, stages_ * Bc, w_.head_dim_v},  // V
            {Role::accumulator, DType::f32, Br, w_.head_dim_v},      // O
            {Role::accumulator, DType::f32, Br, Bc},                 // S
            {place_of_p_, w_.dtype, Br, Bc},                         // P
            {Role::vector, DType::f32, Br, 3}};                      // m, l, f
  }

  /// Q and O once, L once; K and V once per query block that sees them, whatever its warpgroups.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    return {{.tensor = "Q", .dtype = w_.dtype, .read = rows() * d()},
            {.tensor = "K", .dtype = w_.dtype, .read = v.columns * d()},
            {.tensor = "V", .dtype = w_.dtype, .read = v.columns * dv()},
            {.tensor = "O", .dtype = output_dtype(w_), .written = rows() * dv()},
            {.tensor = "L", .dtype = DType::f32, .written = rows()}};
  }

 private:
  std::int64_t stages_;
  Role place_of_p_;
};

/// The n-th part of `rows` rows; the last one is clipped.
Region part(Region block, std::int64_t n, std::int64_t rows) {
  block.flat_row += n * rows;
  block.rows = static_cast<std::int32_t>(std::min(rows, block.rows - n * rows));
  return block;
}

/// The mask of the same tile below its first `rows` rows.
LocalBand below(LocalBand band, std::int64_t rows) {
  band.phase += static_cast<std::int32_t>(rows);
  return band;
}

/// The key blocks of a query block in the order of their visits, the first one in a run of its own.
struct Walk {
  static constexpr std::uint8_t kFirst = 1;  // its tag

  explicit Walk(std::vector<Run> ascending) : runs(reversed(std::move(ascending))) {
    std::erase_if(runs, [](const Run& run) { return run.size() <= 0; });
    if (runs.empty()) return;
    last = runs.back().begin;
    Run first = runs.front();
    first.begin = --runs.front().end;
    first.tag = kFirst;
    runs.insert(runs.begin(), first);
  }

  std::vector<Run> runs;
  Index last;  // the last block visited
};

class FlashAttention3 final : public Schedule {
 public:
  explicit FlashAttention3(const PlanRequest& r)
      : w_(r.workload),
        group_(r.choice.params.boolean("pack_gqa") ? w_.group() : 1),
        stages_(static_cast<int>(r.choice.params.integer("stages"))),
        intra_overlap_(r.choice.params.boolean("intra_overlap")),
        place_of_p_(place_of_p(r)),
        mask_(w_, group_),
        model_(w_, r.target, group_, stages_, place_of_p_),
        sizes_(choose_nest(r, model_)),
        warpgroup_rows_(kMatrixRows * ceil_div(sizes_.first, kMatrixRows * kMostWarpgroups)) {
    t_ = add_attention_tensors(program_, w_, group_, false);
    const std::int64_t planes = t_.q.planes();
    t_.o = program_.add(
        {"O", TensorRole::output, output_dtype(w_), planes, mask_.rows(), w_.head_dim_v, group_});
    l_ = program_.add({"L", TensorRole::lse, DType::f32, planes, mask_.rows(), 1, group_});
    const std::int64_t blocks = ceil_div(mask_.rows(), sizes_.first);
    program_
        .add_kernel<&FlashAttention3::forward>(*this, "flash_attention_3_forward",
                                               {{"i", blocks}, {"plane", planes}})
        .launch = launch(blocks, r.choice.params.choice("task_order") == "released");
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(sizes_); }
  ClosedForm closed_form() const override { return model_.closed_form(sizes_); }
  std::optional<Density> density() const override { return model_.density(sizes_); }

  Task forward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = sizes_;
    const Index i = at[0];
    const Index plane = at[1];
    const Index kv_plane = t_.kv_plane(plane);

    Agent producer = em.agent(0);
    Ring keys(producer, stages_, Role::staging, Bc, w_.head_dim, w_.dtype);
    Ring values(producer, stages_, Role::staging, Bc, w_.head_dim_v, w_.dtype);
    std::vector<Warpgroup> groups = start(em, t_.q.block(plane, i, Br));
    const Walk walk(mask_.key_blocks(i, Br, Bc));
    {
      Loop loop(em, walk.runs);
      for (Index j; co_await loop.next(j);) {
        const bool first = loop.tag() == Walk::kFirst;
        Ring::Slot k = keys.acquire();
        producer.load_into(k.tile(), t_.k.block(kv_plane, j, Bc));
        for (Warpgroup& g : groups) {
          g.s = g.agent.matmul(g.q, transposed(k.tile()), w_.dtype, scale_);
        }
        if (intra_overlap_ && !first) {
          add_values(groups, producer, values, t_.v.block(kv_plane, j + 1, Bc));
        }
        if (loop.kind() != TileKind::full) hide(groups, mask_.band(i, Br, j, Bc));
        softmax(groups, first);
        if (!intra_overlap_) add_values(groups, producer, values, t_.v.block(kv_plane, j, Bc));
      }
    }
    if (intra_overlap_ && !walk.runs.empty()) {
      add_values(groups, producer, values, t_.v.block(kv_plane, walk.last, Bc));
    }
    finish(groups, t_.o.block(plane, i, Br), l_.block(plane, i, Br));
  }

 private:
  /// A consumer and its rows of the block.
  struct Warpgroup {
    Agent agent;
    Tile q;          // [rows, d]
    Tile acc, m, l;  // [rows, dv], [rows, 1], [rows, 1]
    // Of the current key block; P may be of the one before.
    Tile s{}, p{}, factor{};  // [rows, Bc], [rows, Bc], [rows, 1]
  };

  std::vector<Warpgroup> start(Emitter& em, const Region& q_block) const {
    std::vector<Warpgroup> groups;
    for (std::int64_t n = 0; n * warpgroup_rows_ < q_block.rows; ++n) {
      Agent a = em.agent(static_cast<int>(n) + 1);
      Tile q = em.agent(0).load(part(q_block, n, warpgroup_rows_));
      const std::int64_t rows = q.rows();
      groups.push_back({.agent = a,
                        .q = std::move(q),
                        .acc = a.fill(Role::accumulator, rows, w_.head_dim_v, DType::f32, 0),
                        .m = a.fill(Role::vector, rows, 1, DType::f32, kMinusInfinity),
                        .l = a.fill(Role::vector, rows, 1, DType::f32, 0)});
    }
    return groups;
  }

  void hide(std::vector<Warpgroup>& groups, const LocalBand& band) const {
    std::int64_t rows = 0;
    for (Warpgroup& g : groups) {
      g.agent.band(g.s, below(band, rows));
      rows += warpgroup_rows_;
    }
  }

  /// S becomes P in the operand's dtype. Warpgroups hold what they need at the same time, so the
  /// tiles of one go only when the others have theirs.
  void softmax(std::vector<Warpgroup>& groups, bool first) const {
    for (Warpgroup& g : groups) g.factor = g.agent.softmax_step(g.s, g.m, g.l);
    for (Warpgroup& g : groups) g.p = g.agent.move(g.s, place_of_p_, w_.dtype);
    for (Warpgroup& g : groups) {
      g.s.drop();
      if (!first) g.agent.scale_rows(g.acc, g.factor);  // O is 0 before
      g.factor.drop();
    }
  }

  /// O += P V.
  void add_values(std::vector<Warpgroup>& groups, Agent producer, Ring& ring,
                  const Region& v_block) const {
    Ring::Slot v = ring.acquire();
    producer.load_into(v.tile(), v_block);
    for (Warpgroup& g : groups) {
      g.agent.matmul_acc(g.acc, g.p, v.tile(), w_.dtype);
      g.p.drop();
    }
  }

  void finish(std::vector<Warpgroup>& groups, const Region& o, const Region& l) const {
    std::int64_t n = 0;
    for (Warpgroup& g : groups) {
      g.agent.div_rows(g.acc, g.l);
      g.agent.lse(g.m, g.l);
      g.agent.store(g.acc, part(o, n, warpgroup_rows_));
      g.agent.store(g.m, part(l, n, warpgroup_rows_));
      ++n;
    }
  }

  /// As the released kernel is launched (hopper/flash_fwd_launch_template.h): one CTA per SM that
  /// stays; under a mask they take the longest blocks first, else pairs share K and V by multicast.
  Launch launch(std::int64_t blocks, bool longest_first) const {
    const std::int64_t consumers = ceil_div(sizes_.first, warpgroup_rows_);
    Launch l;
    l.threads = kWarpgroupThreads * (1 + consumers);
    l.registers = std::min<std::int64_t>(255, 65536 / l.threads / 8 * 8);
    l.warps.assign(static_cast<std::size_t>(1 + consumers), kWarpgroupThreads / 32);
    l.layout = WarpLayout::rows;
    l.asynchronous_matrix = true;
    if (w_.masked()) {
      if (longest_first) l.order = TaskOrder::longest_first;
      l.placement = Placement::persistent_dynamic;
      l.section = planes_in_l2();
      return l;
    }
    l.placement = Placement::persistent_static;
    const bool wide = fp8(w_) ? w_.head_dim > 128 && w_.head_dim <= 192 : w_.head_dim > 96;
    if (wide && blocks % 2 == 0) l.cluster = 2;
    return l;
  }

  /// Planes that are gone through together: a power of two of KV heads that take up 32 MiB, as the
  /// released scheduler has it (hopper/tile_scheduler.hpp).
  std::int64_t planes_in_l2() const {
    const std::int64_t head_bits =
        w_.seqlen_kv * (w_.head_dim + w_.head_dim_v) * static_cast<std::int64_t>(bits(w_.dtype));
    const std::int64_t heads = std::max<std::int64_t>(1, (std::int64_t{32} << 23) / head_bits);
    return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(heads))) *
           (w_.group() / group_);
  }

  const Workload w_;
  const std::int64_t group_;  // query heads packed into one plane
  const int stages_;
  const bool intra_overlap_;
  const Role place_of_p_;
  const AttentionMask mask_;
  const ForwardTiles model_;
  const TileSizes sizes_;
  const std::int64_t warpgroup_rows_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));  // of the scores
  AttentionTensors t_;
  Tensor l_;
};

ATTNSIM_REGISTER_ALGORITHM("flash_attention_3", [] {
  return Algorithm{info(), plan_schedule<FlashAttention3>};
});

}  // namespace
}  // namespace attnsim
