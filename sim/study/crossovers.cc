#include "sim/study/crossovers.h"

#include <algorithm>
#include <utility>

#include "sim/core/error.h"

namespace attnsim::study {
namespace {

/// An algorithm that can still be the least of a stretch, and its words at both ends.
struct Candidate {
  std::size_t algorithm;
  std::uint64_t at_from, at_to;
};

class Search {
 public:
  explicit Search(const std::vector<FallingWords>& algorithms) : algorithms_(algorithms) {}

  std::vector<Stretch> over(SizeRange range) {
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < algorithms_.size(); ++i) {
      all.push_back({i, algorithms_[i](range.from), algorithms_[i](range.to)});
    }
    visit(range, std::move(all));
    return std::move(stretches_);
  }

 private:
  void visit(SizeRange range, std::vector<Candidate> candidates) {
    std::uint64_t least = kCannotRun;
    for (const Candidate& c : candidates) least = std::min(least, c.at_from);
    // Who moves more at the end than the least at the beginning is behind it throughout.
    std::erase_if(candidates, [least](const Candidate& c) { return c.at_to > least; });
    const bool level =
        std::ranges::all_of(candidates, [](const Candidate& c) { return c.at_from == c.at_to; });
    const bool alone = candidates.size() == 1 && least != kCannotRun;
    if (level || alone || range.from == range.to) {
      append(range.from, least, candidates);
      return;
    }
    const std::uint64_t middle = range.from + (range.to - range.from) / 2;
    std::vector<Candidate> upper = candidates;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const FallingWords& words = algorithms_[candidates[i].algorithm];
      candidates[i].at_to = words(middle);
      upper[i].at_from = words(middle + 1);
      const Candidate& lower = candidates[i];
      ATTNSIM_CHECK(lower.at_from >= lower.at_to && lower.at_to >= upper[i].at_from &&
                        upper[i].at_from >= upper[i].at_to,
                    "more memory, and more words moved");
    }
    visit({range.from, middle}, std::move(candidates));
    visit({middle + 1, range.to}, std::move(upper));
  }

  void append(std::uint64_t from, std::uint64_t least, const std::vector<Candidate>& candidates) {
    Stretch stretch{.from = from};
    for (const Candidate& c : candidates) {
      if (c.at_from == least && least != kCannotRun) stretch.least.push_back(c.algorithm);
    }
    if (stretches_.empty() || stretches_.back().least != stretch.least) {
      stretches_.push_back(std::move(stretch));
    }
  }

  const std::vector<FallingWords>& algorithms_;
  std::vector<Stretch> stretches_{};
};

}  // namespace

std::vector<Stretch> least_stretches(const std::vector<FallingWords>& algorithms, SizeRange range) {
  ATTNSIM_CHECK(range.from <= range.to, "no sizes");
  return Search(algorithms).over(range);
}

std::optional<Overtaking> overtaking(const FallingWords& a, const FallingWords& b,
                                     SizeRange range) {
  const std::vector<Stretch> stretches = least_stretches({a, b}, range);
  const auto only = [](std::size_t who) {
    return [who](const Stretch& s) { return s.least == std::vector{who}; };
  };
  const auto behind = std::find_if(stretches.rbegin(), stretches.rend(), only(1)).base();
  if (behind == stretches.begin()) return std::nullopt;  // b was never ahead
  if (std::find_if(behind, stretches.end(), only(0)) == stretches.end()) return std::nullopt;
  const auto first = std::ranges::find_if(
      stretches, [](const Stretch& s) { return !s.least.empty() && s.least.front() == 0; });
  return Overtaking{.from = behind->from, .first = first->from};
}

}  // namespace attnsim::study
