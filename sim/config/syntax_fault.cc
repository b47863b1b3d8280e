#include "sim/config/syntax_fault.h"

#include <cstddef>
#include <utility>

#include "sim/config/text_check.h"

namespace attnsim::config {
namespace {

constexpr std::string_view kOpenMap = "end of map flow not found";
constexpr std::string_view kOpenSequence = "end of sequence flow not found";
constexpr std::string_view kOpenQuote = "illegal EOF in scalar";

struct Rewording {
  std::string_view theirs;
  std::string_view ours;
};

constexpr Rewording kRewordings[] = {
    {kOpenMap, "not valid YAML: '{' without its '}'"},
    {kOpenSequence, "not valid YAML: '[' without its ']'"},
    {kOpenQuote, "not valid YAML: a quote without its end"},
    {"illegal flow end", "not valid YAML: ']' or '}' without its start"},
    {"illegal map value",
     "not valid YAML: a second ':' in one entry; quote a text that contains it"},
    {"the referenced anchor is not defined", "aliases (*) are not supported"},
};

std::string reword(std::string_view theirs) {
  for (const Rewording& r : kRewordings) {
    if (theirs == r.theirs) return std::string(r.ours);
  }
  return "not valid YAML: " + std::string(theirs);
}

}  // namespace

void add_syntax_fault(std::string_view words, Position at, const ParserState& state,
                      std::string_view text, Faults& faults) {
  if (const std::size_t tab = indenting_tab(line_of(text, at.line)); tab != 0) {
    at.column = static_cast<int>(tab);
    faults.add(at, "", "not valid YAML: a tab in the indentation; use spaces");
    return;
  }
  // What has no end is best shown at its start; the parser names the end of the file.
  const Position* start = nullptr;
  if (words == kOpenMap || words == kOpenSequence) start = state.collection;
  if (words == kOpenQuote) start = state.key;
  faults.add(start != nullptr ? *start : at, state.path, reword(words));
}

}  // namespace attnsim::config
