// Counts the traffic of attention element by element, to check the simulator's counts with.
//
// It knows no tile geometry and no closed form: a block is the set of the indices that fall into
// it, found by going through all of them; a pair of blocks is visited iff some (row, column) of the
// two sets is visible; a load or store costs one word for each element of the set that it names.
// Slow and obvious on purpose, and free of any include of the simulator.
//
// What is walked (fast memory is managed by the algorithm; tail blocks are clipped):
//   standard                    three kernels: S = Q K^T, P = softmax(S), O = P V, with S and P in
//                               slow memory (Dao et al., arXiv 2205.14135, Algorithm 0)
//   flash_attention_1           arXiv 2205.14135, Algorithm 1, as printed
//   flash_attention_1_trimmed   the same without line 2: the first visit of a row block neither
//                               loads O, l, m nor needs them initialised
//   flash_attention_2           Dao, arXiv 2307.08691, Algorithm 1
//   flash_attention_2_packed    the same, with the query heads that share a KV head packed into one
//                               problem: packed row R is position R / group of query head R % group
//   square_tiling               Saha and Ye, arXiv 2402.07443, Algorithm 1; stable: with m beside l
//   standard_pytorch            standard with copies of Q, K and V, and with kernels that scale,
//                               mask and drop in slow memory
//   flat                        rows of S on chip, K and V streamed once per group of rows
//   flash_decoding              flash_attention_2_packed with the keys of a row block cut into
//                               splits, and a kernel that merges what they found
//   lean_attention              LeanAttention, arXiv 2405.10480: the visited blocks of all row
//                               blocks in one list, dealt out evenly; who has the first block of a
//                               row block merges what the others found of it
//   bifurcated                  bifurcated attention, arXiv 2403.08845: scores, softmax and output
//                               in kernels of their own; products with the keys that the batch
//                               shares have the rows of all of it
//   *_backward                  the passes that give dQ, dK, dV: standard with P of the forward
//                               pass in slow memory (2205.14135, Algorithm 3); flash_attention_1
//                               (2205.14135, Algorithm 4); flash_attention_2 (2307.08691, Algorithm
//                               2); two_kernel: the same in one kernel for dK and dV and one for
//                               dQ; small_cache: P and dS in slow memory, all products in square
//                               blocks
//   parameter_gradient          dX of attention with Q = A1 X, K = A2, V = A3 Y (Li et al., arXiv
//                               2410.09397): Q, S, V, dP, dS and dQ in slow memory, all products
//                               in square blocks, S once more for D and once more for dS
//
// A block mask is a predicate on elements, `shows`. A kernel that skips blocks then reads which
// ones it visits as a tensor, "mask": a word for the length of each list, and one for each visit.
// Backward nests have "mask_backward", those of two_kernel "mask_dk_dv" and "mask_dq".
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>

namespace attnsim::walker {

enum class Algorithm {
  standard,
  flash_attention_1,
  flash_attention_1_trimmed,
  flash_attention_2,
  flash_attention_2_packed,
  square_tiling,
  flat,
  standard_pytorch,
  flash_decoding,
  lean_attention,
  bifurcated,
  standard_backward,
  flash_attention_1_backward,
  flash_attention_2_backward,
  two_kernel_backward,
  small_cache_backward,
  parameter_gradient,
  standard_pytorch_backward,  // from standard_backward on: backward passes
};

/// Shapes: Q [batch, heads, seqlen_q, head_dim], K [batch, kv_heads, seqlen_kv, head_dim],
/// V [batch, kv_heads, seqlen_kv, head_dim_v], O [batch, heads, seqlen_q, head_dim_v]; l, m and L
/// [batch, heads, seqlen_q]; S and P [batch, heads, seqlen_q, seqlen_kv].
///
/// The mask is aligned bottom-right: with shift = seqlen_kv - seqlen_q, query row r sees key c iff
/// r + shift - window_left <= c <= r + shift + window_right. An absent side is unbounded; `causal`
/// bounds the right side by 0 (both bounds hold when both are given).
struct WalkCase {
  Algorithm algorithm = Algorithm::flash_attention_2;
  std::int64_t batch = 1;
  std::int64_t heads = 1;
  std::int64_t kv_heads = 1;  // divides heads
  std::int64_t seqlen_q = 1;
  std::int64_t seqlen_kv = 1;
  std::int64_t head_dim = 1;
  std::int64_t head_dim_v = 1;
  bool causal = false;
  std::optional<std::int64_t> window_left{};
  std::optional<std::int64_t> window_right{};

