#include "sim/store/text_shape.h"

#include <unordered_map>
#include <utility>

namespace attnsim::store {
namespace {

constexpr char kMark = '\1';
constexpr char kSeparator = ' ';

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A mark in the text itself can only stand in a word.
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '+' ||
         c == '-' || c == '_' || c == kMark;
}

}  // namespace

TextParts take_apart(std::string_view text) {
  TextParts out;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    bool counts = false;
    for (; end < text.size() && is_word(text[end]); ++end) {
      counts = counts || is_digit(text[end]) || text[end] == kMark;
    }
    if (counts) {
      out.shape += kMark;
      out.words.emplace_back(text.substr(begin, end - begin));
    } else {
      if (end == begin) ++end;
      out.shape += text.substr(begin, end - begin);
    }
    begin = end;
  }
  return out;
}

TextExample::TextExample(TextParts parts) : parts_(std::move(parts)) {
  std::unordered_map<std::string_view, std::size_t> seen;
  for (const std::string& word : parts_.words) {
    first_.push_back(seen.try_emplace(word, first_.size()).first->second);
  }
}

std::string TextExample::difference(const std::vector<std::string>& words) const {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += kSeparator;
    const std::string& expected = first_[i] == i ? parts_.words[i] : words[first_[i]];
    if (words[i] != expected) out += words[i];
  }
  return out;
}

std::string TextExample::text(std::string_view difference) const {
  std::string out;
  std::vector<std::string_view> words;
  for (const char c : parts_.shape) {
    if (c != kMark) {
      out += c;
      continue;
    }
    const std::size_t i = words.size();
    const std::string_view expected = first_[i] == i ? parts_.words[i] : words[first_[i]];
    const std::size_t end = difference.find(kSeparator);
    const std::string_view given = difference.substr(0, end);
    words.push_back(given.empty() ? expected : given);
    out += words.back();
    difference.remove_prefix(end == std::string_view::npos ? difference.size() : end + 1);
  }
  return out;
}

}  // namespace attnsim::store
