// Numbers and texts as bytes: little-endian fixed widths, LEB128 varints, zigzag for signed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/trace/file/fault.h"

namespace attnsim::trace_file {

class ByteWriter {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  /// The `width` low bytes of a value, lowest first.
  void fixed(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  /// Seven bits a byte, lowest first; the top bit says that more follow.
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  /// 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
  void zigzag(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    varint((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
  }
  void real(double value) { fixed(std::bit_cast<std::uint64_t>(value), 8); }
  void text(std::string_view value) {
    varint(value.size());
    bytes_.append(value);
  }

  std::size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

/// Reads what ByteWriter wrote; throws DecodeFault instead of reading past the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  bool at_end() const { return at_ == bytes_.size(); }

  std::uint8_t byte() {
    if (at_end()) throw DecodeFault(at_, "the data end early");
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::uint64_t fixed(int width) {
    std::uint64_t value = 0;
    for (int i = 0; i < width; ++i) value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  std::uint64_t varint() {
    const std::uint8_t first = byte();
    return first < 0x80 ? first : long_varint(first);
  }
  std::int64_t zigzag() {
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
  }
  double real() { return std::bit_cast<double>(fixed(8)); }

  /// A varint of at most `most`; `what` names it in the fault.
  std::uint64_t at_most(std::uint64_t most, std::string_view what) {
    const std::size_t start = at_;
    const std::uint64_t value = varint();
    if (value > most) {
      throw DecodeFault(start, std::string(what) + " is " + std::to_string(value) +
                                   ", the most is " + std::to_string(most));
    }
    return value;
  }
  std::string text() {
    const std::size_t start = at_;
    const std::uint64_t size = varint();
    if (size > left()) {
      throw DecodeFault(start, "a text of " + std::to_string(size) + " bytes, where " +
                                   std::to_string(left()) + " are left");
    }
    at_ += size;
    return std::string(bytes_.substr(at_ - size, size));
  }

 private:
  std::uint64_t long_varint(std::uint8_t first) {
    const std::size_t start = at_ - 1;
    std::uint64_t value = first & 0x7f;
    for (int shift = 7;; shift += 7) {
      const std::uint8_t next = byte();
      const bool too_long = shift == 63 && next > 1;
      if (too_long) throw DecodeFault(start, "a number does not fit in 64 bits");
      value |= std::uint64_t{next & 0x7fU} << shift;
      if (next < 0x80) return value;
    }
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace attnsim::trace_file
