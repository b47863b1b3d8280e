#include "sim/core/spelling.h"

#include <algorithm>
#include <cctype>

namespace attnsim {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// Damerau-Levenshtein distance (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> d((a.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return d[i * width + j]; };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return at(a.size(), b.size());
}

constexpr std::size_t kLongestName = 64;  // a 400-digit "name" deserves no quadratic search
constexpr std::size_t kShortList = 12;

}  // namespace

std::string nearest_name(std::string_view text, std::span<const std::string> candidates) {
  if (text.empty() || text.size() > kLongestName) return {};
  std::string best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t limit = std::max(text.size(), candidate.size()) / 3 + 1;
    const std::size_t d = distance(text, candidate);
    if (d <= limit && d < candidate.size() && (best.empty() || d < best_distance)) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string suggestion(std::string_view text, std::span<const std::string> candidates) {
  const std::string near = nearest_name(text, candidates);
  std::string out = near.empty() ? "" : "; did you mean '" + near + "'?";
  if (candidates.empty() || candidates.size() > kShortList) return out;
  out += " (expected one of: ";
  for (std::size_t i = 0; i < candidates.size(); ++i) out += (i > 0 ? ", " : "") + candidates[i];
  return out + ")";
}

}  // namespace attnsim
