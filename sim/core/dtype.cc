#include "sim/core/dtype.h"

namespace attnsim {
namespace {

constexpr std::string_view kNames[kDTypeCount] = {"fp64",     "fp32",  "fp16",  "bf16", "fp8_e4m3",
                                                  "fp8_e5m2", "int64", "int32", "int8", "tf32"};

}  // namespace

std::string_view name(DType dtype) { return kNames[static_cast<int>(dtype)]; }

std::optional<DType> dtype_from_name(std::string_view text) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (kNames[i] == text) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::span<const std::string_view> dtype_names() { return kNames; }

}  // namespace attnsim
