// A study file, beside runs and checks (config.h): a base run, and axes of values that are set in
// it.
//
//   base: {extends: ../runs/flash_attention_2_gpt2.yaml}
//   axes:                                  # a grid: every value with every other one
//     algorithm: [standard, flash_attention_2]
//     hardware.memories.l2.capacity: [25 MiB .. 200 MiB log2]
//   zip:                                   # each group advances together: one more axis
//     - workload.seqlen: [512, 1024]
//       workload.batch: [32, 16]
//
// A value does what `--set path=value` does to the base run. Points are numbered from 0: the last
// axis varies fastest, and groups of zip follow the axes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/config/config.h"
#include "sim/core/study.h"

namespace attnsim::config {

/// More points are refused.
inline constexpr std::uint64_t kMostPoints = 1'000'000;

/// A study that was read. Copies share what was read; all members are safe to call from several
/// threads at once.
class Study {
 public:
  /// What load_study() builds.
  struct Data;
  explicit Study(std::shared_ptr<const Data> data);

  const std::vector<StudyAxis>& axes() const;
  /// Whether runtimes are asked for, beside counts.
  bool time() const;
  std::uint64_t points() const;
  /// The values of a point by path, in the order of the axes.
  std::vector<std::string> values(std::uint64_t point) const;
  /// The run of a point. Throws UserError with all its faults, each where its value was written.
  RunSpec run(std::uint64_t point) const;

 private:
  std::shared_ptr<const Data> data_;
};

/// Reads a study. Every value is tried once, beside the first value of every other axis, so that
/// all faults of base and values are reported at once; values that do not go together show when
/// the point is asked for.
Study load_study(const std::string& file, const Catalogue& catalogue, const SearchPath& search);
/// The same for the text of one. `name` stands for the file in messages.
Study load_study_text(const std::string& text, const std::string& name, const Catalogue& catalogue,
                      const SearchPath& search);

}  // namespace attnsim::config
