// Numbers as people read them: binary prefixes for bytes, decimal ones for everything else. No
// locale is consulted, so the same number is the same text everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/params.h"
#include "sim/core/units.h"

namespace attnsim::report {

/// Exact, in groups of three: 18,446,744,073,709,551,615.
std::string thousands(std::uint64_t count);

/// One decimal and the largest binary unit that keeps it above one: 1023 B, 1.0 KiB, 80.0 GiB.
std::string human_bytes(Bytes bytes);
/// The same for an amount that is no count, such as a bound.
std::string human_bytes(double bytes);

/// Three significant digits and a decimal prefix: 0, 123, 1.23 k, 275 G. The unit is appended by
/// the caller: si(f) + "FLOP".
std::string si(double value);

/// Three significant digits and the prefix that fits: 1.23 ms, 16.0 ns, 0 s.
std::string human_seconds(double seconds);
std::string human_joules(double joules);

/// How many times over: x1.23, x12.3, x1,234. "-" where there is no ratio (0, negative, not
/// finite).
std::string ratio(double value);

/// A fraction of one as a percentage: 29.4 %, and < 0.1 % for what would read as nothing.
std::string percent(double fraction);

/// Exact with separators when integral and below 2^53; with one decimal where it is not integral
/// but at least 1,000; else six significant digits.
std::string number(double value);

/// True for a finite integral value that a double holds exactly (below 2^53 in magnitude).
bool is_exact_integer(double value);

/// A resolved parameter as a user would write it.
std::string param_text(const ParamValue& value);

std::string_view param_type_name(ParamType type);

/// "a, b, c".
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

}  // namespace attnsim::report
