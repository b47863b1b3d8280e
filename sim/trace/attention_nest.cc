#include "sim/trace/attention_nest.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "sim/trace/mask.h"

namespace attnsim {
namespace {

using Scores = AttentionNest::Scores;

std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }

/// In the order of Scores.
constexpr std::string_view kScores[] = {"at_once", "stored", "kept"};

}  // namespace

AlgorithmChoice choice_of(const AttentionNest& nest) {
  AlgorithmChoice choice{.name = "tiled_attention"};
  choice.tiles = {TileRule::explicit_sizes, {{"Br", nest.Br}, {"Bc", nest.Bc}}};
  ParamValues& params = choice.params;
  params.set("scores", std::string(kScores[static_cast<std::size_t>(nest.scores)]));
  if (nest.scores == Scores::at_once) {
    params.set("held_blocks", nest.held_blocks);
    params.set("key_groups", nest.key_groups);
    return choice;
  }
  params.set("depth", nest.depth);
  params.set("out_cols", nest.out_cols);
  if (nest.scores == Scores::kept) return choice;
  params.set("q_columns", nest.q_columns);
  params.set("out_rows", nest.out_rows);
  params.set("out_keys", nest.out_keys);
  return choice;
}

AttentionNest AttentionNest::with_tiles(std::int64_t rows, std::int64_t keys) const {
  AttentionNest out = *this;
  out.Br = rows;
  out.Bc = keys;
  return out;
}

AttentionNest nest_of(const ParamValues& params) {
  const auto* const scores = std::ranges::find(kScores, params.choice("scores"));
  return {.scores = static_cast<Scores>(scores - std::begin(kScores)),
          .held_blocks = params.integer("held_blocks"),
          .key_groups = params.boolean("key_groups"),
          .depth = params.integer("depth"),
          .q_columns = params.integer("q_columns"),
          .out_rows = params.integer("out_rows"),
          .out_cols = params.integer("out_cols"),
          .out_keys = params.integer("out_keys")};
}

NestCosts::NestCosts(const Workload& workload)
    : w_(workload),
      counts_(workload, workload.group()),
      rows_(workload.seqlen_q * workload.group()),
      planes_(u64(workload.kv_planes())) {}

AttentionNest NestCosts::effective(AttentionNest nest) const {
  const auto cut = [](std::int64_t& size, std::int64_t extent) {
    size = std::clamp<std::int64_t>(size, 1, extent);
  };
  cut(nest.Br, rows_);
  cut(nest.Bc, w_.seqlen_kv);
  cut(nest.depth, w_.head_dim);
  cut(nest.out_rows, rows_);
  cut(nest.out_cols, w_.head_dim_v);
  cut(nest.out_keys, w_.seqlen_kv);
  if (nest.scores != Scores::at_once || w_.masked()) nest.held_blocks = 0;
  const std::int64_t blocks = ceil_div(w_.seqlen_kv, nest.Bc);
  nest.held_blocks = std::min(nest.held_blocks, blocks);
  if (nest.held_blocks == 0 || nest.held_blocks == blocks) nest.key_groups = false;
  if (nest.scores != Scores::stored) {
    nest.q_columns = 0;
    nest.out_rows = nest.out_keys = 1;
  }
  if (nest.scores == Scores::at_once) nest.depth = nest.out_cols = 1;
  if (nest.scores == Scores::kept) nest.Bc = w_.seqlen_kv;
  if (nest.q_columns >= w_.head_dim) {
    nest.q_columns = w_.head_dim;
  } else {
    nest.q_columns -= nest.q_columns % nest.depth;
  }
  return nest;
}

ClosedForm NestCosts::closed_form(const AttentionNest& nest) const {
  switch (nest.scores) {
    case Scores::at_once:
      return at_once(nest);
    case Scores::stored:
      return stored(nest);
    case Scores::kept:
      break;
  }
  return kept(nest);
}

/// Q and O once per group of keys, a held key once, a streamed one once per query block that sees
/// it.
ClosedForm NestCosts::at_once(const AttentionNest& nest) const {
  const std::uint64_t rows = u64(rows_) * planes_;
  const std::uint64_t d = u64(w_.head_dim);
  const std::uint64_t dv = u64(w_.head_dim_v);
  const std::int64_t held = std::min(nest.held_blocks * nest.Bc, w_.seqlen_kv);
  std::uint64_t groups = 1;
  std::uint64_t keys = 0;  // loads of a row of K
  if (nest.key_groups) {
    groups = u64(ceil_div(ceil_div(w_.seqlen_kv, nest.Bc), nest.held_blocks));
    keys = u64(w_.seqlen_kv) * planes_;
  } else if (w_.masked()) {
    keys = counts_.visits(nest.Br, nest.Bc).columns;
  } else {
    keys = u64(held + ceil_div(rows_, nest.Br) * (w_.seqlen_kv - held)) * planes_;
  }
  ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = rows * d * groups},
                     {.tensor = "K", .dtype = w_.dtype, .read = keys * d},
                     {.tensor = "V", .dtype = w_.dtype, .read = keys * dv},
                     {.tensor = "O",
                      .dtype = w_.dtype,
                      .read = rows * dv * (groups - 1),
                      .written = rows * dv * groups}};
  if (groups > 1) {
    form.push_back({.tensor = "L",
                    .dtype = DType::f32,
                    .read = rows * (groups - 1),
                    .written = rows * groups});
  }
  return form;
}

