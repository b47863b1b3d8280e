#include "sim/trace/file/text_words.h"

#include <algorithm>

#include "sim/core/spelling.h"
#include "sim/trace/file/fault.h"
#include "sim/trace/file/names.h"

namespace attnsim::trace_file {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

/// Takes words off the front of a line.
class Scanner {
 public:
  Scanner(std::string_view line, const LineReader& at) : line_(line), at_(at) {}

  std::vector<Word> words() {
    std::vector<Word> words;
    for (skip_blanks(); !line_.empty(); skip_blanks()) words.push_back(word());
    return words;
  }

 private:
  void skip_blanks() {
    while (line_.starts_with(' ')) line_.remove_prefix(1);
  }

  Word word() {
    Word word;
    word.is_quoted = line_.starts_with('"');
    word.key = atom();
    if (line_.starts_with('=')) {
      line_.remove_prefix(1);
      word.value = atom();
    }
    if (!line_.empty() && !line_.starts_with(' ')) {
      at_.fail("expected a blank before " + shown(std::string(line_)));
    }
    return word;
  }

  std::string atom() {
    if (line_.starts_with('"')) return string();
    const std::size_t size = std::min(line_.find_first_of(" =\""), line_.size());
    if (size == 0) at_.fail("expected a word before " + shown(std::string(line_)));
    const std::string_view out = line_.substr(0, size);
    line_.remove_prefix(size);
    return std::string(out);
  }

  std::string string() {
    std::string out;
    for (std::size_t i = 1; i < line_.size(); ++i) {
      if (line_[i] == '"') {
        line_.remove_prefix(i + 1);
        return out;
      }
      out += line_[i] == '\\' ? escaped(i) : line_[i];
    }
    at_.fail("a text has no closing quote");
  }

  /// The byte that an escape stands for; `i` is left on its last character.
  char escaped(std::size_t& i) {
    const std::string_view rest = line_.substr(i + 1);
    ++i;
    if (rest.starts_with('"') || rest.starts_with('\\')) return rest[0];
    if (rest.starts_with('n')) return '\n';
    if (rest.starts_with('x') && rest.size() >= 3) {
      const std::size_t high = kDigits.find(rest[1]);
      const std::size_t low = kDigits.find(rest[2]);
      if (high < 16 && low < 16) {
        i += 2;
        return static_cast<char>(16 * high + low);
      }
    }
    at_.fail("expected \\\", \\\\, \\n or \\xHH in a text");
  }

  std::string_view line_;
  const LineReader& at_;
};

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + "\"";
}

Words::Words(std::string_view line, const LineReader& at)
    : at_(at), words_(Scanner(line, at).words()) {}

const Word& Words::take(std::string_view what) {
  if (empty()) fail("expected " + std::string(what) + " at the end of the line");
  return words_[next_++];
}

std::string Words::text(std::string_view what) {
  const Word& word = take(what);
  if (!word.is_quoted || word.value) fail("expected " + std::string(what) + " in quotes");
  return word.key;
}

const std::string& Words::value_of(std::string_view key) {
  const Word& word = take(std::string(key) + "=");
  if (word.is_quoted || word.key != key || !word.value) {
    fail("expected " + std::string(key) + "=, got " + shown(word.key));
  }
  return *word.value;
}

void Words::expect_end() const {
  if (!empty()) fail("expected the end of the line, got " + shown(words_[next_].key));
}

double Words::real(std::string_view what, std::string_view text) const {
  double value = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || stop != text.data() + text.size()) {
    fail(std::string(what) + ": expected a number, got " + shown(std::string(text)));
  }
  return value;
}

std::uint8_t Words::named(std::string_view what, std::string_view text,
                          std::span<const std::string_view> names) const {
  if (const auto position = position_of(text, names)) return *position;
  const std::vector<std::string> candidates(names.begin(), names.end());
  fail("unknown " + std::string(what) + " " + shown(std::string(text)) +
       suggestion(text, candidates));
}

void Words::expected_number(std::string_view what, std::string_view text) const {
  fail(std::string(what) + ": expected a whole number in range, got " + shown(std::string(text)));
}

}  // namespace attnsim::trace_file
