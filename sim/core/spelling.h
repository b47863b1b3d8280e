// "did you mean": the closest valid name to a misspelt one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnsim {

/// The candidate with the smallest edit distance (insert, delete, replace, swap of neighbours; case
/// is ignored), or empty when none is within a third of the longer length. Ties: the first.
std::string nearest_name(std::string_view text, std::span<const std::string> candidates);

/// "; did you mean 'x'?" or "", followed by " (expected one of: a, b, c)" when the list is short.
std::string suggestion(std::string_view text, std::span<const std::string> candidates);

}  // namespace attnsim