/// K once per visited score tile, and so the columns of Q that do not stay; the others once where a
/// row block sees a key. Scores are read once for each column block of the output, V once per
/// output row block that sees it.
ClosedForm NestCosts::stored(const AttentionNest& nest) const {
  const std::uint64_t rows = u64(rows_) * planes_;
  const std::uint64_t d = u64(w_.head_dim);
  const std::uint64_t dv = u64(w_.head_dim_v);
  const std::uint64_t staying = u64(nest.q_columns);
  const Visits scores = counts_.visits(nest.Br, nest.Bc);
  const Visits output = counts_.visits(nest.out_rows, nest.out_keys);
  const std::uint64_t column_blocks = u64(ceil_div(w_.head_dim_v, nest.out_cols));
  return {{.tensor = "Q",
           .dtype = w_.dtype,
           .read = scores.seeing_rows * staying + scores.rows * (d - staying)},
          {.tensor = "K", .dtype = w_.dtype, .read = scores.columns * d},
          {.tensor = "S",
           .dtype = w_.dtype,
           .read = output.elements * column_blocks,
           .written = scores.elements},
          {.tensor = "L", .dtype = DType::f32, .read = rows, .written = rows},
          {.tensor = "V", .dtype = w_.dtype, .read = output.columns * dv},
          {.tensor = "O", .dtype = w_.dtype, .written = rows * dv}};
}

/// Whole rows of scores, whatever the mask: Q and O once, K and V once per query block.
ClosedForm NestCosts::kept(const AttentionNest& nest) const {
  const std::uint64_t rows = u64(rows_) * planes_;
  const std::uint64_t keys = u64(w_.seqlen_kv * ceil_div(rows_, nest.Br)) * planes_;
  const std::uint64_t d = u64(w_.head_dim);
  const std::uint64_t dv = u64(w_.head_dim_v);
  return {{.tensor = "Q", .dtype = w_.dtype, .read = rows * d},
          {.tensor = "K", .dtype = w_.dtype, .read = keys * d},
          {.tensor = "V", .dtype = w_.dtype, .read = keys * dv},
          {.tensor = "O", .dtype = w_.dtype, .written = rows * dv}};
}

std::vector<std::vector<TileShape>> NestCosts::footprint(const AttentionNest& nest) const {
  const std::int64_t d = w_.head_dim;
  const std::int64_t dv = w_.head_dim_v;
  const std::int64_t Nk = w_.seqlen_kv;
  const auto in = [this](std::int64_t rows, std::int64_t cols) {
    return TileShape{Role::operand, w_.dtype, rows, cols};
  };
  const auto out = [](std::int64_t rows, std::int64_t cols) {
    return TileShape{Role::accumulator, DType::f32, rows, cols};
  };
  const auto statistics = [](std::int64_t rows) {
    return TileShape{Role::vector, DType::f32, rows, 2};
  };
  std::vector<std::vector<TileShape>> kernels;
  if (nest.scores == Scores::at_once) {
    const std::int64_t held = std::min(nest.held_blocks * nest.Bc, Nk);
    const bool streams = held < Nk && !nest.key_groups;
    kernels = {{in(nest.Br, d), in(held, d + dv),
                in(streams ? nest.Bc : 0, std::max(d, dv)),  // K, then V in its place
                out(nest.Br, dv), out(nest.Br, nest.Bc), statistics(nest.Br)}};
  } else if (nest.scores == Scores::stored) {
    kernels = {{out(nest.Br, nest.Bc), statistics(nest.Br), in(nest.Br, nest.q_columns),
                in(nest.q_columns < d ? nest.Br : 0, nest.depth), in(nest.Bc, nest.depth)},
               {out(nest.out_rows, nest.out_cols), statistics(nest.out_rows),
                in(nest.out_rows, nest.out_keys), in(nest.out_keys, nest.out_cols)}};
  } else {
    kernels = {{out(nest.Br, Nk), in(nest.Br, nest.depth), in(Nk, nest.depth)},
               {out(nest.Br, Nk), statistics(nest.Br)},
               {out(nest.Br, Nk), out(nest.Br, nest.out_cols), in(Nk, nest.out_cols)}};
  }
  for (std::vector<TileShape>& tiles : kernels) {
    std::erase_if(tiles, [](const TileShape& tile) { return tile.rows == 0 || tile.cols == 0; });
  }
  return kernels;
}

std::uint64_t NestCosts::words(const AttentionNest& nest) const {
  std::uint64_t sum = 0;
  for (const ClosedFormTerm& term : closed_form(nest)) sum += term.read + term.written;
  return sum;
}

std::uint64_t NestCosts::footprint_words(const AttentionNest& nest) const {
  std::uint64_t most = 0;
  for (const std::vector<TileShape>& kernel : footprint(nest)) {
    std::uint64_t sum = 0;
    for (const TileShape& tile : kernel) sum += u64(tile.rows * tile.cols);
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace attnsim
