#include "sim/replay/reference/block_mask.h"

#include <cstdlib>
#include <set>
#include <stdexcept>

namespace attnsim::reference {
namespace {

using Blocks = std::set<std::int64_t>;

std::uint32_t philox_word(std::uint64_t seed, std::int64_t plane, std::int64_t row,
                          std::int64_t number) {
  std::uint32_t x[4] = {static_cast<std::uint32_t>(plane), static_cast<std::uint32_t>(row),
                        static_cast<std::uint32_t>(number), 0};
  std::uint32_t key0 = static_cast<std::uint32_t>(seed & 0xffffffffU);
  std::uint32_t key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9U, key1 += 0xBB67AE85U) {
    const std::uint64_t p0 = std::uint64_t{x[0]} * 0xD2511F53U;
    const std::uint64_t p1 = std::uint64_t{x[2]} * 0xCD9E8D57U;
    const std::uint32_t y0 = static_cast<std::uint32_t>(p1 >> 32) ^ x[1] ^ key0;
    const std::uint32_t y2 = static_cast<std::uint32_t>(p0 >> 32) ^ x[3] ^ key1;
    x[0] = y0;
    x[1] = static_cast<std::uint32_t>(p1 & 0xffffffffU);
    x[2] = y2;
    x[3] = static_cast<std::uint32_t>(p0 & 0xffffffffU);
  }
  return x[0];
}

/// The rules, for one plane.
class Rules {
 public:
  Rules(const BlockMaskProblem& p, std::int64_t plane) : p_(p), plane_(plane) {}

  bool shows(std::int64_t i, std::int64_t j) const {
    const std::string& kind = p_.kind;
    const std::int64_t back = diagonal(i) - j;  // blocks from j to the diagonal
    const bool has_own = own(i) >= 0;
    if (kind == "causal") return has_own && back >= 0;
    if (kind == "window") return has_own && back >= 0 && back <= up(at("width"));
    if (kind == "dilated") {
      return has_own && back >= 0 && back % at("rate") == 0 && back / at("rate") < up(at("width"));
    }
    if (kind == "global") return i < at("blocks") || j < at("blocks");
    if (kind == "random") return random(i, at("blocks"), {}).contains(j);
    if (kind == "bigbird") return bigbird(i, j);
    if (kind == "longformer") {
      if (i < at("global") || j < at("global")) return true;
      return has_own && std::abs(back) <= up(at("width") / 2);
    }
    if (kind == "butterfly") {
      const std::int64_t differ = i ^ j;
      return (differ & (differ - 1)) == 0 && differ < at("stride");
    }
    if (kind == "a_shape") {
      return has_own && back >= 0 && (j < at("sink") || back <= up(at("recent")));
    }
    if (kind == "topk_blocks") return topk(i).contains(j);
    if (kind == "recorded") return listed(i, j);
    throw std::invalid_argument("reference block mask: no kind '" + kind + "'");
  }

 private:
  std::int64_t at(const char* param) const { return p_.params.at(param); }
  std::int64_t up(std::int64_t tokens) const {
    return tokens / p_.block + (tokens % p_.block == 0 ? 0 : 1);
  }
  std::int64_t cols() const { return up(p_.seqlen_kv); }

  std::int64_t own(std::int64_t i) const {
    const std::int64_t end = (i + 1) * p_.block;
    const std::int64_t last = (end < p_.seqlen_q ? end : p_.seqlen_q) - 1;
    return last + p_.seqlen_kv - p_.seqlen_q;
  }
  std::int64_t diagonal(std::int64_t i) const { return own(i) < 0 ? -1 : own(i) / p_.block; }

  std::int64_t draw(std::int64_t bound, std::int64_t row, std::int64_t number) const {
    const std::uint64_t word = philox_word(p_.seed, plane_, row, number);
    return static_cast<std::int64_t>(word * static_cast<std::uint64_t>(bound) >> 32);
  }

