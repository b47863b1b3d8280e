#include "tests/support/element_walker_parts.h"

namespace attnsim::walker {

std::vector<Indices> blocks_of(std::int64_t extent, std::int64_t size) {
  std::map<std::int64_t, Indices> by_block;
  for (std::int64_t index = 0; index < extent; ++index) by_block[index / size].push_back(index);
  std::vector<Indices> blocks;
  for (const auto& [number, indices] : by_block) blocks.push_back(indices);
  return blocks;
}

std::uint64_t elements(const Indices& rows, const Indices& cols) {
  std::uint64_t count = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < cols.size(); ++c) ++count;
  }
  return count;
}

namespace {

bool visible(const WalkCase& w, std::int64_t plane, std::int64_t position, std::int64_t key) {
  if (w.shows && !w.shows(plane, position, key)) return false;
  const std::int64_t shift = w.seqlen_kv - w.seqlen_q;
  const std::int64_t right_of_diagonal = key - (position + shift);
  const std::int64_t right_limit = w.window_right.value_or(INT64_MAX);
  const std::int64_t left_limit = w.window_left.value_or(INT64_MAX);
  if (w.causal && right_of_diagonal > 0) return false;
  return right_of_diagonal <= right_limit && -right_of_diagonal <= left_limit;
}

}  // namespace

bool any_visible(const WalkCase& w, std::int64_t plane, const Indices& rows, const Indices& keys,
                 std::int64_t group) {
  for (const std::int64_t row : rows) {
    for (const std::int64_t key : keys) {
      if (visible(w, plane, row / group, key)) return true;
    }
  }
  return false;
}

void read_list(Result& result, const WalkCase& w, const char* lists) {
  if (w.shows) result[lists].read += 1;
}

Result untouched(std::initializer_list<const char*> tensors) {
  Result result;
  for (const char* tensor : tensors) result[tensor] = Traffic{};
  return result;
}

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

std::uint64_t whole(std::int64_t rows, std::int64_t cols) {
  return elements(blocks_of(rows, rows).front(), blocks_of(cols, cols).front());
}

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

void initialise(Traffic& traffic, std::uint64_t words) {
  traffic.written += words;
  traffic.init += words;
}

}  // namespace attnsim::walker
