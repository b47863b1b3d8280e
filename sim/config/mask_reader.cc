#include "sim/config/mask_reader.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "sim/config/param_reader.h"
#include "sim/config/scalar.h"
#include "sim/config/source.h"

namespace attnsim::config {
namespace {

constexpr Range kBlock{.min = 1, .max = std::int64_t{1} << 30};

FieldDoc planes_field() {
  return {.key = "planes",
          .type = "list of {row_ptr, col_idx}",
          .required = true,
          .doc = "visible blocks in compressed rows: one plane for all, or one per batch and head"};
}

std::vector<FieldDoc> plane_fields() {
  return {{.key = "row_ptr",
           .type = "list of integers",
           .required = true,
           .doc = "where the list of each block row begins in col_idx, and the end"},
          {.key = "col_idx",
           .type = "list of integers",
           .required = true,
           .doc = "visible key blocks, ascending in a row"}};
}

std::string number(std::int64_t n) { return std::to_string(n); }

/// The numbers of a list; a fault for each that is out of range.
std::vector<std::int64_t> read_list(const Cursor& list, const Range& range) {
  std::vector<std::int64_t> out;
  if (!list.require_sequence()) return out;
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    out.push_back(list.item(i).integer(range).value_or(range.min));
  }
  return out;
}

/// row_ptr: 0, never descending, `rows` + 1 numbers, the last one the length of col_idx.
bool check_row_ptr(const Cursor& list, const std::vector<std::int64_t>& row_ptr, std::int64_t rows,
                   std::int64_t length) {
  const auto size = static_cast<std::int64_t>(row_ptr.size());
  if (size != rows + 1) {
    list.fault("expected " + number(rows + 1) +
               " numbers, one more than there are block rows, got " + number(size));
    return false;
  }
  if (row_ptr.front() != 0) {
    list.item(0).expected("0, where the first list begins");
    return false;
  }
  const auto drop = std::adjacent_find(row_ptr.begin(), row_ptr.end(), std::greater<>());
  if (drop != row_ptr.end()) {
    const auto at = static_cast<std::size_t>(drop - row_ptr.begin()) + 1;
    list.item(at).expected("at least " + number(*drop) + ", the number before");
    return false;
  }
  if (row_ptr.back() == length) return true;
  list.item(row_ptr.size() - 1).expected(number(length) + ", the length of col_idx");
  return false;
}

void check_ascending(const Cursor& list, const BlockLists& lists) {
  for (std::size_t i = 0; i + 1 < lists.row_ptr.size(); ++i) {
    for (std::int64_t at = lists.row_ptr[i] + 1; at < lists.row_ptr[i + 1]; ++at) {
      const std::int64_t before = lists.col_idx[static_cast<std::size_t>(at - 1)];
      if (lists.col_idx[static_cast<std::size_t>(at)] > before) continue;
      list.item(static_cast<std::size_t>(at))
          .expected("more than " + number(before) + ", the block before in block row " +
                    number(static_cast<std::int64_t>(i)));
      return;
    }
  }
}

BlockLists read_plane(const Cursor& plane, std::int64_t rows, std::int64_t cols) {
  const std::size_t before = plane.faults().count();
  check_keys(plane, plane_fields());
  if (plane.faults().count() > before) return {};
  const Cursor row_ptr = plane.child("row_ptr");
  const Cursor col_idx = plane.child("col_idx");
  BlockLists lists;
  lists.row_ptr = read_list(row_ptr, {});
  lists.col_idx = read_list(col_idx, {.min = 0, .max = cols - 1});
  if (plane.faults().count() > before) return lists;
  const auto length = static_cast<std::int64_t>(lists.col_idx.size());
  if (check_row_ptr(row_ptr, lists.row_ptr, rows, length)) check_ascending(col_idx, lists);
  return lists;
}

void read_recorded(const Cursor& map, const Workload& w, MaskSpec& out) {
  const Cursor planes = map.child("planes");
  if (!planes.require_sequence()) return;
  const auto size = static_cast<std::int64_t>(planes.node().items.size());
  if (size != 1 && size != w.query_planes()) {
    planes.fault("expected 1 plane, or batch x heads = " + number(w.query_planes()) + ", got " +
                 number(size));
    return;
  }
  const auto blocks = [&](std::int64_t extent) { return (extent - 1) / out.block + 1; };
  for (std::size_t p = 0; p < planes.node().items.size(); ++p) {
    out.recorded.push_back(read_plane(planes.item(p), blocks(w.seqlen_q), blocks(w.seqlen_kv)));
  }
}

/// The names a user may give as `kind`.
std::vector<std::string> kinds(const Catalogue& catalogue) {
  std::vector<std::string> names = catalogue.mask_names();
  names.emplace_back(kRecordedMask);
  return names;
}

std::optional<MaskSpec> read_map_form(const Cursor& map, const Workload& w,
                                      const Catalogue& catalogue) {
  if (!map.require_map()) return std::nullopt;
  const std::size_t before = map.faults().count();
  const Entry* kind = map.node().entry("kind");
  if (kind == nullptr) {
    map.fault("missing key 'kind' (a mask, see attnsim list masks)");
    return std::nullopt;
  }
  const auto name = map.child(*kind).choice("mask", kinds(catalogue));
  if (!name) return std::nullopt;
  MaskSpec mask{.kind = *name};
  const MaskInfo* info = catalogue.mask(*name);
  std::vector<FieldDoc> fields = mask_fields();
  if (info == nullptr) fields.push_back(planes_field());
  for (const FieldDoc& doc :
       info == nullptr ? std::vector<FieldDoc>{} : param_fields(info->params)) {
    fields.push_back(doc);
  }
  check_keys(map, fields);
  if (const Entry* block = map.node().entry("block")) {
    mask.block = map.child(*block).integer(kBlock).value_or(mask.block);
  }
  if (const Entry* seed = map.node().entry("seed")) {
    const std::optional<std::int64_t> value = map.child(*seed).integer({.min = 0});
    mask.seed = static_cast<std::uint64_t>(value.value_or(1));
  }
  if (info != nullptr) mask.params = read_params(map, info->params);
  if (map.faults().count() == before && info == nullptr) read_recorded(map, w, mask);
  if (map.faults().count() > before) return std::nullopt;
  return mask;
}

}  // namespace

