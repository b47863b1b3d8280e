// The complaints of the YAML parser in words that name the cause, at the place a reader looks at.
#pragma once

#include <string>
#include <string_view>

#include "sim/config/faults.h"
#include "sim/config/node.h"

namespace attnsim::config {

/// How far the parser got.
struct ParserState {
  const Position* collection = nullptr;  // start of the innermost open list or map
  const Position* key = nullptr;         // the key whose value was being read
  std::string path{};
};

/// Records what the parser said: its words, and the position it gave.
void add_syntax_fault(std::string_view words, Position at, const ParserState& state,
                      std::string_view text, Faults& faults);

}  // namespace attnsim::config