  /// Whether a row of a plane (batch * heads + head) sees a key, where the limits above allow it;
  /// empty: always. Not for packed heads.
  std::function<bool(std::int64_t plane, std::int64_t row, std::int64_t key)> shows{};

  // flash_attention_*, flat: rows of a block of Q (Br; packed rows when packed) and of K and V
  // (Bc).
  std::int64_t block_rows = 1;
  std::int64_t block_cols = 1;

  // two_kernel_backward: those of the kernel of dQ; the others are those of the kernel of dK, dV.
  std::int64_t block_rows_dq = 1;
  std::int64_t block_cols_dq = 1;

  bool atomic = false;  // flash_attention_2_backward: dQ is added up in slow memory

  // standard, small_cache, parameter_gradient: both sides of an output block (b), the columns or
  // rows of an operand held at a time (bk), and whether the softmax kernel holds a whole row of S
  // (else it reads S twice); in the backward pass, whether the kernel of dS holds a whole row of P
  // and dP.
  std::int64_t tile = 1;
  std::int64_t depth = 1;
  bool row_fits = true;

  // standard_pytorch: which kernels there are beside the products and the softmax: one that scales
  // the scores (backward: their gradient); one that brings in the mask (a matrix for all heads), by
  // filling the scores and then their gradient, too, or only adding; so many copies of the gradient
  // before that; dropout, which stores which elements it kept; and P o dP by itself (T).
  bool scales = false;
  bool masks = false;
  bool fills = false;
  std::int64_t copies = 0;
  bool drops = false;
  bool weighs = true;

  // flash_decoding: splits; lean_attention: CTAs that the blocks are dealt out to.
  std::int64_t parts = 1;
  // Keys at the start that all sequences of the batch share.
  std::int64_t prefix = 0;

  // square_tiling: `tile` is B; `depth` the columns of Q and K, and the keys of S and V, at a time.
  bool stable = true;
};

/// Elements of one tensor that cross the boundary of the fast memory, once for each load or store
/// statement executed, summed over batch and heads.
struct Traffic {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  std::uint64_t init = 0;  // the part of `written` that stores the constants 0 and -infinity

  bool operator==(const Traffic&) const = default;
};

/// Whether it is one of the *_backward.
bool is_backward(Algorithm algorithm);

/// For the messages of failed expectations: {read 1, written 2, init 0}.
std::ostream& operator<<(std::ostream& out, const Traffic& traffic);

/// Traffic by tensor name. standard: Q, K, V, S, P, O. flash_attention_1 and _trimmed: Q, K, V, O,
/// l, m. flash_attention_2 and _packed: Q, K, V, O, L. When the heads are not packed, K and V are
/// loaded for every query head.
///  - standard goes through all of S, visible or not. A mask costs it a kernel of its own, which
///    reads and writes all of S.
///  - flash_attention_1 loads every block of K and V, also one that no row sees. A row block that
///    is never visited keeps its initial O, l, m; trimmed, these are stored for such a block only.
///  - the backward passes load K and V once for all query heads that share them, and sum dK and dV
///    over these; standard and small_cache go through all of S here too, as does
///    parameter_gradient, whose products load A2 and V for every query head.
///  - flash_attention_2 loads only the visited blocks of K and V; it loads Q and stores O and L of
///    every row block.
///  - square_tiling (Q, K, V, O, S, l, and m when stable) and flat (Q, K, V, O) skip likewise.
///
/// Throws std::invalid_argument on an extent or block below 1 and when kv_heads does not divide
/// heads.
std::map<std::string, Traffic> walk(const WalkCase& walk_case);

/// Reads plus writes of all tensors (init is part of the writes).
std::uint64_t total_words(const std::map<std::string, Traffic>& traffic);

}  // namespace attnsim::walker
