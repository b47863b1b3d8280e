#include "tests/support/element_walker.h"

#include <ostream>
#include <stdexcept>
#include <vector>

#include "tests/support/element_walker_parts.h"

namespace attnsim::walker {
namespace {

/// One query head.
Result walk_standard(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "S", "P", "O"});
  Traffic &q = result["Q"], &k = result["K"], &v = result["V"];
  Traffic &s = result["S"], &p = result["P"], &o = result["O"];

  // Kernel 1: S = Q K^T.
  walk_product(w, w.seqlen_q, w.seqlen_kv, w.head_dim, q, k, &s);

  // Kernel 2: mask, if there is one, and softmax, row by row.
  const Indices all_keys = blocks_of(w.seqlen_kv, w.seqlen_kv).front();
  for (std::int64_t row = 0; row < w.seqlen_q; ++row) {
    const std::uint64_t words = elements({row}, all_keys);
    if (w.causal || w.window_left || w.window_right || w.shows) {
      s.read += words;
      s.written += words;
    }
    if (!w.row_fits) s.read += words;  // first for the maximum and the sum
    s.read += words;
    p.written += words;
  }

  // Kernel 3: O = P V.
  walk_product(w, w.seqlen_q, w.head_dim_v, w.seqlen_kv, p, v, &o);
  return result;
}

void initialise(Result& result, const Block& block) {
  initialise(result["O"], block.features_v);
  for (const char* statistic : {"l", "m"}) initialise(result[statistic], block.statistics);
}

/// One query head.
Result walk_flash_attention_1(const WalkCase& w, std::int64_t plane, bool trimmed) {
  Result result = untouched({"Q", "K", "V", "O", "l", "m"});
  const std::vector<Block> row_blocks = flash_blocks(w, w.seqlen_q, w.block_rows);
  const std::vector<Block> col_blocks = flash_blocks(w, w.seqlen_kv, w.block_cols);
  std::vector<bool> visited(row_blocks.size(), false);

  if (!trimmed) {
    for (const Block& rows : row_blocks) initialise(result, rows);
  }
  for (const Block& cols : col_blocks) {
    result["K"].read += cols.features;
    result["V"].read += cols.features_v;
    read_list(result, w);
    for (std::size_t i = 0; i < row_blocks.size(); ++i) {
      const Block& rows = row_blocks[i];
      if (!any_visible(w, plane, rows.rows, cols.rows)) continue;
      read_list(result, w);
      result["Q"].read += rows.features;
      if (!trimmed || visited[i]) {
        result["O"].read += rows.features_v;
        result["l"].read += rows.statistics;
        result["m"].read += rows.statistics;
      }
      visited[i] = true;
      result["O"].written += rows.features_v;
      result["l"].written += rows.statistics;
      result["m"].written += rows.statistics;
    }
  }
  if (trimmed) {
    for (std::size_t i = 0; i < row_blocks.size(); ++i) {
      if (!visited[i]) initialise(result, row_blocks[i]);
    }
  }
  return result;
}

/// `group` query heads that share a KV head, packed; one query head if `group` is 1.
Result walk_flash_attention_2(const WalkCase& w, std::int64_t plane, std::int64_t group) {
  Result result = untouched({"Q", "K", "V", "O", "L"});
  const std::vector<Block> row_blocks = flash_blocks(w, w.seqlen_q * group, w.block_rows);
  const std::vector<Block> col_blocks = flash_blocks(w, w.seqlen_kv, w.block_cols);
  for (const Block& rows : row_blocks) {
    result["Q"].read += rows.features;
    read_list(result, w);
    for (const Block& cols : col_blocks) {
      if (!any_visible(w, plane, rows.rows, cols.rows, group)) continue;
      read_list(result, w);
      result["K"].read += cols.features;
      result["V"].read += cols.features_v;
    }
    result["O"].written += rows.features_v;
    result["L"].written += rows.statistics;
  }
  return result;
}

/// Some of the indices at a time.
std::vector<Indices> chunks_of(const Indices& indices, std::int64_t size) {
  std::vector<Indices> chunks;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (static_cast<std::int64_t>(i) % size == 0) chunks.emplace_back();
    chunks.back().push_back(indices[i]);
  }
  return chunks;
}

