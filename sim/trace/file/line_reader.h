// Lines of a text file with their numbers, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

namespace attnsim::trace_file {

class LineReader {
 public:
  static constexpr std::size_t kMostLineBytes = std::size_t{1} << 20;

  /// The stream outlives the reader; `name` stands for it in messages.
  LineReader(std::istream& in, std::string name, std::size_t most_bytes = kMostLineBytes)
      : in_(in), name_(std::move(name)), most_(most_bytes) {}

  /// The next line without its end; false at the end of the file. Throws UserError when it is
  /// longer than allowed or the file cannot be read.
  bool next(std::string& line);

  /// Of the line read last, from 1.
  std::uint64_t number() const { return number_; }
  const std::string& name() const { return name_; }

  /// Throws UserError at the line read last.
  [[noreturn]] void fail(const std::string& message) const;

 private:
  std::istream& in_;
  std::string name_;
  std::size_t most_;
  std::uint64_t number_ = 0;
};

}  // namespace attnsim::trace_file
