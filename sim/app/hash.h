// Content hashes, stable across machines and versions.
#pragma once

#include <string>
#include <string_view>

namespace attnsim::app {

/// XXH64 with seed 0, as 16 hexadecimal digits.
std::string xxh64_hex(std::string_view text);

/// XXH3 of 128 bits, as 32 hexadecimal digits: for keys among millions of texts.
std::string xxh128_hex(std::string_view text);

}  // namespace attnsim::app
