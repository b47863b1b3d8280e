// The set of lines ever touched: which accesses are cold.
//
// One bit per line, in pages of 4096 lines that exist once one of their lines was touched. Adding a
// run costs a few word operations per 64 lines; pages used lately are found without a look-up.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

class Footprint {
 public:
  /// How many of the lines are new. REQUIRES: at least one line.
  std::uint64_t add(LineRun lines) {
    const std::uint64_t bit = lines.first % 64;
    const Recent& recent = recent_[lines.first / kPageLines % kRecent];
    if (bit + lines.count <= 64 && recent.page != nullptr &&
        recent.number == lines.first / kPageLines) {
      const std::uint64_t mask = (~std::uint64_t{0} >> (64 - lines.count)) << bit;
      if ((mask & ~(*recent.page)[lines.first % kPageLines / 64]) == 0) return 0;
    }
    return add_all(lines);
  }
  std::uint64_t size() const { return size_; }

 private:
  static constexpr std::uint64_t kPageLines = 4096;
  using Page = std::array<std::uint64_t, kPageLines / 64>;

  std::uint64_t add_all(LineRun lines);
  Page& page(std::uint64_t number);

  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  struct Recent {
    std::uint64_t number = 0;
    Page* page = nullptr;
  };
  static constexpr std::size_t kRecent = 64;
  std::array<Recent, kRecent> recent_{};  // by the low bits of the page number
  std::uint64_t size_ = 0;
};

}  // namespace attnsim::machine
