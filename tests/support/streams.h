// Two access streams of attention whose cache counts are known, made afresh on every call.
//
// Lines of 64 bytes, elements of 2 bytes, head dimension 64, tiles of 64 x 64, N = 1024: a row of
// Q, K, V, O is 2 lines, a tile 128 lines, a matrix 2048 lines, a row of S or P 32 lines. Heads
// follow each other without a gap, from byte address 0x10000000 on; so do the arrays of a head, in
// the order in which they are named. The tag of an access is the position of its array.
//
// flash_attention_stream   FlashAttention-1 forward, K and V outside (Dao et al., arXiv 2205.14135,
//                          Algorithm 1). Arrays Q, K, V, O, l, m.
// standard_stream          three passes with S and P in memory (ibid., Algorithm 0). Arrays Q, K,
//                          V, O, S, P; a tile of S or P is 64 rows of 2 lines.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/machine/cache/cache.h"

namespace attnsim::test {

inline constexpr std::uint16_t kStreamTags = 6;

using Stream = std::vector<machine::LineAccess>;

std::vector<machine::RectAccess> flash_attention_stream(int heads = 64);
std::vector<machine::RectAccess> standard_stream(int heads = 32);

/// The same accesses, every row by itself.
std::vector<machine::LineAccess> rows_of(const std::vector<machine::RectAccess>& stream);

std::uint64_t lines_of(const std::vector<machine::LineAccess>& rows);

/// FNV-1a over one record per line: its byte address with the write bit in bit 0, little-endian.
/// The offset basis is the common variant 1469598103934665603.
std::uint64_t check_value(const std::vector<machine::LineAccess>& rows);

}  // namespace attnsim::test
