// What every fuzz target does with its input: whatever it holds, the only answers are a result and
// a UserError. Anything else is a find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "sim/core/error.h"

namespace attnsim::fuzz {

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return std::string(reinterpret_cast<const char*>(data), size);
}

/// Runs a reader on an input; a refusal with a message is fine.
template <typename Read>
int expect_result_or_refusal(const Read& read) {
  try {
    read();
  } catch (const UserError& error) {
    if (error.diagnostics().empty() || error.diagnostics()[0].message.empty()) __builtin_trap();
  }
  return 0;
}

}  // namespace attnsim::fuzz
