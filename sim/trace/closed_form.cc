#include "sim/trace/closed_form.h"

#include <algorithm>

namespace attnsim {
namespace {

/// ceil(a / b) for any a and b > 0.
std::int64_t ceil_quotient(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return q + ((a % b > 0) ? 1 : 0);
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return q - ((a % b < 0) ? 1 : 0);
}

/// One axis of X units, cut into blocks of A, looks at another axis of Y units, cut into blocks of
/// B. A block of units x0..x1 sees the fine units x0 * a + b .. x1 * a + c of the other axis, where
/// f fine units make a unit and m = B * f of them a block. Everything is linear in the block
/// number, so sums over blocks are floor sums between thresholds.
struct Cover {
  std::int64_t X, A, Y, B;
  std::int64_t a, b, c, f;

  std::int64_t m() const { return B * f; }
  std::int64_t blocks() const { return ceil_quotient(X, A); }
  std::int64_t last_other_block() const { return ceil_quotient(Y, B) - 1; }

  /// Smallest block number whose first (last) unit maps to at least `fine`.
  std::int64_t first_reaches(std::int64_t fine) const { return ceil_quotient(fine - b, A * a); }
  std::int64_t last_reaches(std::int64_t fine) const {
    return ceil_quotient(fine - c + a, A * a) - 1;
  }

  bool sees(std::int64_t x0, std::int64_t x1) const {
    return x1 * a + c >= 0 && x0 * a + b < Y * f;
  }

  /// Units of the other axis in the blocks that units x0..x1 see.
  std::uint64_t covered(std::int64_t x0, std::int64_t x1) const {
    if (!sees(x0, x1)) return 0;
    const std::int64_t first = std::max<std::int64_t>(0, floor_quotient(x0 * a + b, m()));
    const std::int64_t last = std::min(last_other_block(), floor_quotient(x1 * a + c, m()));
    return static_cast<std::uint64_t>(std::min(Y, B * (last + 1)) - B * first);
  }

  /// Blocks of the other axis that units x0..x1 see.
  std::uint64_t touched(std::int64_t x0, std::int64_t x1) const {
    return static_cast<std::uint64_t>(ceil_quotient(static_cast<std::int64_t>(covered(x0, x1)), B));
  }

  std::int64_t last_begin() const { return (blocks() - 1) * A; }

  /// Sum of covered() over all blocks.
  std::uint64_t total() const { return whole_blocks(B, Y) + covered(last_begin(), X - 1); }

  /// Sum of touched() over all blocks.
  std::uint64_t total_blocks() const {
    return whole_blocks(1, last_other_block() + 1) + touched(last_begin(), X - 1);
  }

