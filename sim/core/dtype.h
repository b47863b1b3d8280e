// Element types of tensors and tiles, and how many bits each occupies in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace attnsim {

/// tf32 is fp32 in memory, of which the matrix unit takes 10 bits of the fraction.
enum class DType : std::uint8_t { f64, f32, f16, bf16, fp8_e4m3, fp8_e5m2, i64, i32, i8, tf32 };

inline constexpr int kDTypeCount = 10;

/// Size of one element in bits.
constexpr int bits(DType dtype) {
  constexpr int kBits[kDTypeCount] = {64, 32, 16, 16, 8, 8, 64, 32, 8, 32};
  return kBits[static_cast<int>(dtype)];
}

/// The name used in configuration files and results: fp64, fp32, fp16, bf16, fp8_e4m3, ...
std::string_view name(DType dtype);

/// The inverse of name(); empty when there is no such type.
std::optional<DType> dtype_from_name(std::string_view text);

/// All names, in declaration order.
std::span<const std::string_view> dtype_names();

}  // namespace attnsim
