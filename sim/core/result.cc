#include "sim/core/result.h"

#include <algorithm>

namespace attnsim {
namespace {

template <typename Rows>
std::uint64_t count_ok(const Rows& rows) {
  return static_cast<std::uint64_t>(
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.ok; }));
}

}  // namespace

IoRow& IoRow::operator+=(const IoRow& other) {
  read_bytes += other.read_bytes;
  write_bytes += other.write_bytes;
  init_bytes += other.init_bytes;
  read_words += other.read_words;
  write_words += other.write_words;
  init_words += other.init_words;
  return *this;
}

const IoRow* Result::io_row(std::string_view memory, std::string_view tensor) const {
  for (const IoRow& row : io) {
    if (row.memory == memory && row.tensor == tensor) return &row;
  }
  return nullptr;
}

const FootprintRow* Result::footprint_row(std::string_view space) const {
  for (const FootprintRow& row : footprint) {
    if (row.space == space) return &row;
  }
  return nullptr;
}

bool Result::fits() const {
  return std::all_of(footprint.begin(), footprint.end(), [](const auto& row) { return row.fits; });
}

std::uint64_t VerifyReport::passed() const { return count_ok(cases); }
std::uint64_t VerifyReport::failed() const { return cases.size() - passed(); }
std::uint64_t CheckReport::passed() const { return count_ok(rows); }
std::uint64_t CheckReport::failed() const { return rows.size() - passed(); }

}  // namespace attnsim
