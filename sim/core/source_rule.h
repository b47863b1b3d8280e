// How the rows of a source of measurements are simulated: which algorithm with which parameters, at
// which clock, and what is known of the conditions they were taken under.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/run_spec.h"

namespace attnsim {

/// A rule for the rows that match its five patterns, in which `*` stands for any text.
struct SourceRule {
  std::string source = "*", algorithm = "*", variant = "*", hardware = "*";
  std::string ref = "*";                   // the table, figure or file in the source
  std::optional<std::int64_t> head_dim{};  // of the rows; absent: any
  std::optional<bool> causal{};

  std::string unsupported{};  // why the rows are not simulated; empty: they are
  std::string simulate{};     // id of the algorithm that stands for the kernel measured
  std::optional<AlgorithmChoice> forward{};   // absent: the catalogue has no such algorithm
  std::optional<AlgorithmChoice> backward{};  // of runs with a backward pass
  std::optional<double> clock{};              // hertz, where the row states none
  double host_overhead = 0;                   // seconds in each time beside the kernels'
  bool conditions_stated = false;      // the source says how it measured, or wrote the kernel
  std::vector<std::string> ignores{};  // parameters of a row that a run may leave out
  std::string why{};
};

/// True when the text is the pattern with every `*` replaced by some text.
bool matches(std::string_view pattern, std::string_view text);

/// What a rule may ask of a row beside what every row has: where it stands, and its shape.
struct RowDetails {
  std::optional<std::int64_t> head_dim{};
  std::optional<bool> causal{};
  std::string_view ref{};
};

/// The first rule that matches, or nullptr. A rule that asks for more details than are given does
/// not.
const SourceRule* find_rule(const std::vector<SourceRule>& rules, std::string_view source,
                            std::string_view algorithm, std::string_view variant,
                            std::string_view hardware, const RowDetails& details = {});

/// The rule for an algorithm that a source compares with, whichever variant it is: the first one
/// that simulates it, else the first that matches, or nullptr.
const SourceRule* find_baseline_rule(const std::vector<SourceRule>& rules, std::string_view source,
                                     std::string_view algorithm, std::string_view hardware);

}  // namespace attnsim
