#include "sim/config/argument.h"

#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

constexpr std::size_t kLongestOrigin = 80;

}  // namespace

Position origin(const std::string& option, std::string_view argument) {
  return {.file = option + " " + shorten(argument, kLongestOrigin)};
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  char quoted = '\0';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted != '\0') {
      if (c == quoted) quoted = '\0';
    } else if (c == '"' || c == '\'') {
      quoted = c;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace attnsim::config
