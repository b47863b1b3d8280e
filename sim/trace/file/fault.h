// How readers of trace files say what is wrong: the file, and the byte or the line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace attnsim::trace_file {

/// Throws UserError: "FILE: byte N: message".
[[noreturn]] void fail_at_byte(const std::string& file, std::uint64_t byte,
                               const std::string& message);

/// Throws UserError: "FILE:LINE: message".
[[noreturn]] void fail_at_line(const std::string& file, std::uint64_t line,
                               const std::string& message);

/// Text of a file as a message shows it: quoted, cut when long, bytes that do not print as \xHH.
std::string shown(const std::string& text);

/// A fault inside unpacked bytes; whoever knows where they lie in the file makes a UserError of it.
class DecodeFault : public std::runtime_error {
 public:
  DecodeFault(std::size_t at, const std::string& message) : std::runtime_error(message), at_(at) {}
  /// Position in the unpacked bytes.
  std::size_t at() const { return at_; }

 private:
  std::size_t at_;
};

}  // namespace attnsim::trace_file
