// YAML text -> Node tree. The only place that sees the YAML package.
//
// A deliberate subset of YAML 1.2: one document of maps, lists and scalars; JSON is part of it.
// Refused with their position: anchors, aliases, tags, merge keys (<<), duplicate keys, keys that
// are not plain text, several documents, nesting deeper than 32, tabs as indentation, and bytes
// that are not UTF-8 text. Nothing is converted: numbers stay text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/config/faults.h"
#include "sim/config/node.h"

namespace attnsim::config {

/// Parses the contents of a file. `path` is where the document stands in the whole configuration
/// ("hardware" for a machine file) and begins the paths in messages. Empty when the text is
/// no usable document; the reasons are in `faults` then. Duplicate keys are faults, too, but leave
/// a usable document: the first one counts.
std::optional<Node> parse_yaml(std::string_view text, const std::string& file,
                               const std::string& path, Faults& faults);

/// Parses one value given on the command line: `{Br: 64}`, `[1, 2]`, `"quoted"`, or else the text
/// itself as a plain scalar. Every part of it stands at `at`.
std::optional<Node> parse_value(std::string_view text, const Position& at, const std::string& path,
                                Faults& faults);

}  // namespace attnsim::config
