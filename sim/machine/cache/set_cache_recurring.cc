// How the state of a set-associative cache is compared with a translated one, and translated.
#include <algorithm>

#include "sim/core/error.h"
#include "sim/machine/cache/set_cache.h"

namespace attnsim::machine {

/// A hash scatters a translated tile; lines tied to other caches have state outside.
Recurring* SetCache::recurring() {
  const bool sets_tell = ordered_sets_ || policy_sets_->states_are_visible();
  const bool alone = listener_ == nullptr && shadow_ == nullptr;
  return sets_tell && alone && !keyed_by_line_ ? this : nullptr;
}

void SetCache::snapshot(const LinesByTag& origin, std::vector<std::uint64_t>& out,
                        LinesByTag& lowest) {
  if (ordered_sets_) {
    append_sets(*ordered_sets_, origin, out, lowest);
  } else {
    append_sets(*policy_sets_, origin, out, lowest);
  }
  const bool used = last_used_ != kNoLine;
  out.push_back(used ? last_used_ * config_.sectors - origin[last_used_tag_] : kNoLine);
}

/// Per class of equal sets: where it starts, and the state of its sets. Neighbours that are equal
/// are one class here, whether or not they have been merged.
template <typename Sets>
void SetCache::append_sets(const Sets& sets, const LinesByTag& origin,
                           std::vector<std::uint64_t>& out, LinesByTag& lowest) const {
  std::vector<std::uint64_t> previous;
  std::vector<std::uint64_t> state;
  for (std::uint32_t set = 0; set < sets_;) {
    state.clear();
    sets.append_state(set, state, [&](std::uint64_t key, std::uint16_t tag) {
      const std::uint64_t turn = key * sets_ * config_.sectors;
      lowest[tag] = std::min(lowest[tag], turn + std::uint64_t{set} * config_.sectors);
      return turn - origin[tag];
    });
    if (set == 0 || state != previous) {
      out.push_back(set);
      out.insert(out.end(), state.begin(), state.end());
      previous.swap(state);
    }
    set = classes_ ? classes_->end_of(set) : set + 1;
  }
}

void SetCache::translate(const LinesByTag& by) {
  LinesByTag keys;
  for (const std::uint64_t lines : by) {
    ATTNSIM_CHECK(lines % step() == 0, "a translation keeps lines in their sets");
    keys.push_back(lines / step());
  }
  if (last_used_ != kNoLine) last_used_ += by[last_used_tag_] / config_.sectors;
  if (ordered_sets_) {
    ordered_sets_->translate(keys);
  } else {
    policy_sets_->translate(keys);
  }
}

void SetCache::append_touched(LineRun lines, std::vector<std::uint64_t>& out) {
  touched_.append(lines, out);
}

}  // namespace attnsim::machine
