#include "sim/core/source_rule.h"

namespace attnsim {

bool matches(std::string_view pattern, std::string_view text) {
  // Greedy with one way back: a later `*` never needs an earlier one to take more.
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.substr(p).find_first_not_of('*') == std::string_view::npos;
}

const SourceRule* find_rule(const std::vector<SourceRule>& rules, std::string_view source,
                            std::string_view algorithm, std::string_view variant,
                            std::string_view hardware, const RowDetails& details) {
  for (const SourceRule& rule : rules) {
    const bool detailed = (!rule.head_dim || rule.head_dim == details.head_dim) &&
                          (!rule.causal || rule.causal == details.causal) &&
                          matches(rule.ref, details.ref);
    if (detailed && matches(rule.source, source) && matches(rule.algorithm, algorithm) &&
        matches(rule.variant, variant) && matches(rule.hardware, hardware)) {
      return &rule;
    }
  }
  return nullptr;
}

const SourceRule* find_baseline_rule(const std::vector<SourceRule>& rules, std::string_view source,
                                     std::string_view algorithm, std::string_view hardware) {
  const SourceRule* first = nullptr;
  for (const SourceRule& rule : rules) {
    if (!matches(rule.source, source) || !matches(rule.algorithm, algorithm) ||
        !matches(rule.hardware, hardware)) {
      continue;
    }
    if (rule.unsupported.empty()) return &rule;
    if (first == nullptr) first = &rule;
  }
  return first;
}

}  // namespace attnsim
