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

bool visible(const WalkCase& w, std::int64_t position, std::int64_t key) {
  const std::int64_t shift = w.seqlen_kv - w.seqlen_q;
  const std::int64_t right_of_diagonal = key - (position + shift);
  const std::int64_t right_limit = w.window_right.value_or(INT64_MAX);
  const std::int64_t left_limit = w.window_left.value_or(INT64_MAX);
  if (w.causal && right_of_diagonal > 0) return false;
  return right_of_diagonal <= right_limit && -right_of_diagonal <= left_limit;
}

/// Whether some key of `keys` is visible from some row of `rows`. `group` rows share a position.
bool any_visible(const WalkCase& w, const Indices& rows, const Indices& keys, std::int64_t group) {
  for (const std::int64_t row : rows) {
    for (const std::int64_t key : keys) {
      if (visible(w, row / group, key)) return true;
    }
  }
  return false;
}

/// Every tensor has its row, also one that is never touched.
Result untouched(std::initializer_list<const char*> tensors) {
  Result result;
  for (const char* tensor : tensors) result[tensor] = Traffic{};
  return result;
}

/// C = A B for one output block after the other: what is read of A [m, k] and B [k, n], and
/// written.
void walk_product(const WalkCase& w, std::int64_t m, std::int64_t n, std::int64_t k, Traffic& a,
                  Traffic& b, Traffic* c) {
  for (const Indices& rows : blocks_of(m, w.tile)) {
    for (const Indices& cols : blocks_of(n, w.tile)) {
      for (const Indices& chunk : blocks_of(k, w.depth)) {
        a.read += elements(rows, chunk);
        b.read += elements(chunk, cols);
      }
      if (c != nullptr) c->written += elements(rows, cols);
    }
  }
}

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
    if (w.causal || w.window_left || w.window_right) {
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
Result walk_flash_attention_1(const WalkCase& w, bool trimmed) {
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
    for (std::size_t i = 0; i < row_blocks.size(); ++i) {
      const Block& rows = row_blocks[i];
      if (!any_visible(w, rows.rows, cols.rows, 1)) continue;
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
Result walk_flash_attention_2(const WalkCase& w, std::int64_t group) {
  Result result = untouched({"Q", "K", "V", "O", "L"});
  const std::vector<Block> row_blocks = flash_blocks(w, w.seqlen_q * group, w.block_rows);
  const std::vector<Block> col_blocks = flash_blocks(w, w.seqlen_kv, w.block_cols);
  for (const Block& rows : row_blocks) {
    result["Q"].read += rows.features;
    for (const Block& cols : col_blocks) {
      if (!any_visible(w, rows.rows, cols.rows, group)) continue;
      result["K"].read += cols.features;
      result["V"].read += cols.features_v;
    }
    result["O"].written += rows.features_v;
    result["L"].written += rows.statistics;
  }
  return result;
}

/// All of a matrix once.
std::uint64_t whole(std::int64_t rows, std::int64_t cols) {
  return elements(blocks_of(rows, rows).front(), blocks_of(cols, cols).front());
}

/// One KV head and the query heads that share it, as everything below.
Result walk_standard_backward(const WalkCase& w, std::int64_t group) {
  Result result = untouched({"Q", "K", "V", "P", "dO", "dQ", "dK", "dV", "dP", "dS"});
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  for (std::int64_t head = 0; head < group; ++head) {
    walk_product(w, nk, w.head_dim_v, nq, result["P"], result["dO"], nullptr);
    walk_product(w, nq, nk, w.head_dim_v, result["dO"], result["V"], &result["dP"]);
    for (int pass = w.row_fits ? 1 : 0; pass < 2; ++pass) {
      result["P"].read += whole(nq, nk);
      result["dP"].read += whole(nq, nk);
    }
    result["dS"].written += whole(nq, nk);
    walk_product(w, nq, w.head_dim, nk, result["dS"], result["K"], &result["dQ"]);
    walk_product(w, nk, w.head_dim, nq, result["dS"], result["Q"], nullptr);
  }
  result["dK"].written += whole(nk, w.head_dim);
  result["dV"].written += whole(nk, w.head_dim_v);
  return result;
}

/// D = rowsum(dO o O).
void walk_delta(const WalkCase& w, Result& result) {
  result["O"].read += whole(w.seqlen_q, w.head_dim_v);
  result["dO"].read += whole(w.seqlen_q, w.head_dim_v);
  result["D"].written += whole(w.seqlen_q, 1);
}

Result walk_small_cache_backward(const WalkCase& w, std::int64_t group) {
  Result result = untouched({"Q", "K", "V", "O", "L", "dO", "dQ", "dK", "dV", "D", "P", "dS"});
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  for (std::int64_t head = 0; head < group; ++head) {
    walk_delta(w, result);
    result["L"].read += whole(nq, 1);
    result["D"].read += whole(nq, 1);
    walk_product(w, nq, nk, w.head_dim, result["Q"], result["K"], &result["P"]);
    walk_product(w, nq, nk, w.head_dim_v, result["dO"], result["V"], &result["dS"]);
    walk_product(w, nk, w.head_dim_v, nq, result["P"], result["dO"], nullptr);
    walk_product(w, nk, w.head_dim, nq, result["dS"], result["Q"], nullptr);
    walk_product(w, nq, w.head_dim, nk, result["dS"], result["K"], &result["dQ"]);
  }
  result["dK"].written += whole(nk, w.head_dim);
  result["dV"].written += whole(nk, w.head_dim_v);
  return result;
}

/// Which of the tensors of a query block a visit loads, and whether it adds to dQ.
struct Visit {
  bool output = false;  // O
  std::initializer_list<const char*> statistics;
  bool adds = false;
};

/// Key blocks outside: dK and dV of each, over all query heads.
void walk_key_blocks(const WalkCase& w, std::int64_t group, const Visit& visit, Result& result) {
  for (const Block& cols : flash_blocks(w, w.seqlen_kv, w.block_cols)) {
    result["K"].read += cols.features;
    result["V"].read += cols.features_v;
    for (std::int64_t head = 0; head < group; ++head) {
      for (const Block& rows : flash_blocks(w, w.seqlen_q, w.block_rows)) {
        if (!any_visible(w, rows.rows, cols.rows, 1)) continue;
        result["Q"].read += rows.features;
        result["dO"].read += rows.features_v;
        if (visit.output) result["O"].read += rows.features_v;
        for (const char* statistic : visit.statistics) result[statistic].read += rows.statistics;
        if (visit.adds) {
          if (!w.atomic) result["dQ"].read += rows.features;
          result["dQ"].written += rows.features;
        }
      }
    }
    result["dK"].written += cols.features;
    result["dV"].written += cols.features_v;
  }
}

void initialise(Traffic& traffic, std::uint64_t words) {
  traffic.written += words;
  traffic.init += words;
}

Result walk_flash_attention_1_backward(const WalkCase& w, std::int64_t group) {
  Result result = untouched({"Q", "K", "V", "O", "l", "m", "dO", "dQ", "dK", "dV"});
  for (std::int64_t head = 0; head < group; ++head) {
    initialise(result["dQ"], whole(w.seqlen_q, w.head_dim));
  }
  initialise(result["dK"], whole(w.seqlen_kv, w.head_dim));
  initialise(result["dV"], whole(w.seqlen_kv, w.head_dim_v));
  walk_key_blocks(w, group, {.output = true, .statistics = {"l", "m"}, .adds = true}, result);
  return result;
}

Result walk_flash_attention_2_backward(const WalkCase& w, std::int64_t group) {
  Result result = untouched({"Q", "K", "V", "O", "L", "dO", "dQ", "dK", "dV", "D"});
  for (std::int64_t head = 0; head < group; ++head) {
    walk_delta(w, result);
    initialise(result["dQ"], whole(w.seqlen_q, w.head_dim));
  }
  walk_key_blocks(w, group, {.statistics = {"L", "D"}, .adds = true}, result);
  return result;
}

Result walk_two_kernel_backward(const WalkCase& w, std::int64_t group) {
  Result result = untouched({"Q", "K", "V", "O", "L", "dO", "dQ", "dK", "dV", "D"});
  walk_key_blocks(w, group, {.statistics = {"L", "D"}}, result);
  for (std::int64_t head = 0; head < group; ++head) {
    walk_delta(w, result);
    for (const Block& rows : flash_blocks(w, w.seqlen_q, w.block_rows_dq)) {
      result["Q"].read += rows.features;
      result["dO"].read += rows.features_v;
      for (const char* statistic : {"L", "D"}) result[statistic].read += rows.statistics;
      for (const Block& cols : flash_blocks(w, w.seqlen_kv, w.block_cols_dq)) {
        if (!any_visible(w, rows.rows, cols.rows, 1)) continue;
        result["K"].read += cols.features;
        result["V"].read += cols.features_v;
      }
      result["dQ"].written += rows.features;
    }
  }
  return result;
}

/// The same work `times` times over: the problems of different planes touch different elements.
Result repeat(Result result, std::int64_t times) {
  const auto factor = static_cast<std::uint64_t>(times);
  for (auto& [tensor, traffic] : result) {
    traffic.read *= factor;
    traffic.written *= factor;
    traffic.init *= factor;
  }
  return result;
}

Result walk_backward(const WalkCase& w) {
  const std::int64_t group = w.heads / w.kv_heads;
  const std::int64_t kv_planes = w.batch * w.kv_heads;
  switch (w.algorithm) {
    case Algorithm::standard_backward:
      return repeat(walk_standard_backward(w, group), kv_planes);
    case Algorithm::flash_attention_1_backward:
      return repeat(walk_flash_attention_1_backward(w, group), kv_planes);
    case Algorithm::flash_attention_2_backward:
      return repeat(walk_flash_attention_2_backward(w, group), kv_planes);
    case Algorithm::two_kernel_backward:
      return repeat(walk_two_kernel_backward(w, group), kv_planes);
    case Algorithm::small_cache_backward:
      return repeat(walk_small_cache_backward(w, group), kv_planes);
    default:
      break;
  }
  throw std::invalid_argument("element walker: unknown algorithm");
}

}  // namespace

Result walk(const WalkCase& walk_case) {
  const WalkCase& w = walk_case;
  for (const std::int64_t extent :
       {w.batch, w.heads, w.kv_heads, w.seqlen_q, w.seqlen_kv, w.head_dim, w.head_dim_v,
        w.block_rows, w.block_cols, w.block_rows_dq, w.block_cols_dq, w.tile, w.depth}) {
    if (extent < 1) throw std::invalid_argument("element walker: an extent or block is below 1");
  }
  if (w.heads % w.kv_heads != 0) {
    throw std::invalid_argument("element walker: kv_heads does not divide heads");
  }
  switch (w.algorithm) {
    case Algorithm::standard:
      return repeat(walk_standard(w), w.batch * w.heads);
    case Algorithm::flash_attention_1:
      return repeat(walk_flash_attention_1(w, false), w.batch * w.heads);
    case Algorithm::flash_attention_1_trimmed:
      return repeat(walk_flash_attention_1(w, true), w.batch * w.heads);
    case Algorithm::flash_attention_2:
      return repeat(walk_flash_attention_2(w, 1), w.batch * w.heads);
    case Algorithm::flash_attention_2_packed:
      return repeat(walk_flash_attention_2(w, w.heads / w.kv_heads), w.batch * w.kv_heads);
    default:
      return walk_backward(w);
  }
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
