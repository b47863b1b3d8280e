// Nests of decoding: few query rows, whose keys are divided among tasks or shared by a batch.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/element_walker_parts.h"

namespace attnsim::walker {
namespace {

/// The blocks of keys that some row of a block of packed rows sees.
std::vector<const Block*> seen_by(const WalkCase& w, const Block& rows,
                                  const std::vector<Block>& keys, std::int64_t group) {
  std::vector<const Block*> seen;
  for (const Block& block : keys) {
    if (any_visible(w, 0, rows.rows, block.rows, group)) seen.push_back(&block);
  }
  return seen;
}

void read_blocks(Result& result, const std::vector<const Block*>& keys) {
  for (const Block* block : keys) {
    result["K"].read += block->features;
    result["V"].read += block->features_v;
  }
}

}  // namespace

Result walk_flash_decoding(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "O", "L", "O_splits", "L_splits"});
  const std::int64_t group = w.heads / w.kv_heads;
  const std::vector<Block> key_blocks = flash_blocks(w, w.seqlen_kv, w.block_cols);
  const auto blocks = static_cast<std::int64_t>(key_blocks.size());
  const std::int64_t of_split = (blocks + w.parts - 1) / w.parts;
  const bool merges = w.parts > 1;

  for (const Block& rows : flash_blocks(w, w.seqlen_q * group, w.block_rows)) {
    for (std::int64_t split = 0; split < w.parts; ++split) {
      std::vector<Block> mine;
      for (std::int64_t j = 0; j < blocks; ++j) {
        if (j / of_split == split) mine.push_back(key_blocks[static_cast<std::size_t>(j)]);
      }
      const std::vector<const Block*> seen = seen_by(w, rows, mine, group);
      if (!seen.empty()) result["Q"].read += rows.features;
      read_blocks(result, seen);
      result[merges ? "O_splits" : "O"].written += rows.features_v;
      result[merges ? "L_splits" : "L"].written += rows.statistics;
      if (!merges) continue;
      result["O_splits"].read += rows.features_v;
      result["L_splits"].read += rows.statistics;
    }
    if (!merges) continue;
    result["O"].written += rows.features_v;
    result["L"].written += rows.statistics;
  }
  return result;
}

namespace {

/// A visit of a key block by a row block; of a row block that sees none, one without keys.
struct Visit {
  std::size_t output = 0;  // the row block, over all heads
  const Block* rows = nullptr;
  const Block* keys = nullptr;
};

/// What a CTA does of one row block.
void walk_piece(Result& result, const std::vector<Visit>& piece, bool first) {
  const Block& rows = *piece.front().rows;
  std::vector<const Block*> keys;
  for (const Visit& visit : piece) {
    if (visit.keys != nullptr) keys.push_back(visit.keys);
  }
  if (!keys.empty()) result["Q"].read += rows.features;
  read_blocks(result, keys);
  if (first) {
    result["O"].written += rows.features_v;
    result["L"].written += rows.statistics;
    return;
  }
  // Stored here, read by whoever has the first.
  result["O_cta"].written += rows.features_v;
  result["O_cta"].read += rows.features_v;
  for (const char* statistic : {"m_cta", "l_cta"}) {
    result[statistic].written += rows.statistics;
    result[statistic].read += rows.statistics;
  }
}

}  // namespace

Result walk_lean_attention(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "O", "L", "O_cta", "m_cta", "l_cta"});
  const std::int64_t group = w.heads / w.kv_heads;
  const std::vector<Block> row_blocks = flash_blocks(w, w.seqlen_q * group, w.block_rows);
  const std::vector<Block> key_blocks = flash_blocks(w, w.seqlen_kv, w.block_cols);

  std::vector<Visit> visits;
  std::size_t output = 0;
  for (std::int64_t plane = 0; plane < w.batch * w.kv_heads; ++plane) {
    for (const Block& rows : row_blocks) {
      const std::vector<const Block*> seen = seen_by(w, rows, key_blocks, group);
      for (const Block* keys : seen) visits.push_back({output, &rows, keys});
      if (seen.empty()) visits.push_back({output, &rows, nullptr});
      ++output;
    }
  }
  // Dealt out in order: so many that nobody has two more than another, who has more comes first.
  const auto all = static_cast<std::int64_t>(visits.size());
  std::size_t next = 0;
  for (std::int64_t cta = 0; cta < w.parts; ++cta) {
    const std::int64_t mine = all / w.parts + (cta < all % w.parts ? 1 : 0);
    std::vector<Visit> piece;
    for (std::int64_t n = 0; n < mine; ++n, ++next) {
      piece.push_back(visits[next]);
      const bool ends = n + 1 == mine || visits[next + 1].output != visits[next].output;
      if (!ends) continue;
      const std::size_t begin = next + 1 - piece.size();
      const bool first = begin == 0 || visits[begin - 1].output != visits[begin].output;
      walk_piece(result, piece, first);
      piece.clear();
    }
  }
  return result;
}

namespace {

/// Scores of `keys` keys, for `rows` rows of one plane, and their softmax, which reads them twice.
void walk_scores(const WalkCase& w, std::int64_t rows, std::int64_t keys, Result& result,
                 const std::string& suffix, const char* queries) {
  walk_product(w, rows, keys, w.head_dim, result[queries], result["K" + suffix],
               &result["S" + suffix]);
  const std::uint64_t scores = whole(rows, keys);
  result["S" + suffix].read += 2 * scores;
  result["P" + suffix].written += scores;
}

}  // namespace

Result walk_bifurcated(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "O"});
  const std::int64_t rows = w.seqlen_q * (w.heads / w.kv_heads);
  const std::int64_t own = w.seqlen_kv - w.prefix;
  for (std::int64_t head = 0; head < w.kv_heads; ++head) {
    const std::int64_t all = w.batch * rows;
    if (w.prefix > 0) {
      result["Q"].read += whole(all, w.head_dim);
      result["Q_stacked"].written += whole(all, w.head_dim);
      walk_scores(w, all, w.prefix, result, "_prefix", "Q_stacked");
      walk_product(w, all, w.head_dim_v, w.prefix, result["P_prefix"], result["V_prefix"],
                   &result["O_prefix"]);
    }
    for (std::int64_t sequence = 0; sequence < w.batch; ++sequence) {
      if (own > 0) {
        walk_scores(w, rows, own, result, "", "Q");
        walk_product(w, rows, w.head_dim_v, own, result["P"], result["V"], nullptr);
      }
      if (w.prefix > 0) result["O_prefix"].read += whole(rows, w.head_dim_v);
      result["O"].written += whole(rows, w.head_dim_v);
    }
  }
  return result;
}

}  // namespace attnsim::walker
