// Exact I/O as a formula: what an algorithm says it moves, without running anything.
//
// Nothing here knows about tiles of a trace or runs of a mask: reference, closed form and trace
// share no code, so that their agreement means something.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/core/dtype.h"
#include "sim/core/workload.h"

namespace attnsim {

/// Elements of one tensor that cross the boundary just outside the on-chip memories.
struct ClosedFormTerm {
  std::string_view tensor;
  DType dtype = DType::f16;
  std::uint64_t read = 0;
  std::uint64_t written = 0;
};

using ClosedForm = std::vector<ClosedFormTerm>;

/// What two programs move that run one after the other: terms of one tensor are added up.
ClosedForm sum(ClosedForm first, const ClosedForm& second);

/// Sum over 0 <= i < n of floor((a i + b) / m), in O(log). REQUIRES: n, a, b >= 0, m > 0.
std::uint64_t floor_sum(std::int64_t n, std::int64_t m, std::int64_t a, std::int64_t b);

/// A band of visible elements in a rows x cols score matrix: (r, c) is visible iff
/// lo <= c - floor(r / row_group) <= hi.
struct Band {
  std::int64_t rows = 0, cols = 0;
  std::int64_t lo = 0, hi = 0;
  std::int64_t row_group = 1;
};

/// The band of a workload's mask, for one (packed) plane.
Band band_of(const Workload& workload, std::int64_t row_group = 1);

/// Cut the rows into blocks of Br and the columns into blocks of Bc; a block pair is visited when
/// one of its elements is visible. Sum over visited pairs (i, j) of the columns of j.
/// O(log) per linear piece of the band's edges; needs no enumeration of blocks.
std::uint64_t visited_columns(const Band& band, std::int64_t Br, std::int64_t Bc);

/// The same sum of the rows of i.
std::uint64_t visited_rows(const Band& band, std::int64_t Br, std::int64_t Bc);

/// The same sum of the elements of (i, j); with blocks of 1 x 1, the visible elements.
std::uint64_t visited_elements(const Band& band, std::int64_t Br, std::int64_t Bc);

/// Visited pairs (i, j).
std::uint64_t visited_tiles(const Band& band, std::int64_t Br, std::int64_t Bc);

/// Rows of the row blocks that see any column.
std::uint64_t seeing_rows(const Band& band, std::int64_t Br);

}  // namespace attnsim
