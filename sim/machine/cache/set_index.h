// Which set a line belongs to.
#pragma once

#include <cstdint>

#include "sim/machine/cache/mix.h"

namespace attnsim::machine {

enum class IndexKind : std::uint8_t {
  modulo,  // line mod sets
  hashed,  // mix64(line) scaled to the sets: murmur3 finaliser, any number of sets
  sliced,  // mix64(line) scaled to the slices; inside a slice (line / slices) mod its sets
};

class SetIndex {
 public:
  /// REQUIRES: sets > 0; sliced: slices > 0 divides sets.
  SetIndex(IndexKind kind, std::uint32_t sets, std::uint32_t slices)
      : kind_(kind), sets_(sets), slices_(slices) {}

  std::uint32_t operator()(std::uint64_t line) const {
    switch (kind_) {
      case IndexKind::modulo:
        return static_cast<std::uint32_t>(line % sets_);
      case IndexKind::hashed:
        return static_cast<std::uint32_t>(scaled(mix64(line), sets_));
      case IndexKind::sliced:
        break;
    }
    const std::uint32_t per_slice = sets_ / slices_;
    const std::uint64_t slice = scaled(mix64(line), slices_);
    return static_cast<std::uint32_t>(slice * per_slice + line / slices_ % per_slice);
  }

 private:
  IndexKind kind_;
  std::uint32_t sets_, slices_;
};

}  // namespace attnsim::machine