  /// The first `count` cards of a deck of the blocks outside `without`: each card is exchanged with
  /// one drawn from itself and those behind it.
  Blocks random(std::int64_t i, std::int64_t count, const Blocks& without) const {
    std::vector<std::int64_t> deck;
    for (std::int64_t j = 0; j < cols(); ++j) {
      if (!without.contains(j)) deck.push_back(j);
    }
    Blocks out;
    for (std::size_t card = 0; card < deck.size() && out.size() < std::size_t(count); ++card) {
      const auto number = static_cast<std::int64_t>(card);
      const auto behind = static_cast<std::int64_t>(deck.size() - card);
      const std::size_t other = card + static_cast<std::size_t>(draw(behind, i, number));
      const std::int64_t drawn = deck[other];
      deck[other] = deck[card];
      deck[card] = drawn;
      out.insert(drawn);
    }
    return out;
  }

  bool bigbird(std::int64_t i, std::int64_t j) const {
    const auto fixed = [&](std::int64_t column) {
      if (i < at("global") || column < at("global")) return true;
      const std::int64_t ahead = column - diagonal(i);
      return own(i) >= 0 && ahead >= -(at("window") / 2) && ahead <= (at("window") - 1) / 2;
    };
    if (fixed(j)) return true;
    Blocks without;
    for (std::int64_t column = 0; column < cols(); ++column) {
      if (fixed(column)) without.insert(column);
    }
    return random(i, at("random"), without).contains(j);
  }

  /// 33 draws are set aside for each block: one that says whether the row before is followed, and
  /// 16 pairs, an octave of distances and a distance within.
  Blocks topk(std::int64_t i) const {
    const std::int64_t d = diagonal(i);
    if (d < 0) return {};
    Blocks out{d, 0};
    if (d > 0) out.insert(d - 1);
    const std::int64_t wanted = at("blocks") < d + 1 ? at("blocks") : d + 1;
    for (std::int64_t n = 0; static_cast<std::int64_t>(out.size()) < wanted; ++n) {
      std::int64_t row = i;
      while (row > 0 && draw(100, row, 33 * n) < at("locality")) --row;
      const std::int64_t past = d - (i - row);
      const std::size_t before = out.size();
      for (std::int64_t pair = 0; past > 0 && pair < 16 && out.size() == before; ++pair) {
        out.insert(past - distance(past, row, 33 * n + 1 + 2 * pair));
      }
      std::int64_t nearest = d;
      while (out.size() == before) out.insert(nearest--);
    }
    return out;
  }

  std::int64_t distance(std::int64_t most, std::int64_t row, std::int64_t number) const {
    std::int64_t octaves = 1;
    for (std::int64_t reach = 1; reach * 2 <= most; reach *= 2) ++octaves;
    std::int64_t first = 1;
    for (std::int64_t octave = draw(octaves, row, number); octave > 0; --octave) first *= 2;
    const std::int64_t behind = first * 2 <= most + 1 ? first : most + 1 - first;
    return first + draw(behind, row, number + 1);
  }

  bool listed(std::int64_t i, std::int64_t j) const {
    const auto& plane = p_.lists[p_.lists.size() == 1 ? 0 : static_cast<std::size_t>(plane_)];
    for (const std::int64_t column : plane[static_cast<std::size_t>(i)]) {
      if (column == j) return true;
    }
    return false;
  }

  const BlockMaskProblem& p_;
  std::int64_t plane_;
};

}  // namespace

BlockMask::BlockMask(const BlockMaskProblem& problem)
    : p_(problem),
      rows_((problem.seqlen_q - 1) / problem.block + 1),
      cols_((problem.seqlen_kv - 1) / problem.block + 1) {
  for (std::int64_t plane = 0; plane < p_.planes; ++plane) {
    const Rules rules(p_, plane);
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = 0; j < cols_; ++j) visible_.push_back(rules.shows(i, j));
    }
  }
}

bool BlockMask::shows(std::int64_t plane, std::int64_t row, std::int64_t key) const {
  const std::int64_t at = (plane * rows_ + row / p_.block) * cols_ + key / p_.block;
  return visible_[static_cast<std::size_t>(at)];
}

}  // namespace attnsim::reference
