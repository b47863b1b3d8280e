// What the nests of the element walker share: sets of indices, blocks of them, what a block sees.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "tests/support/element_walker.h"

namespace attnsim::walker {

using Indices = std::vector<std::int64_t>;  // a set: every index once
using Result = std::map<std::string, Traffic>;

/// The indices 0 .. extent-1 sorted into blocks of `size`. The last block may be smaller.
std::vector<Indices> blocks_of(std::int64_t extent, std::int64_t size);

/// Elements (row, col) with the row in one set and the column in the other.
std::uint64_t elements(const Indices& rows, const Indices& cols);

/// Whether some key of `keys` is visible from some row of `rows`. `group` rows share a position.
bool any_visible(const WalkCase& w, std::int64_t plane, const Indices& rows, const Indices& keys,
                 std::int64_t group = 1);

/// A word of a list of visited blocks.
void read_list(Result& result, const WalkCase& w, const char* lists = "mask");

/// Every tensor has its row, also one that is never touched.
Result untouched(std::initializer_list<const char*> tensors);

/// C = A B for one output block after the other: what is read of A [m, k] and B [k, n], and
/// written.
void walk_product(const WalkCase& w, std::int64_t m, std::int64_t n, std::int64_t k, Traffic& a,
                  Traffic& b, Traffic* c);

/// A block of a flash algorithm: the rows in it and the elements of its operands.
struct Block {
  Indices rows;
  std::uint64_t features = 0;    // elements of the rows of Q or K: rows x head_dim
  std::uint64_t features_v = 0;  // elements of the rows of O or V: rows x head_dim_v
  std::uint64_t statistics = 0;  // elements of the rows of l, m or L: rows
};

std::vector<Block> flash_blocks(const WalkCase& w, std::int64_t extent, std::int64_t size);

/// The store of a constant.
void initialise(Traffic& traffic, std::uint64_t words);

/// Kernels of unfused attention as a library has them, on one KV head and the query heads that
/// share it.
Result walk_standard_pytorch(const WalkCase& w);
Result walk_standard_pytorch_backward(const WalkCase& w);

/// Kernels of decoding, on the query heads that share a KV head.
Result walk_flash_decoding(const WalkCase& w);
/// All heads of all sequences, whose blocks are in one list.
Result walk_lean_attention(const WalkCase& w);
/// All sequences.
Result walk_bifurcated(const WalkCase& w);

/// All of a matrix once.
std::uint64_t whole(std::int64_t rows, std::int64_t cols);

/// A backward nest on plane `kv_plane` of K and V, and the query heads that share it.
Result walk_backward(const WalkCase& w, std::int64_t kv_plane);

}  // namespace attnsim::walker
