#include "tests/support/element_walker.h"

#include <initializer_list>
#include <ostream>
#include <stdexcept>
#include <vector>

namespace attnsim::walker {
namespace {

using Indices = std::vector<std::int64_t>;  // a set: every index once
using Result = std::map<std::string, Traffic>;

/// The indices 0 .. extent-1 sorted into blocks of `size`. The last block may be smaller.
std::vector<Indices> blocks_of(std::int64_t extent, std::int64_t size) {
  std::map<std::int64_t, Indices> by_block;
  for (std::int64_t index = 0; index < extent; ++index) by_block[index / size].push_back(index);
  std::vector<Indices> blocks;
  for (const auto& [number, indices] : by_block) blocks.push_back(indices);
  return blocks;
}

/// Elements (row, col) with the row in one set and the column in the other.
std::uint64_t elements(const Indices& rows, const Indices& cols) {
  std::uint64_t count = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < cols.size(); ++c) ++count;
  }
  return count;
}

bool visible(const WalkCase& w, std::int64_t plane, std::int64_t position, std::int64_t key) {
  if (w.shows && !w.shows(plane, position, key)) return false;
  const std::int64_t shift = w.seqlen_kv - w.seqlen_q;
  const std::int64_t right_of_diagonal = key - (position + shift);
  const std::int64_t right_limit = w.window_right.value_or(INT64_MAX);
  const std::int64_t left_limit = w.window_left.value_or(INT64_MAX);
  if (w.causal && right_of_diagonal > 0) return false;
  return right_of_diagonal <= right_limit && -right_of_diagonal <= left_limit;
}

/// Whether some key of `keys` is visible from some row of `rows`. `group` rows share a position.
bool any_visible(const WalkCase& w, std::int64_t plane, const Indices& rows, const Indices& keys,
                 std::int64_t group = 1) {
  for (const std::int64_t row : rows) {
    for (const std::int64_t key : keys) {
      if (visible(w, plane, row / group, key)) return true;
    }
  }
  return false;
}

/// A word of a list of visited blocks.
void read_list(Result& result, const WalkCase& w) {
  if (w.shows) result["mask"].read += 1;
}

/// Every tensor has its row, also one that is never touched.
Result untouched(std::initializer_list<const char*> tensors) {
  Result result;
  for (const char* tensor : tensors) result[tensor] = Traffic{};
  return result;
}

/// One query head.
Result walk_standard(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "S", "P", "O"});
  Traffic &q = result["Q"], &k = result["K"], &v = result["V"];
  Traffic &s = result["S"], &p = result["P"], &o = result["O"];
  const std::vector<Indices> query_tiles = blocks_of(w.seqlen_q, w.tile);
  const std::vector<Indices> key_tiles = blocks_of(w.seqlen_kv, w.tile);

  // Kernel 1: S = Q K^T.
  const std::vector<Indices> head_dim_chunks = blocks_of(w.head_dim, w.depth);
  for (const Indices& rows : query_tiles) {
    for (const Indices& cols : key_tiles) {
      for (const Indices& chunk : head_dim_chunks) {
        q.read += elements(rows, chunk);
        k.read += elements(cols, chunk);
      }
      s.written += elements(rows, cols);
    }
  }

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
  const std::vector<Indices> value_tiles = blocks_of(w.head_dim_v, w.tile);
  const std::vector<Indices> key_chunks = blocks_of(w.seqlen_kv, w.depth);
  for (const Indices& rows : query_tiles) {
    for (const Indices& cols : value_tiles) {
      for (const Indices& chunk : key_chunks) {
        p.read += elements(rows, chunk);
        v.read += elements(chunk, cols);
      }
      o.written += elements(rows, cols);
    }
  }
  return result;
}

/// A block of a flash algorithm: the rows in it and the elements of its operands.
struct Block {
  Indices rows;
  std::uint64_t features = 0;    // elements of the rows of Q or K: rows x head_dim
  std::uint64_t features_v = 0;  // elements of the rows of O or V: rows x head_dim_v
  std::uint64_t statistics = 0;  // elements of the rows of l, m or L: rows
};

std::vector<Block> flash_blocks(const WalkCase& w, std::int64_t extent, std::int64_t size) {
  const Indices head_dim = blocks_of(w.head_dim, w.head_dim).front();
  const Indices head_dim_v = blocks_of(w.head_dim_v, w.head_dim_v).front();
  std::vector<Block> blocks;
  for (const Indices& rows : blocks_of(extent, size)) {
    blocks.push_back(
        {rows, elements(rows, head_dim), elements(rows, head_dim_v), elements(rows, {0})});
  }
  return blocks;
}

void initialise(Result& result, const Block& block) {
  result["O"].written += block.features_v;
  result["O"].init += block.features_v;
  for (const char* statistic : {"l", "m"}) {
    result[statistic].written += block.statistics;
    result[statistic].init += block.statistics;
  }
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

/// One query head, or one packed problem.
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
  }
  throw std::invalid_argument("element walker: unknown algorithm");
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
        w.block_rows, w.block_cols, w.tile, w.depth}) {
    if (extent < 1) throw std::invalid_argument("element walker: an extent or block is below 1");
  }
  if (w.heads % w.kv_heads != 0) {
    throw std::invalid_argument("element walker: kv_heads does not divide heads");
  }
  const bool packed = w.algorithm == Algorithm::flash_attention_2_packed;
  if (packed && w.shows) throw std::invalid_argument("element walker: packed heads and a mask");
  const std::int64_t planes = w.batch * (packed ? w.kv_heads : w.heads);
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
