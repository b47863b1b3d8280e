// The words of a line of the text form: `word`, `"quoted text"`, `key=value`, `"key"=value`.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/trace/file/line_reader.h"

namespace attnsim::trace_file {

/// `"text"` with \" \\ \n and \xHH for what does not print.
std::string quoted(std::string_view text);

struct Word {
  std::string key;
  bool is_quoted = false;  // the key
  std::optional<std::string> value{};
};

/// One line, taken apart. Words are taken from front to back; whoever is done checks that nothing
/// is left. Faults name the line.
class Words {
 public:
  Words(std::string_view line, const LineReader& at);

  bool empty() const { return next_ == words_.size(); }
  /// The next word; a fault when there is none.
  const Word& take(std::string_view what);
  /// A quoted word without a value.
  std::string text(std::string_view what);
  /// The value of the next word, whose key must be this one.
  const std::string& value_of(std::string_view key);
  void expect_end() const;

  /// A whole number in range, or a fault that calls it `what`.
  template <typename Int>
  Int number(std::string_view what, std::string_view text) const {
    Int value = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || stop != text.data() + text.size()) expected_number(what, text);
    return value;
  }
  template <typename Int>
  Int number_of(std::string_view key) {
    return number<Int>(key, value_of(key));
  }
  double real(std::string_view what, std::string_view text) const;
  /// A number without a key.
  template <typename Int>
  Int plain_number(std::string_view what) {
    return number<Int>(what, take(what).key);
  }

  /// The position of a name in its list.
  std::uint8_t named(std::string_view what, std::string_view text,
                     std::span<const std::string_view> names) const;

  [[noreturn]] void fail(const std::string& message) const { at_.fail(message); }

 private:
  [[noreturn]] void expected_number(std::string_view what, std::string_view text) const;

  const LineReader& at_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
};

}  // namespace attnsim::trace_file
