// Told how far a long piece of work is.
#pragma once

#include <cstdint>
#include <string_view>

namespace attnsim {

class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  virtual ~Progress() = default;

  /// `done` of `total` are finished and `name` is about to start; at the end done == total and the
  /// name is empty. May be called very often.
  virtual void step(std::uint64_t done, std::uint64_t total, std::string_view name) = 0;
};

}  // namespace attnsim
