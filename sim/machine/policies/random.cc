// Random replacement, reproducible: the victim is a hash of (seed, set, number of victims this set
// has given), so it depends neither on other sets nor on the library's generators.
#include <cstddef>

#include "sim/machine/cache/mix.h"
#include "sim/machine/cache/replacement.h"

namespace attnsim::machine {
namespace {

class Random final : public ReplacementPolicy {
 public:
  explicit Random(const PolicyGeometry& g) : ways_(g.ways), seed_(mix64(g.seed)), draws_(g.sets) {}

  void hit(std::uint32_t, std::uint32_t) override {}
  void fill(std::uint32_t, std::uint32_t) override {}

  std::uint32_t victim(std::uint32_t set) override {
    const std::uint64_t bits = mix64(mix64(seed_ ^ set) + draws_[set]++);
    return static_cast<std::uint32_t>(scaled(bits, ways_));
  }

  void copy_set(std::uint32_t from, std::uint32_t to) override { draws_[to] = draws_[from]; }
  bool same_set(std::uint32_t a, std::uint32_t b) const override { return a == b; }
  bool sets_are_alike() const override { return false; }

 private:
  std::uint32_t ways_;
  std::uint64_t seed_;
  std::vector<std::uint64_t> draws_;
};

ATTNSIM_REGISTER_POLICY("random",
                        PolicyInfo{"a seeded random way", [](const PolicyGeometry& g) {
                                     return std::unique_ptr<ReplacementPolicy>(new Random(g));
                                   }});

}  // namespace
}  // namespace attnsim::machine
