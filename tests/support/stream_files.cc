#include "tests/support/stream_files.h"

#include <array>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string>

namespace attnsim::test {
namespace {

constexpr std::uint64_t kLineBytes = 64;
constexpr std::size_t kChunk = std::size_t{1} << 20;

/// Text on its way to a file.
class Text {
 public:
  explicit Text(const std::filesystem::path& path) : file_(path, std::ios::binary) {}

  Text& operator<<(const char* text) {
    text_ += text;
    return *this;
  }
  void number(std::uint64_t value, int base) {
    std::array<char, 24> digits;
    text_.append(digits.data(), std::to_chars(digits.begin(), digits.end(), value, base).ptr);
  }
  void end_line() {
    text_ += '\n';
    if (text_.size() > kChunk) flush();
  }
  void close() {
    flush();
    file_.close();
    if (!file_) throw std::runtime_error("a stream could not be written");
  }

 private:
  void flush() {
    file_ << text_;
    text_.clear();
  }

  std::ofstream file_;
  std::string text_;
};

}  // namespace

void write_din(const Stream& stream, const std::filesystem::path& path) {
  Text out(path);
  for (const machine::LineAccess& access : stream) {
    for (std::uint64_t i = 0; i < access.lines.count; ++i) {
      out << (access.write ? "1 " : "0 ");
      out.number((access.lines.first + i) * kLineBytes, 16);
      out.end_line();
    }
  }
  out.close();
}

void write_csv(const Stream& stream, const std::filesystem::path& path) {
  Text out(path);
  out << "address,bytes,rw";
  out.end_line();
  for (const machine::LineAccess& access : stream) {
    out.number(access.lines.first * kLineBytes, 10);
    out << ",";
    out.number(access.lines.count * kLineBytes, 10);
    out << (access.write ? ",w" : ",r");
    out.end_line();
  }
  out.close();
}

}  // namespace attnsim::test
