// How the state of a set-associative cache is compared with a translated one, and translated.
#include "sim/core/error.h"
#include "sim/machine/cache/set_cache.h"

namespace attnsim::machine {

/// A hash scatters a translated tile; units of sectored lines, and lines tied to other caches, have
/// state beside the sets.
Recurring* SetCache::recurring() {
  const bool sets_tell = ordered_sets_ || policy_sets_->states_are_visible();
  const bool alone = listener_ == nullptr && config_.sectors == 1 && shadow_ == nullptr;
  return sets_tell && alone && !keyed_by_line_ ? this : nullptr;
}

void SetCache::snapshot(const LinesByTag& origin, std::vector<std::uint64_t>& out) {
  if (ordered_sets_) {
    append_sets(*ordered_sets_, origin, out);
  } else {
    append_sets(*policy_sets_, origin, out);
  }
}

/// Per class of equal sets: where it starts, and the state of its sets. Neighbours that are equal
/// are one class here, whether or not they have been merged.
template <typename Sets>
void SetCache::append_sets(const Sets& sets, const LinesByTag& origin,
                           std::vector<std::uint64_t>& out) const {
  std::vector<std::uint64_t> previous;
  std::vector<std::uint64_t> state;
  for (std::uint32_t set = 0; set < sets_;) {
    state.clear();
    sets.append_state(set, state, [&](std::uint64_t key, std::uint16_t tag) {
      return key * sets_ - origin[tag];
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
    ATTNSIM_CHECK(lines % sets_ == 0, "a translation keeps lines in their sets");
    keys.push_back(lines / sets_);
  }
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
