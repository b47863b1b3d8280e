// Lines of a text file with their numbers, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace attnsim::trace_file {

class LineReader {
 public:
  static constexpr std::size_t kMostLineBytes = std::size_t{1} << 20;

  /// The stream outlives the reader, which reads ahead; `name` stands for it in messages.
  LineReader(std::istream& in, std::string name, std::size_t most_bytes = kMostLineBytes)
      : in_(in), name_(std::move(name)), most_(most_bytes) {}

  /// The next line without its end; false at the end of the file. Throws UserError when it is
  /// longer than allowed or the file cannot be read. The view is valid until the next call.
  bool next(std::string_view& line) {
    const std::size_t rest = end_ - begin_;
    const char* first = buffer_.data() + begin_;
    const void* stop = rest == 0 ? nullptr : std::memchr(first, '\n', rest);
    if (stop == nullptr) return next_over_edge(line);
    return take(line, static_cast<std::size_t>(static_cast<const char*>(stop) - first), 1);
  }
  bool next(std::string& line) {
    std::string_view view;
    const bool found = next(view);
    line = view;
    return found;
  }

  /// Of the line read last, from 1.
  std::uint64_t number() const { return number_; }
  /// Bytes of the file up to the end of the line read last.
  std::uint64_t bytes() const { return bytes_; }
  const std::string& name() const { return name_; }

  /// Throws UserError at the line read last.
  [[noreturn]] void fail(const std::string& message) const;

 private:
  bool next_over_edge(std::string_view& line);
  bool refill();
  [[noreturn]] void fail_too_long() const;

  /// The next `size` bytes are a line, followed by `end` bytes of line end.
  bool take(std::string_view& line, std::size_t size, std::size_t end) {
    ++number_;
    if (size > most_) fail_too_long();
    line = {buffer_.data() + begin_, size};
    begin_ += size + end;
    bytes_ += size + end;
    return true;
  }

  std::istream& in_;
  std::string name_;
  std::size_t most_;
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what is not yet taken from the buffer
  std::size_t end_ = 0;
};

}  // namespace attnsim::trace_file
