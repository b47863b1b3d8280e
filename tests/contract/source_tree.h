// The files of this repository, as the contract tests read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attnsim::contract {

struct SourceFile {
  std::string path;  // from the root, with '/'
  std::string text;
};

/// Every text file, sorted by path. Left out: what .gitignore names, hidden folders except .ci, and
/// files with a zero byte.
std::vector<SourceFile> repository_files();

/// The file's lines without their '\n'; a final '\n' adds no empty line.
std::vector<std::string_view> lines_of(std::string_view text);

/// "sim/trace/tile.h" -> "sim/trace"; empty for a file of the root.
std::string_view folder_of(std::string_view path);

/// True for the folder itself and everything below it.
bool is_below(std::string_view path, std::string_view folder);

/// "path:line: message".
std::string fault_at(std::string_view path, std::size_t line, std::string_view message);

/// One fault a line, for the message of an expectation.
std::string joined(const std::vector<std::string>& faults);

}  // namespace attnsim::contract
