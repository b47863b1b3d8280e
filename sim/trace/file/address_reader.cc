#include "sim/trace/file/address_reader.h"

#include <array>
#include <charconv>
#include <limits>

#include "sim/core/error.h"
#include "sim/trace/file/fault.h"

namespace attnsim::trace_file {
namespace {

constexpr std::size_t kMostLineBytes = 4096;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 32;  // of an access

struct Ending {
  std::string_view ending;
  AddressFormat format;
};

constexpr std::array kEndings = {
    Ending{".din", AddressFormat::din}, Ending{".csv", AddressFormat::csv},
    Ending{".lackey", AddressFormat::lackey}, Ending{".ramulator", AddressFormat::ramulator},
    Ending{".dramsim3", AddressFormat::dramsim3}};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the part of a line before a separator (any blank, or this one) off its front.
std::string_view take(std::string_view& line, char separator) {
  line = trimmed(line);
  std::size_t size = 0;
  while (size < line.size() && line[size] != separator &&
         (separator != ' ' || !is_blank(line[size]))) {
    ++size;
  }
  const std::string_view out = trimmed(line.substr(0, size));
  line.remove_prefix(std::min(size + 1, line.size()));
  return out;
}

constexpr std::uint8_t kNoDigit = 16;

constexpr auto kHexDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) digits['0' + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) digits['a' + i] = digits['A' + i] = 10 + i;
  return digits;
}();

// The form that almost every line of a file has is read by itself, fast; for any other line these
// say no, and the full grammar reads or refuses it.

/// A label, one blank, hexadecimal digits, no size.
bool plain_din(std::string_view line, AddressEvent& event) {
  constexpr std::size_t kDigits = 2;  // where they begin
  if (line.size() <= kDigits || line.size() > kDigits + 16 || line[1] != ' ') return false;
  if (line[0] < '0' || line[0] > '2') return false;
  std::uint64_t address = 0;
  for (const char c : line.substr(kDigits)) {
    const std::uint8_t digit = kHexDigits[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) return false;
    address = address * 16 + digit;
  }
  event = {.address = address, .write = line[0] == '1', .fetch = line[0] == '2'};
  return true;
}

/// Takes a number of up to 18 digits and the comma behind it.
bool take_field(std::string_view& line, std::uint64_t& value) {
  constexpr std::ptrdiff_t kMostDigits = 18;
  const char* const first = line.data();
  const char* const last = first + line.size();
  const char* at = first;
  std::uint64_t number = 0;
  for (; at != last; ++at) {
    const auto digit = static_cast<std::uint8_t>(*at - '0');
    if (digit > 9) break;
    number = number * 10 + digit;
  }
  if (at == first || at - first > kMostDigits || at == last || *at != ',') return false;
  line = {at + 1, last};
  value = number;
  return true;
}

/// Two decimal numbers and a letter, without blanks.
bool plain_csv(std::string_view line, AddressEvent& event) {
  AddressEvent read{.bytes = 0};
  if (!take_field(line, read.address) || !take_field(line, read.bytes)) return false;
  if (read.bytes == 0 || read.bytes > kMostBytes || line.size() != 1) return false;
  read.write = line[0] == 'w';
  read.fetch = line[0] == 'i';
  if (!read.write && !read.fetch && line[0] != 'r') return false;
  event = read;
  return true;
}

std::string cited(std::string_view text) { return shown(std::string(text)); }

}  // namespace

std::optional<AddressFormat> address_format_of(std::string_view file) {
  for (const Ending& ending : kEndings) {
    if (file.ends_with(ending.ending)) return ending.format;
  }
  return std::nullopt;
}

bool is_read(AddressFormat format) {
  return format == AddressFormat::din || format == AddressFormat::csv ||
         format == AddressFormat::lackey;
}

AddressReader::AddressReader(std::istream& in, const std::string& name, AddressFormat format)
    : lines_(in, name, kMostLineBytes), format_(format) {
  ATTNSIM_CHECK(is_read(format), "this format is only written");
}

bool AddressReader::next(AddressEvent& event) {
  if (pending_) {
    event = *pending_;
    pending_.reset();
    return true;
  }
  for (std::string_view line; lines_.next(line);) {
    if (format_ == AddressFormat::din && plain_din(line, event)) return true;
    if (format_ == AddressFormat::csv && plain_csv(line, event)) return true;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).empty()) continue;
    event = {};
    const bool found = format_ == AddressFormat::din   ? read_din(line, event)
                       : format_ == AddressFormat::csv ? read_csv(line, event)
                                                       : read_lackey(line, event);
    if (found) return true;
  }
  return false;
}

std::uint64_t AddressReader::number(std::string_view text, int base, std::string_view what) const {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value, base);
  if (fault == std::errc::result_out_of_range && stop == end) {
    lines_.fail(std::string(what) + " " + cited(text) + " does not fit in 64 bits");
  }
  if (fault != std::errc{} || stop != end) {
    lines_.fail("expected " + std::string(what) +
                (base == 16 ? " in hexadecimal" : " as a whole number") + ", got " + cited(text));
  }
  return value;
}

std::uint64_t AddressReader::address(std::string_view text, int base) const {
  if (text.starts_with("0x") || text.starts_with("0X")) {
    return number(text.substr(2), 16, "an address");
  }
  return number(text, base, "an address");
}

void AddressReader::set_size(AddressEvent& event, std::uint64_t bytes) const {
  if (bytes == 0 || bytes > kMostBytes) {
    lines_.fail("an access of " + std::to_string(bytes) + " bytes, expected 1 to 4294967296");
  }
  if (bytes - 1 > std::numeric_limits<std::uint64_t>::max() - event.address) {
    lines_.fail("an access of " + std::to_string(bytes) + " bytes at address " +
                std::to_string(event.address) + " runs past the last address");
  }
  event.bytes = bytes;
}

bool AddressReader::read_din(std::string_view line, AddressEvent& event) const {
  const std::string_view label = take(line, ' ');
  if (label != "0" && label != "1" && label != "2") {
    lines_.fail("expected 0, 1 or 2, got " + cited(label));
  }
  event.write = label == "1";
  event.fetch = label == "2";
  event.address = address(take(line, ' '), 16);
  const std::string_view size = take(line, ' ');
  if (!size.empty()) set_size(event, address(size, 16));
  if (!trimmed(line).empty()) lines_.fail("expected the end of the line, got " + cited(line));
  return true;
}

bool AddressReader::read_csv(std::string_view line, AddressEvent& event) const {
  if (lines_.number() == 1 && trimmed(line) == "address,bytes,rw") return false;
  event.address = address(take(line, ','), 10);
  set_size(event, number(take(line, ','), 10, "a number of bytes"));
  const std::string_view kind = trimmed(line);
  if (kind != "r" && kind != "w" && kind != "i") {
    lines_.fail("expected r, w or i, got " + cited(kind));
  }
  event.write = kind == "w";
  event.fetch = kind == "i";
  return true;
}

bool AddressReader::read_lackey(std::string_view line, AddressEvent& event) {
  if (line.starts_with("==") || line.starts_with("--")) return false;  // valgrind itself
  const std::string_view kind = take(line, ' ');
  if (kind != "I" && kind != "L" && kind != "S" && kind != "M") {
    lines_.fail("expected I, L, S or M, got " + cited(kind));
  }
  event.fetch = kind == "I";
  event.write = kind == "S";
  event.address = address(take(line, ','), 16);
  set_size(event, number(trimmed(line), 10, "a number of bytes"));
  if (kind == "M") {
    pending_ = event;
    pending_->write = true;
  }
  return true;
}

}  // namespace attnsim::trace_file
