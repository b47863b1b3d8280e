// Things in flight by their numbers, which rise without end: a ring that holds the last few.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace attnsim::replay::time {

template <typename T>
class NumberedRing {
 public:
  /// REQUIRES: a power of two, or 0 for a ring that is not used yet.
  explicit NumberedRing(std::size_t size = 0) : slots_(size) {}

  std::uint32_t size() const { return static_cast<std::uint32_t>(slots_.size()); }
  T& operator[](std::uint32_t number) { return slots_[number & (size() - 1)]; }
  const T& operator[](std::uint32_t number) const { return slots_[number & (size() - 1)]; }

  /// Doubles; what numbers begin .. end - 1 name stays.
  void grow(std::uint32_t begin, std::uint32_t end) {
    NumberedRing larger(slots_.size() * 2);
    for (std::uint32_t i = begin; i != end; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger.slots_);
  }

 private:
  std::vector<T> slots_;
};

}  // namespace attnsim::replay::time
