// Block masks by their definition: may query row r of a plane see key c? Each rule is a predicate
// on a pair of blocks, written out anew; nothing here is shared with what generates a trace.
//
// The score matrix is cut into block x block squares from its top-left corner. With
// own = r + seqlen_kv - seqlen_q for the last query r of block row I, the diagonal D of I is the
// block of key own. No rule below shows anything near the diagonal to a row with own < 0.
//
//   causal        J <= D
//   window        D - ceil(width / block) <= J <= D
//   dilated       J <= D, rate divides D - J, (D - J) / rate < ceil(width / block)
//   global        I < blocks or J < blocks
//   random        J is one of `blocks` draws of row I
//   bigbird       global with `global`; D - floor(window / 2) <= J <= D + floor((window - 1) / 2);
//                 or one of `random` draws among the other blocks
//   longformer    global with `global`; |D - J| <= ceil(floor(width / 2) / block)
//   butterfly     I xor J is 0, or a power of two below `stride`
//   a_shape       J < sink and J <= D, or window with `recent`
//   topk_blocks   J is D, D - 1, 0, or one of the draws that fill up to `blocks`
//   recorded      J is in the list of I
//
// Draws are Philox4x32-10 (Salmon et al., SC 2011), key = seed, counter = (plane, row, number, 0);
// the first word times the bound, shifted right by 32.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace attnsim::reference {

struct BlockMaskProblem {
  std::string kind;
  std::int64_t block = 1;
  std::int64_t planes = 1;  // batch * heads
  std::int64_t seqlen_q = 1;
  std::int64_t seqlen_kv = 1;
  std::uint64_t seed = 1;
  std::map<std::string, std::int64_t> params{};
  /// recorded: visible J by plane (or one for all) and I.
  std::vector<std::vector<std::vector<std::int64_t>>> lists{};
};

class BlockMask {
 public:
  /// Throws std::invalid_argument when there is no such kind.
  explicit BlockMask(const BlockMaskProblem& problem);

  /// 0 <= plane < planes, 0 <= row < seqlen_q, 0 <= key < seqlen_kv.
  bool shows(std::int64_t plane, std::int64_t row, std::int64_t key) const;

 private:
  BlockMaskProblem p_;
  std::int64_t rows_, cols_;
  std::vector<bool> visible_;  // [planes, rows, cols] of blocks
};

}  // namespace attnsim::reference
