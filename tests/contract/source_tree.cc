#include "tests/contract/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace attnsim::contract {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The names in .gitignore; patterns with wildcards are not understood.
std::set<std::string> ignored_names() {
  std::set<std::string> names;
  const std::string text = read(fs::path(ATTNSIM_SOURCE_DIR) / ".gitignore");
  for (std::string_view line : lines_of(text)) {
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.ends_with('/')) line.remove_suffix(1);
    names.emplace(line);
  }
  return names;
}

bool is_left_out(const fs::directory_entry& entry, const std::set<std::string>& ignored) {
  const std::string name = entry.path().filename().string();
  if (ignored.contains(name) || name == ".git") return true;
  return entry.is_directory() && name.starts_with('.') && name != ".ci";
}

}  // namespace

std::vector<SourceFile> repository_files() {
  const fs::path root(ATTNSIM_SOURCE_DIR);
  const std::set<std::string> ignored = ignored_names();
  std::vector<SourceFile> files;
  for (fs::recursive_directory_iterator it(root), end; it != end; ++it) {
    if (is_left_out(*it, ignored)) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file()) {
      std::string text = read(it->path());
      if (text.find('\0') != std::string::npos) continue;
      files.push_back({it->path().lexically_relative(root).generic_string(), std::move(text)});
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string fault_at(std::string_view path, std::size_t line, std::string_view message) {
  return std::string(path) + ":" + std::to_string(line) + ": " + std::string(message);
}

std::string joined(const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += "\n  " + fault;
  return text;
}

}  // namespace attnsim::contract
