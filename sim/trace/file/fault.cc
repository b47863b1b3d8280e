#include "sim/trace/file/fault.h"

#include "sim/core/error.h"

namespace attnsim::trace_file {

void fail_at_byte(const std::string& file, std::uint64_t byte, const std::string& message) {
  throw UserError(
      {{.file = file, .path = {}, .message = "byte " + std::to_string(byte) + ": " + message}});
}

void fail_at_line(const std::string& file, std::uint64_t line, const std::string& message) {
  throw UserError({{.file = file, .line = static_cast<int>(line), .path = {}, .message = message}});
}

std::string shown(const std::string& text) {
  constexpr std::size_t kMost = 40;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out + (text.size() > kMost ? "...'" : "'");
}

}  // namespace attnsim::trace_file