/// One query head.
Result walk_square_tiling(const WalkCase& w, std::int64_t plane) {
  Result result = untouched({"Q", "K", "V", "O", "S", "l"});
  const std::vector<Indices> row_blocks = blocks_of(w.seqlen_q, w.tile);
  const std::vector<Indices> key_blocks = blocks_of(w.seqlen_kv, w.tile);
  std::vector<const char*> statistics = {"l"};
  if (w.stable) statistics.push_back("m");

  // Phase 1: S and the row statistics.
  for (const Indices& rows : row_blocks) {
    read_list(result, w);
    for (const Indices& keys : key_blocks) {
      if (!any_visible(w, plane, rows, keys)) continue;
      read_list(result, w);
      for (const Indices& columns : blocks_of(w.head_dim, w.depth)) {
        result["Q"].read += elements(rows, columns);
        result["K"].read += elements(keys, columns);
      }
      result["S"].written += elements(rows, keys);
    }
    for (const char* statistic : statistics) result[statistic].written += elements(rows, {0});
  }

  // Phase 2: O.
  for (const Indices& rows : row_blocks) {
    for (const char* statistic : statistics) result[statistic].read += elements(rows, {0});
    for (const Indices& columns : blocks_of(w.head_dim_v, w.tile)) {
      read_list(result, w);
      for (const Indices& keys : key_blocks) {
        if (!any_visible(w, plane, rows, keys)) continue;
        read_list(result, w);
        for (const Indices& chunk : chunks_of(keys, w.depth)) {
          result["S"].read += elements(rows, chunk);
          result["V"].read += elements(chunk, columns);
        }
      }
      result["O"].written += elements(rows, columns);
    }
  }
  return result;
}

/// One query head.
Result walk_flat(const WalkCase& w, std::int64_t plane) {
  Result result = untouched({"Q", "K", "V", "O"});
  const std::vector<Block> col_blocks = flash_blocks(w, w.seqlen_kv, w.block_cols);
  for (const Block& rows : flash_blocks(w, w.seqlen_q, w.block_rows)) {
    result["Q"].read += rows.features;
    for (const char* operand : {"K", "V"}) {
      read_list(result, w);
      for (const Block& cols : col_blocks) {
        if (!any_visible(w, plane, rows.rows, cols.rows)) continue;
        read_list(result, w);
        result[operand].read += *operand == 'K' ? cols.features : cols.features_v;
      }
    }
    result["O"].written += rows.features_v;
  }
  return result;
}

/// One query head, or one packed problem; backward, one KV head.
Result walk_plane(const WalkCase& w, std::int64_t plane) {
  switch (w.algorithm) {
    case Algorithm::standard:
      return walk_standard(w);
    case Algorithm::flash_attention_1:
      return walk_flash_attention_1(w, plane, false);
    case Algorithm::flash_attention_1_trimmed:
      return walk_flash_attention_1(w, plane, true);
    case Algorithm::flash_attention_2:
      return walk_flash_attention_2(w, plane, 1);
    case Algorithm::flash_attention_2_packed:
      return walk_flash_attention_2(w, plane, w.heads / w.kv_heads);
    case Algorithm::square_tiling:
      return walk_square_tiling(w, plane);
    case Algorithm::flat:
      return walk_flat(w, plane);
    case Algorithm::standard_pytorch:
      return walk_standard_pytorch(w);
    case Algorithm::flash_decoding:
      return walk_flash_decoding(w);
    default:
      return walk_backward(w, plane);
  }
}

/// The problems of different planes touch different elements.
void add(Result& sum, const Result& result, std::int64_t times) {
  const auto factor = static_cast<std::uint64_t>(times);
  for (const auto& [tensor, traffic] : result) {
    Traffic& total = sum[tensor];
    total.read += traffic.read * factor;
    total.written += traffic.written * factor;
    total.init += traffic.init * factor;
  }
}

}  // namespace

Result walk(const WalkCase& walk_case) {
  const WalkCase& w = walk_case;
  for (const std::int64_t extent :
       {w.batch, w.heads, w.kv_heads, w.seqlen_q, w.seqlen_kv, w.head_dim, w.head_dim_v,
        w.block_rows, w.block_cols, w.block_rows_dq, w.block_cols_dq, w.tile, w.depth, w.parts}) {
    if (extent < 1) throw std::invalid_argument("element walker: an extent or block is below 1");
  }
  if (w.heads % w.kv_heads != 0) {
    throw std::invalid_argument("element walker: kv_heads does not divide heads");
  }
  if (w.algorithm == Algorithm::lean_attention) return walk_lean_attention(w);
  if (w.algorithm == Algorithm::bifurcated) return walk_bifurcated(w);
  const bool packed = w.algorithm == Algorithm::flash_attention_2_packed ||
                      w.algorithm == Algorithm::flash_decoding;
  if (packed && w.shows) throw std::invalid_argument("element walker: packed heads and a mask");
  const bool by_kv_head =
      packed || is_backward(w.algorithm) || w.algorithm == Algorithm::standard_pytorch;
  const std::int64_t planes = w.batch * (by_kv_head ? w.kv_heads : w.heads);
  Result result;
  if (!w.shows) {
    add(result, walk_plane(w, 0), planes);  // all planes do the same
    return result;
  }
  for (std::int64_t plane = 0; plane < planes; ++plane) add(result, walk_plane(w, plane), 1);
  return result;
}

std::ostream& operator<<(std::ostream& out, const Traffic& traffic) {
  return out << "{read " << traffic.read << ", written " << traffic.written << ", init "
             << traffic.init << "}";
}

std::uint64_t total_words(const Result& traffic) {
  std::uint64_t words = 0;
  for (const auto& [tensor, t] : traffic) words += t.read + t.written;
  return words;
}

}  // namespace attnsim::walker
