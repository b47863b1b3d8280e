#include "sim/trace/block_mask.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/core/spelling.h"
#include "sim/trace/closed_form.h"

namespace attnsim {
namespace {

constexpr std::size_t kMostKept = std::size_t{1} << 24;  // blocks of all planes together

bool fits(const BlockLists& lists, std::int64_t rows, std::int64_t cols) {
  if (static_cast<std::int64_t>(lists.row_ptr.size()) != rows + 1) return false;
  if (lists.row_ptr.front() != 0 ||
      lists.row_ptr.back() != static_cast<std::int64_t>(lists.col_idx.size())) {
    return false;
  }
  if (!std::is_sorted(lists.row_ptr.begin(), lists.row_ptr.end())) return false;
  return std::all_of(lists.col_idx.begin(), lists.col_idx.end(),
                     [cols](std::int64_t j) { return j >= 0 && j < cols; });
}

}  // namespace

bool PlaneBlocks::shows(std::int64_t i, std::int64_t j) const {
  const std::vector<std::int32_t>& row = by_row[static_cast<std::size_t>(i)];
  return std::binary_search(row.begin(), row.end(), j);
}

BlockMask::BlockMask(const Workload& w)
    : spec_(w.mask.value()),
      seqlen_q_(w.seqlen_q),
      seqlen_kv_(w.seqlen_kv),
      all_rows_(w.query_planes() * w.seqlen_q),
      lo_(band_of(w).lo),
      hi_(band_of(w).hi),
      rows_((w.seqlen_q + spec_.block - 1) / spec_.block),
      cols_((w.seqlen_kv + spec_.block - 1) / spec_.block),
      planes_(1) {
  if (spec_.kind == kRecordedMask) {
    planes_ = static_cast<std::int64_t>(spec_.recorded.size());
    if (planes_ != 1 && planes_ != w.query_planes()) {
      throw UserError("workload.mask.planes: expected 1 plane or batch x heads = " +
                      std::to_string(w.query_planes()) + ", got " + std::to_string(planes_));
    }
    check_recorded();
    return;
  }
  const auto* entry = MaskRegistry::instance().find(spec_.kind);
  if (entry == nullptr) {
    throw UserError("workload.mask.kind: unknown mask '" + spec_.kind + "'" +
                    suggestion(spec_.kind, MaskRegistry::instance().names()));
  }
  const MaskGenerator generator = entry->factory();
  generator_ = generator.blocks;
  if (generator.info.draws) planes_ = w.query_planes();
}

void BlockMask::check_recorded() const {
  for (std::size_t p = 0; p < spec_.recorded.size(); ++p) {
    if (fits(spec_.recorded[p], rows_, cols_)) continue;
    throw UserError("workload.mask.planes[" + std::to_string(p) +
                    "]: expected compressed rows of " + std::to_string(rows_) + " x " +
                    std::to_string(cols_) + " blocks of " + std::to_string(spec_.block) +
                    ": row_ptr of " + std::to_string(rows_ + 1) +
                    " ascending numbers from 0 to the length of col_idx, col_idx below " +
                    std::to_string(cols_));
  }
}

BlockSet BlockMask::row_of(std::int64_t plane, std::int64_t i) const {
  if (generator_ == nullptr) {
    const BlockLists& lists = spec_.recorded[static_cast<std::size_t>(plane)];
    const auto at = static_cast<std::size_t>(i);
    return {lists.col_idx.begin() + lists.row_ptr[at],
            lists.col_idx.begin() + lists.row_ptr[at + 1]};
  }
  const std::int64_t last = std::min((i + 1) * spec_.block, seqlen_q_) - 1;
  const std::int64_t own_key = last + seqlen_kv_ - seqlen_q_;
  return generator_({.plane = plane,
                     .i = i,
                     .rows = rows_,
                     .cols = cols_,
                     .diagonal = own_key < 0 ? -1 : own_key / spec_.block,
                     .block = spec_.block,
                     .params = spec_.params,
                     .seed = spec_.seed});
}

PlaneBlocks BlockMask::generate(std::int64_t plane) const {
  PlaneBlocks out;
  out.by_row.resize(static_cast<std::size_t>(rows_));
  out.by_col.resize(static_cast<std::size_t>(cols_));
  for (std::int64_t i = 0; i < rows_; ++i) {
    BlockSet blocks = row_of(plane, i);
    std::sort(blocks.begin(), blocks.end());
    blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
    for (const std::int64_t j : blocks) {
      if (j < 0 || j >= cols_) continue;
      out.by_row[static_cast<std::size_t>(i)].push_back(static_cast<std::int32_t>(j));
      out.by_col[static_cast<std::size_t>(j)].push_back(static_cast<std::int32_t>(i));
    }
  }
  return out;
}

const PlaneBlocks& BlockMask::plane(std::int64_t plane) const {
  const std::int64_t key = differs_by_plane() ? plane : 0;
  if (const auto found = kept_.find(key); found != kept_.end()) return found->second;
  PlaneBlocks blocks = generate(key);
  std::size_t size = static_cast<std::size_t>(rows_ + cols_);
  for (const auto& row : blocks.by_row) size += 2 * row.size();
  if (kept_blocks_ + size > kMostKept) {
    kept_.clear();
    kept_blocks_ = 0;
  }
  kept_blocks_ += size;
  return kept_.emplace(key, std::move(blocks)).first->second;
}

bool BlockMask::shows(std::int64_t row, std::int64_t key) const {
  const std::int64_t position = row % seqlen_q_;
  if (key - position < lo_ || key - position > hi_) return false;
  return plane(row / seqlen_q_).shows(position / spec_.block, key / spec_.block);
}

std::shared_ptr<const BlockMask> block_mask_of(const Workload& workload) {
  return workload.mask ? std::make_shared<const BlockMask>(workload) : nullptr;
}

}  // namespace attnsim
