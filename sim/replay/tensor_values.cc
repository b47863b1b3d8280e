#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/core/error.h"
#include "sim/replay/numbers.h"
#include "sim/replay/rounding.h"

namespace attnsim::replay {
namespace {

constexpr double kPoison = std::numeric_limits<double>::quiet_NaN();

std::uint64_t splitmix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

bool is_parameter(TensorRole role) {
  return role == TensorRole::query_parameter || role == TensorRole::value_parameter;
}

bool is_input(TensorRole role) {
  return role == TensorRole::query || role == TensorRole::key || role == TensorRole::value ||
         role == TensorRole::prefix_key || role == TensorRole::prefix_value ||
         role == TensorRole::d_output || role == TensorRole::query_tokens ||
         role == TensorRole::value_tokens || role == TensorRole::gate || is_parameter(role);
}

/// The row whose values a row of K or V has: its own, or that of the batch's first sequence.
std::int64_t common_row(const TensorDecl& t, std::int64_t row, const CommonRows& common) {
  const bool shared = t.role == TensorRole::key || t.role == TensorRole::value;
  if (!shared || row % t.rows >= common.rows) return row;
  return row / t.rows % common.planes * t.rows + row % t.rows;
}

}  // namespace

std::int64_t canonical_row(const TensorDecl& t, std::int64_t flat_row) {
  const std::int64_t plane = flat_row / t.rows;
  const std::int64_t row = flat_row % t.rows;
  const std::int64_t canonical_plane = plane * t.interleave + row % t.interleave;
  return canonical_plane * (t.rows / t.interleave) + row / t.interleave;
}

double input_value(std::uint64_t seed, std::uint64_t stream, std::uint64_t position) {
  const std::uint64_t bits = splitmix64(splitmix64(splitmix64(seed) ^ stream) ^ position);
  return static_cast<double>(bits >> 11) * 0x1p-52 - 1.0;
}

TensorValues::TensorValues(const Program& program) {
  for (const TensorDecl& t : program.tensors()) {
    values_.emplace_back(static_cast<std::size_t>(t.planes * t.rows * t.cols), kPoison);
  }
}

void TensorValues::fill_inputs(const Program& program, std::uint64_t seed, Arithmetic arithmetic,
                               const CommonRows& common) {
  const bool split = std::ranges::any_of(program.tensors(), [](const TensorDecl& t) {
    return t.role == TensorRole::prefix_key;  // K and V hold none of the common rows
  });
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const TensorDecl& t = program.tensors()[i];
    if (!is_input(t.role)) continue;
    const double scale = is_parameter(t.role) ? 1 / std::sqrt(static_cast<double>(t.rows)) : 1;
    for (std::int64_t row = 0; row < t.planes * t.rows; ++row) {
      const std::int64_t from = common_row(t, canonical_row(t, row), split ? CommonRows{} : common);
      const auto base = static_cast<std::uint64_t>(from * t.cols);
      for (std::int64_t col = 0; col < t.cols; ++col) {
        double x = scale * input_value(seed, static_cast<std::uint64_t>(t.role),
                                       base + static_cast<std::uint64_t>(col));
        if (t.role == TensorRole::gate) x = -(x + 1) / 2;
        if (arithmetic == Arithmetic::rounded) x = round_to(t.dtype, x);
        values_[i][static_cast<std::size_t>(row * t.cols + col)] = x;
      }
    }
  }
}

void TensorValues::set(std::size_t tensor, const TensorDecl& t, std::span<const double> canonical,
                       Arithmetic arithmetic) {
  ATTNSIM_CHECK(canonical.size() == values_[tensor].size(), t.name);
  for (std::int64_t row = 0; row < t.planes * t.rows; ++row) {
    const std::int64_t from = canonical_row(t, row);
    for (std::int64_t col = 0; col < t.cols; ++col) {
      const double x = canonical[static_cast<std::size_t>(from * t.cols + col)];
      values_[tensor][static_cast<std::size_t>(row * t.cols + col)] =
          arithmetic == Arithmetic::rounded ? round_to(t.dtype, x) : x;
    }
  }
}

std::vector<double> canonical_values(const TensorDecl& t, std::span<const double> values) {
  std::vector<double> out(values.size());
  for (std::int64_t row = 0; row < t.planes * t.rows; ++row) {
    const std::int64_t to = canonical_row(t, row);
    for (std::int64_t col = 0; col < t.cols; ++col) {
      out[static_cast<std::size_t>(to * t.cols + col)] =
          values[static_cast<std::size_t>(row * t.cols + col)];
    }
  }
  return out;
}

}  // namespace attnsim::replay
