#include "sim/trace/backward_nest.h"

#include <algorithm>
#include <string_view>

#include "sim/trace/mask.h"

namespace attnsim {
namespace {

using Kind = BackwardNest::Kind;

std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }
std::uint64_t blocks(std::int64_t extent, std::int64_t size) { return u64(ceil_div(extent, size)); }

std::int64_t cut(std::int64_t size, std::int64_t extent) {
  return std::clamp<std::int64_t>(size, 1, extent);
}

ScoreTiles cut(ScoreTiles t, std::int64_t rows, std::int64_t keys, std::int64_t width) {
  t.rows = cut(t.rows, rows);
  t.keys = cut(t.keys, keys);
  t.strips = cut(t.strips, std::min(kMostStrips, ceil_div(keys, t.keys)));
  t.columns = std::clamp<std::int64_t>(t.columns, 0, width);
  return t;
}

ProductTiles cut(const ProductTiles& t, std::int64_t rows, std::int64_t cols) {
  return {.rows = cut(t.rows, rows), .cols = cut(t.cols, cols)};
}

}  // namespace

BackwardCosts::BackwardCosts(const Workload& workload)
    : w_(workload),
      rows_(workload.seqlen_q * workload.group()),
      planes_(u64(workload.kv_planes())) {}

BackwardNest BackwardNest::with_tiles(std::int64_t rows, std::int64_t keys) const {
  BackwardNest out = *this;
  out.Br = out.p.rows = rows;
  out.Bc = keys;
  out.p.keys = ceil_div(keys, out.p.strips);
  return out;
}

BackwardNest BackwardCosts::effective(BackwardNest nest) const {
  const std::int64_t Nk = w_.seqlen_kv;
  const bool stored = nest.kind == Kind::stored;
  const bool products = stored || nest.kind == Kind::ds_stored;
  nest.Br = stored ? 1 : cut(nest.Br, rows_);
  nest.Bc = stored ? 1 : cut(nest.Bc, Nk);
  if (nest.kind != Kind::ds_stored) nest.dk_held = nest.kind == Kind::keys_outside;
  nest.p = stored ? cut(nest.p, rows_, Nk, w_.head_dim) : ScoreTiles{};
  nest.d_s = stored ? cut(nest.d_s, rows_, Nk, w_.head_dim_v) : ScoreTiles{};
  nest.d_v = stored ? cut(nest.d_v, Nk, w_.head_dim_v) : ProductTiles{};
  nest.d_k = products && !nest.dk_held ? cut(nest.d_k, Nk, w_.head_dim) : ProductTiles{};
  nest.d_q = products ? cut(nest.d_q, rows_, w_.head_dim) : ProductTiles{};
  return nest;
}

ClosedForm BackwardCosts::closed_form(const BackwardNest& nest) const {
  switch (nest.kind) {
    case Kind::keys_outside:
    case Kind::ds_stored:
      return by_keys(nest);
    case Kind::rows_outside:
      return by_rows(nest);
    case Kind::stored:
      break;
  }
  return stored(nest);
}

/// Keys and their gradients once; rows once per block of keys. The first block finds D.
ClosedForm BackwardCosts::by_keys(const BackwardNest& nest) const {
  const std::uint64_t rows = u64(rows_) * planes_;
  const std::uint64_t keys = u64(w_.seqlen_kv) * planes_;
  const std::uint64_t d = u64(w_.head_dim);
  const std::uint64_t dv = u64(w_.head_dim_v);
  const std::uint64_t passes = blocks(w_.seqlen_kv, nest.Bc);
  ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = rows * d * passes},
                     {.tensor = "K", .dtype = w_.dtype, .read = keys * d},
                     {.tensor = "V", .dtype = w_.dtype, .read = keys * dv},
                     {.tensor = "O", .dtype = w_.dtype, .read = rows * dv},
                     {.tensor = "L", .dtype = DType::f32, .read = rows * passes},
                     {.tensor = "dO", .dtype = w_.dtype, .read = rows * dv * passes},
                     {.tensor = "dV", .dtype = w_.dtype, .written = keys * dv}};
  if (passes > 1) {
    form.push_back(
        {.tensor = "D", .dtype = DType::f32, .read = rows * (passes - 1), .written = rows});
  }
  if (nest.dk_held) form.push_back({.tensor = "dK", .dtype = w_.dtype, .written = keys * d});
  if (nest.kind == Kind::keys_outside) {
    form.push_back({.tensor = "dQ",
                    .dtype = DType::f32,
                    .read = rows * d * (passes - 1),
                    .written = rows * d * passes});
    return form;
  }
  form.push_back({.tensor = "dS", .dtype = w_.dtype, .written = rows * u64(w_.seqlen_kv)});
  if (!nest.dk_held) add_product(form, nest.d_k, "dS", "Q", "dK");
  add_product(form, nest.d_q, "dS", "K", "dQ");
  return form;
}

