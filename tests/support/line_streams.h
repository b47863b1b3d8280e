// Two access streams of attention that anyone can regenerate: fa (FlashAttention-1 forward, K and V
// in the outer loop) and std (standard attention in three passes with S and P in memory).
//
// Lines of 64 bytes; fp16 elements, d = 64, tiles of 64 rows (128 lines), N = 1024. Head h starts
// at 0x10000000 + h * size of a head; arrays follow each other without padding. Tags: the array.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/machine/cache.h"

namespace attnsim::test {

using Stream = std::vector<machine::LineAccess>;

/// Arrays Q, K, V, O, l, m are tags 0 to 5; l and m are fp32 vectors.
Stream fa_stream(int heads = 64);
/// Arrays Q, K, V, O, S, P are tags 0 to 5; S and P are fp16 N x N, row-major.
Stream std_stream(int heads = 32);

std::uint64_t line_count(const Stream& stream);

/// FNV-1a of every line access in order, as the 8 little-endian bytes of its byte address with bit
/// 0 set for a write. Basis 1469598103934665603.
std::uint64_t check_value(const Stream& stream);

}  // namespace attnsim::test
