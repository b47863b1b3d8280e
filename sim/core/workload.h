// What is computed: the shapes, dtype and mask of one attention call.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/core/dtype.h"
#include "sim/core/mask_spec.h"

namespace attnsim {

enum class Pass : std::uint8_t { forward, backward, forward_backward };

std::string_view name(Pass pass);

/// Each element of P is dropped with this probability, the others are scaled by 1 / (1 -
/// probability); which ones is a pure function of the seed and the element's place.
struct DropoutSpec {
  double probability = 0;
  std::uint64_t seed = 0;

  explicit operator bool() const { return probability > 0; }
  bool operator==(const DropoutSpec&) const = default;
};

/// Shapes: Q [batch, heads, seqlen_q, head_dim], K [batch, kv_heads, seqlen_kv, head_dim],
/// V [batch, kv_heads, seqlen_kv, head_dim_v], O [batch, heads, seqlen_q, head_dim_v].
///
/// The mask is aligned bottom-right: with shift = seqlen_kv - seqlen_q, query row r sees key c iff
/// r + shift - window_left <= c <= r + shift + window_right. An absent side is unbounded; causal
/// bounds the right side by 0. A query row that sees no key has O = 0 and LSE = -inf.
struct Workload {
  std::int64_t batch = 1;
  std::int64_t heads = 1;
  std::int64_t kv_heads = 1;  // divides heads; smaller than heads means GQA (1: MQA)
  std::int64_t seqlen_q = 1;
  std::int64_t seqlen_kv = 1;
  std::int64_t head_dim = 64;
  std::int64_t head_dim_v = 64;
  DType dtype = DType::f16;
  bool causal = false;
  std::optional<std::int64_t> window_left{};
  std::optional<std::int64_t> window_right{};
  std::optional<MaskSpec> mask{};  // block mask, on top of the limits above
  DropoutSpec dropout{};
  Pass pass = Pass::forward;
  /// Keys at the start of each sequence that all of the batch share: their rows of K and V are the
  /// same. At most seqlen_kv; forward only, without a block mask.
  std::int64_t prefix = 0;

  bool runs_forward() const { return pass != Pass::backward; }
  bool runs_backward() const { return pass != Pass::forward; }

  std::int64_t query_planes() const { return batch * heads; }
  std::int64_t kv_planes() const { return batch * kv_heads; }
  /// Query heads that share one KV head.
  std::int64_t group() const { return heads / kv_heads; }
  bool masked() const { return causal || window_left || window_right || mask; }
  /// Size of one word in bits.
  int word_bits() const { return bits(dtype); }

  bool operator==(const Workload&) const = default;
};

}  // namespace attnsim
