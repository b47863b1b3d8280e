// Numbers inside one-line messages. No locale is consulted.
#pragma once

#include <cstdint>
#include <string>

namespace attnsim::study {

/// Exact, in groups of three: 1,234,567.
std::string count_text(std::uint64_t count);

/// Like count_text() for an integral value below 2^53; one decimal from 1,000 on, else up to six
/// significant digits: 2,406,400 12,345.7 2.5 0.00123.
std::string number_text(double value);

/// A fraction of one: 23.4 %, and < 0.1 % for what would read as nothing.
std::string percent_text(double fraction);

/// A factor, with at least two decimals: 1.00, 1.5 as 1.50, 1.025.
std::string factor_text(double factor);

}  // namespace attnsim::study