/// Rows and their gradient once; keys, and their gradients to and fro, once per block of rows.
ClosedForm BackwardCosts::by_rows(const BackwardNest& nest) const {
  const std::uint64_t rows = u64(rows_) * planes_;
  const std::uint64_t keys = u64(w_.seqlen_kv) * planes_;
  const std::uint64_t d = u64(w_.head_dim);
  const std::uint64_t dv = u64(w_.head_dim_v);
  const std::uint64_t passes = blocks(rows_, nest.Br);
  const auto updated = [&](std::string_view tensor, std::uint64_t columns) {
    return ClosedFormTerm{.tensor = tensor,
                          .dtype = DType::f32,
                          .read = keys * columns * (passes - 1),
                          .written = keys * columns * passes};
  };
  return {{.tensor = "Q", .dtype = w_.dtype, .read = rows * d},
          {.tensor = "K", .dtype = w_.dtype, .read = keys * d * passes},
          {.tensor = "V", .dtype = w_.dtype, .read = keys * dv * passes},
          {.tensor = "O", .dtype = w_.dtype, .read = rows * dv},
          {.tensor = "L", .dtype = DType::f32, .read = rows},
          {.tensor = "dO", .dtype = w_.dtype, .read = rows * dv},
          {.tensor = "dQ", .dtype = w_.dtype, .written = rows * d},
          updated("dK", d),
          updated("dV", dv)};
}

/// D by a kernel of its own; P, and dS from it; three products.
ClosedForm BackwardCosts::stored(const BackwardNest& nest) const {
  const std::uint64_t rows = u64(rows_) * planes_;
  const std::uint64_t pairs = rows * u64(w_.seqlen_kv);
  ClosedForm form = {{.tensor = "O", .dtype = w_.dtype, .read = rows * u64(w_.head_dim_v)},
                     {.tensor = "L", .dtype = DType::f32, .read = rows},
                     {.tensor = "D", .dtype = DType::f32, .read = rows, .written = rows},
                     {.tensor = "P", .dtype = w_.dtype, .read = pairs, .written = pairs},
                     {.tensor = "dS", .dtype = w_.dtype, .written = pairs},
                     {.tensor = "dO", .dtype = w_.dtype, .read = rows * u64(w_.head_dim_v)}};
  const auto add_operands = [&](const ScoreTiles& t, std::string_view left, std::string_view right,
                                std::int64_t width) {
    const std::uint64_t by_key = blocks(w_.seqlen_kv, t.width());
    form.push_back({.tensor = left,
                    .dtype = w_.dtype,
                    .read = rows * (u64(t.columns) + u64(width - t.columns) * by_key)});
    form.push_back({.tensor = right,
                    .dtype = w_.dtype,
                    .read = planes_ * u64(w_.seqlen_kv) * u64(width) * blocks(rows_, t.rows)});
  };
  add_operands(nest.p, "Q", "K", w_.head_dim);
  add_operands(nest.d_s, "dO", "V", w_.head_dim_v);
  add_product(form, nest.d_v, "P", "dO", "dV");
  add_product(form, nest.d_k, "dS", "Q", "dK");
  add_product(form, nest.d_q, "dS", "K", "dQ");
  return sum({}, form);
}

/// to = left right, where left has an element for each pair. dQ has a row for each query, the
/// others for each key.
void BackwardCosts::add_product(ClosedForm& form, const ProductTiles& t, std::string_view left,
                                std::string_view right, std::string_view to) const {
  const std::int64_t m = to == "dQ" ? rows_ : w_.seqlen_kv;
  const std::int64_t depth = to == "dQ" ? w_.seqlen_kv : rows_;
  const std::int64_t n = to == "dV" ? w_.head_dim_v : w_.head_dim;
  form = sum(std::move(form),
             {{.tensor = left,
               .dtype = w_.dtype,
               .read = planes_ * u64(m) * u64(depth) * blocks(n, t.cols)},
              {.tensor = right,
               .dtype = w_.dtype,
               .read = planes_ * u64(depth) * u64(n) * blocks(m, t.rows)},
              {.tensor = to, .dtype = w_.dtype, .written = planes_ * u64(m) * u64(n)}});
}

}  // namespace attnsim
