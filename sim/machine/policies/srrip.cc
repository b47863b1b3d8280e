// Static re-reference interval prediction, 2 bits, hit priority: Jaleel et al., "High performance
// cache replacement using re-reference interval prediction", ISCA 2010.
//
// A new line is predicted to be used again after a long interval (2), a line that hits at once (0).
// The victim is the lowest way of distant interval (3); while there is none, all ways age by one.
//
// Per set and value, a bitmap of the ways that have it.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "sim/machine/cache/replacement.h"

namespace attnsim::machine {
namespace {

class Srrip final : public ReplacementPolicy {
 public:
  explicit Srrip(const PolicyGeometry& g)
      : words_((g.ways + 63) / 64), bits_(std::size_t{g.sets} * words_ * kValues) {}

  void hit(std::uint32_t set, std::uint32_t way) override { predict(set, way, 0); }
  void fill(std::uint32_t set, std::uint32_t way) override { predict(set, way, 2); }

  std::uint32_t victim(std::uint32_t set) override {
    for (;;) {
      const std::uint64_t* distant = value(set, 3);
      for (std::uint32_t w = 0; w < words_; ++w) {
        if (distant[w] != 0) {
          return w * 64 + static_cast<std::uint32_t>(std::countr_zero(distant[w]));
        }
      }
      age(set);
    }
  }

  void copy_set(std::uint32_t from, std::uint32_t to) override {
    std::copy_n(value(from, 0), kValues * words_, value(to, 0));
  }

  bool same_set(std::uint32_t a, std::uint32_t b) const override {
    return std::equal(value(a, 0), value(a, 0) + kValues * words_, value(b, 0));
  }

  bool append_state(std::uint32_t set, std::vector<std::uint64_t>& out) const override {
    out.insert(out.end(), value(set, 0), value(set, 0) + kValues * words_);
    return true;
  }

 private:
  static constexpr std::size_t kValues = 4;

  void predict(std::uint32_t set, std::uint32_t way, std::size_t interval) {
    const std::uint64_t bit = std::uint64_t{1} << (way % 64);
    std::uint64_t* word = value(set, 0) + way / 64;
    for (std::size_t v = 0; v < kValues; ++v) word[v * words_] &= ~bit;
    word[interval * words_] |= bit;
  }

  /// REQUIRES: no way of distant interval.
  void age(std::uint32_t set) {
    std::copy_backward(value(set, 0), value(set, 3), value(set, 3) + words_);
    std::fill_n(value(set, 0), words_, 0);
  }

  std::uint64_t* value(std::uint32_t set, std::size_t v) {
    return bits_.data() + (set * kValues + v) * words_;
  }
  const std::uint64_t* value(std::uint32_t set, std::size_t v) const {
    return bits_.data() + (set * kValues + v) * words_;
  }

  std::uint32_t words_;
  std::vector<std::uint64_t> bits_;
};

ATTNSIM_REGISTER_POLICY("srrip",
                        PolicyInfo{"re-reference interval prediction, 2 bits, insertion at 2",
                                   [](const PolicyGeometry& g) {
                                     return std::unique_ptr<ReplacementPolicy>(new Srrip(g));
                                   }});

}  // namespace
}  // namespace attnsim::machine
