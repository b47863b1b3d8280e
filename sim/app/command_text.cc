#include "sim/app/command_text.h"

#include <algorithm>
#include <string_view>

namespace attnsim::app {
namespace {

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::string command_text(const std::vector<std::string>& words) {
  std::string out = "attnsim";
  for (const std::string& word : words) out += ' ' + quoted(word);
  return out;
}

}  // namespace attnsim::app
