// A what-if study as plain data: what it varies, and what one of its points answers in short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attnsim {

/// One direction of a study. What is zipped advances together and is one axis of several paths.
struct StudyAxis {
  std::vector<std::string> paths{};                // workload.seqlen ...
  std::vector<std::vector<std::string>> values{};  // by step, then by path, as a user writes them
};

/// What one point answers, in the words of results.csv.
struct PointSummary {
  std::string no_result{};  // why there is none: nothing fits, no released tiles; empty: there is
  bool fits = false;        // every memory holds what the run puts into it
  std::string tiles{};      // Br 128 Bc 64
  std::string memory{};     // the boundary outside the cores, named by its outer memory
  std::uint64_t bytes = 0;  // that cross it, read and written
  std::uint64_t words = 0;  // the same
  std::string home{};       // the outermost memory
  std::uint64_t home_bytes = 0;  // that reach it
  std::optional<double> seconds{}, tflops{};
  std::string limiter{};
  std::string no_time{};  // why there is none, where it was asked for
  std::optional<double> joules{};
};

/// One point of a study, answered.
struct StudyRow {
  std::uint64_t point = 0;
  std::vector<std::string> values{};  // by path, in the order of the axes
  PointSummary summary{};
};

}  // namespace attnsim
