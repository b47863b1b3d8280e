#include "sim/replay/time/cycle.h"

#include <algorithm>
#include <array>
#include <utility>

namespace attnsim::replay::time {
namespace {

constexpr std::size_t kMostAlike = 4;  // cycles with one start
constexpr int kMostInVain = 4;

}  // namespace

bool alike(const TileOp& a, const TileOp& b) {
  return a.op == b.op && a.agent == b.agent && a.flags == b.flags && a.dtype == b.dtype &&
         a.tensor == b.tensor && a.role == b.role && a.operand_dtype == b.operand_dtype &&
         a.m == b.m && a.n == b.n && a.k == b.k && std::equal(a.t, a.t + 4, b.t);
}

/// Four lanes at once: one multiplication waits for the one before it.
std::uint64_t CycleBook::hash(const Signature& signature) {
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15U;
  constexpr std::size_t kLanes = 4;
  std::array<std::uint64_t, kLanes> lanes{1, 2, 3, 4};
  const auto mix = [](std::uint64_t lane, std::int64_t part) {
    lane = (lane ^ static_cast<std::uint64_t>(part)) * kFactor;
    return lane ^ lane >> 32;
  };
  const std::size_t whole = signature.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = mix(lanes[lane], signature[i + lane]);
    }
  }
  std::uint64_t value = signature.size();
  for (std::size_t i = whole; i < signature.size(); ++i) value = mix(value, signature[i]);
  for (const std::uint64_t lane : lanes) value = mix(value, static_cast<std::int64_t>(lane));
  return value;
}

std::span<const Cycle* const> CycleBook::find(const Signature& signature,
                                              std::uint64_t hash) const {
  const auto it = by_hash_.find(hash);
  if (it == by_hash_.end() || it->second.front()->signature != signature) return {};
  return it->second;
}

const Cycle& CycleBook::add(Cycle cycle) {
  all_.push_back(std::make_unique<const Cycle>(std::move(cycle)));
  const Cycle& added = *all_.back();
  std::vector<const Cycle*>& same = by_hash_[hash(added.signature)];
  if (!same.empty() && same.front()->signature != added.signature) same.clear();
  same.insert(same.begin(), &added);
  if (same.size() > kMostAlike) same.pop_back();
  return added;
}

void CycleBook::went_through(const Cycle& cycle, std::int64_t rounds) {
  int& in_vain = in_vain_[&cycle];
  in_vain = rounds > 0 ? 0 : in_vain + 1;
  if (in_vain < kMostInVain) return;
  const auto it = by_hash_.find(hash(cycle.signature));
  if (it == by_hash_.end()) return;
  std::erase(it->second, &cycle);
  if (it->second.empty()) by_hash_.erase(it);
}

}  // namespace attnsim::replay::time
