#include "sim/machine/cache/ordered_sets.h"

namespace attnsim::machine {

std::uint64_t OrderedSets::numbered(std::uint64_t key) {
  const auto [it, inserted] = numbers_.try_emplace(key, kFirstNumbered + large_keys_.size());
  if (inserted) large_keys_.push_back(key);
  return it->second;
}

void OrderedSets::translate(const std::vector<std::uint64_t>& keys_by_tag) {
  for (std::uint64_t& word : words_) {
    if (word == kEmpty) continue;
    const Victim line = victim(word, 0);
    const std::uint64_t by = line.tag < keys_by_tag.size() ? keys_by_tag[line.tag] : 0;
    word = pack(line.key + by, line.tag);
  }
}

Victim OrderedSets::invalidate(std::uint32_t set, std::uint64_t key, std::uint16_t tag) {
  std::uint64_t* words = at(set);
  const std::uint32_t way = find(words, pack(key, tag));
  if (way >= ways_) return {};
  const Victim out = victim(set, way);
  std::copy(words + way + 1, words + ways_, words + way);
  words[ways_ - 1] = kEmpty;
  const std::uint64_t newer = (std::uint64_t{1} << way) - 1;
  dirty_[set] = (dirty_[set] & newer) | (dirty_[set] >> 1 & ~newer);
  return out;
}

bool OrderedSets::mark_dirty(std::uint32_t set, std::uint64_t key, std::uint16_t tag) {
  const std::uint32_t way = find(at(set), pack(key, tag));
  if (way >= ways_) return false;
  set_dirty(set, way, true);
  return true;
}

}  // namespace attnsim::machine