  /// Sum over all blocks but the last, where a block of the other axis counts `unit` and all of
  /// them `all`.
  std::uint64_t whole_blocks(std::int64_t unit, std::int64_t all) const {
    const std::int64_t whole = blocks() - 1;  // the last block is clipped: it is added by itself
    const std::int64_t begin = std::clamp<std::int64_t>(last_reaches(0), 0, whole);
    const std::int64_t end = std::clamp(first_reaches(Y * f), begin, whole);
    // Ends: unit * (block + 1) while the last visited block is not the other axis' last one, then
    // all.
    const std::int64_t to_edge = std::clamp(last_reaches(last_other_block() * m()), begin, end);
    std::uint64_t sum = static_cast<std::uint64_t>(end - to_edge) * static_cast<std::uint64_t>(all);
    sum += static_cast<std::uint64_t>(unit) *
           (floor_sum(to_edge - begin, m(), A * a, (begin + 1) * A * a - a + c) +
            static_cast<std::uint64_t>(to_edge - begin));
    // Starts: 0 until the first visited unit is positive.
    const std::int64_t from_edge = std::clamp(first_reaches(0), begin, end);
    sum -= static_cast<std::uint64_t>(unit) *
           floor_sum(end - from_edge, m(), A * a, from_edge * A * a + b);
    return sum;
  }
};

Cover rows_see_columns(const Band& s, std::int64_t Br, std::int64_t Bc) {
  return {.X = s.rows,
          .A = Br,
          .Y = s.cols,
          .B = Bc,
          .a = 1,
          .b = s.lo * s.row_group,
          .c = s.hi * s.row_group,
          .f = s.row_group};
}

Cover columns_see_rows(const Band& s, std::int64_t Br, std::int64_t Bc) {
  const std::int64_t g = s.row_group;
  return {.X = s.cols,
          .A = Bc,
          .Y = s.rows,
          .B = Br,
          .a = g,
          .b = -s.hi * g,
          .c = -s.lo * g + g - 1,
          .f = 1};
}

}  // namespace

ClosedForm sum(ClosedForm first, const ClosedForm& second) {
  for (const ClosedFormTerm& term : second) {
    const auto same = std::find_if(first.begin(), first.end(), [&](const ClosedFormTerm& other) {
      return other.tensor == term.tensor;
    });
    if (same == first.end()) {
      first.push_back(term);
    } else {
      same->read += term.read;
      same->written += term.written;
    }
  }
  return first;
}

std::uint64_t floor_sum(std::int64_t n, std::int64_t m, std::int64_t a, std::int64_t b) {
  std::uint64_t sum = 0;
  while (n > 0) {
    const auto un = static_cast<std::uint64_t>(n);
    sum += un * (un - 1) / 2 * static_cast<std::uint64_t>(a / m);
    sum += un * static_cast<std::uint64_t>(b / m);
    a %= m;
    b %= m;
    // Count lattice points below the line along the other axis.
    const std::int64_t top = a * n + b;
    if (top < m) break;
    n = top / m;
    b = top % m;
    std::swap(m, a);
  }
  return sum;
}

Band band_of(const Workload& w, std::int64_t row_group) {
  const std::int64_t shift = w.seqlen_kv - w.seqlen_q;
  Band band{.rows = w.seqlen_q * row_group,
            .cols = w.seqlen_kv,
            .lo = -w.seqlen_q,
            .hi = w.seqlen_kv,
            .row_group = row_group};
  if (w.window_left) band.lo = std::max(band.lo, shift - *w.window_left);
  if (w.window_right) band.hi = std::min(band.hi, shift + *w.window_right);
  if (w.causal) band.hi = std::min(band.hi, shift);
  return band;
}

std::uint64_t visited_columns(const Band& band, std::int64_t Br, std::int64_t Bc) {
  return rows_see_columns(band, Br, Bc).total();
}

std::uint64_t visited_rows(const Band& band, std::int64_t Br, std::int64_t Bc) {
  return columns_see_rows(band, Br, Bc).total();
}

std::uint64_t visited_elements(const Band& band, std::int64_t Br, std::int64_t Bc) {
  const Cover cover = rows_see_columns(band, Br, Bc);
  const std::int64_t begin = cover.last_begin();
  const std::uint64_t last = cover.covered(begin, band.rows - 1);
  return static_cast<std::uint64_t>(Br) * (cover.total() - last) +
         static_cast<std::uint64_t>(band.rows - begin) * last;
}

std::uint64_t visited_tiles(const Band& band, std::int64_t Br, std::int64_t Bc) {
  return rows_see_columns(band, Br, Bc).total_blocks();
}

std::uint64_t seeing_rows(const Band& band, std::int64_t Br) {
  const Cover cover = rows_see_columns(band, Br, band.cols);
  const std::int64_t whole = cover.blocks() - 1;
  const std::int64_t begin = std::clamp<std::int64_t>(cover.last_reaches(0), 0, whole);
  const std::int64_t end = std::clamp(cover.first_reaches(cover.Y * cover.f), begin, whole);
  const std::int64_t last = cover.sees(whole * Br, band.rows - 1) ? band.rows - whole * Br : 0;
  return static_cast<std::uint64_t>((end - begin) * Br + last);
}

}  // namespace attnsim