Node mask_long_form(Node value) {
  if (!value.is_scalar() || looks_like_path(value.text)) return value;
  Node map = make_map(value.at);
  map.entries.push_back({.key = "kind", .at = value.at, .value = std::move(value)});
  return map;
}

std::optional<MaskSpec> read_mask(const Cursor& value, const Workload& workload,
                                  const Catalogue& catalogue, Resolver& resolver) {
  if (value.node().is_scalar() && looks_like_path(value.node().text)) {
    const std::optional<Node> file = resolver.mask_file(value.node(), value.path());
    if (!file) return std::nullopt;
    return read_map_form(Cursor(*file, value.path(), value.faults()), workload, catalogue);
  }
  const Node map = mask_long_form(value.node());
  return read_map_form(Cursor(map, value.path(), value.faults()), workload, catalogue);
}

std::vector<FieldDoc> mask_fields() {
  return {
      {.key = "kind",
       .type = "a mask",
       .required = true,
       .doc = "see attnsim list masks; or recorded, whose blocks are listed under planes"},
      {.key = "block",
       .type = "integer 1..2^30",
       .fallback = "64",
       .doc = "queries and keys of a block of the mask; tiles of an algorithm may differ"},
      {.key = "seed",
       .type = "integer 0..2^63-1",
       .fallback = "1",
       .doc = "of masks that draw; every batch and head draws anew"},
  };
}

}  // namespace attnsim::config
