// One case of tests/reject: a folder of cases/ with
//   args           the command line of attnsim, words separated by blanks, '...' protects blanks
//   expected.txt   the faults it must report, exactly
//   make_input.sh  optional: writes inputs that are better not checked in (large, binary)
// and the input files. Paths in args and expected.txt are relative to the folder.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

namespace attnsim::reject {

inline std::filesystem::path cases_folder() {
  return std::filesystem::path(ATTNSIM_SOURCE_DIR) / "tests" / "reject" / "cases";
}

/// The names of all cases, sorted.
inline std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(cases_folder())) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The words of a command line; the only quotes are '...'.
inline std::vector<std::string> split_words(const std::string& line) {
  std::vector<std::string> words;
  bool quoted = false;
  bool inside = false;  // of a word
  for (const char c : line) {
    const bool blank = c == ' ' || c == '\n';
    if (c == '\'') {
      quoted = !quoted;
    }
    if (blank && !quoted) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (c != '\'') words.back() += c;
  }
  return words;
}

/// A private copy of a case's folder in which its command runs; removed at the end.
class Workplace {
 public:
  explicit Workplace(const std::string& name) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "attnsim_reject_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot create " + pattern);
    folder_ = pattern;
    std::filesystem::copy(cases_folder() / name, folder_, std::filesystem::copy_options::recursive);
    if (!std::filesystem::exists(folder_ / "make_input.sh")) return;
    const std::string command = "cd '" + pattern + "' && sh ./make_input.sh";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::filesystem::path& folder() const { return folder_; }
  std::vector<std::string> arguments() const { return split_words(read_file(folder_ / "args")); }
  std::string expected() const { return read_file(folder_ / "expected.txt"); }

 private:
  std::filesystem::path folder_;
};

}  // namespace attnsim::reject
