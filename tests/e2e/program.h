// Runs the real binary and keeps what it said.
#pragma once

#include <filesystem>
#include <string>

namespace attnsim::e2e {

/// How a command ended.
struct Outcome {
  int code = -1;  // exit code; 128 + signal when one ended it
  std::string out{};
  std::string err{};
};

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// Entries of any kind.
  std::size_t size() const;

 private:
  std::filesystem::path path_;
};

/// Runs a line of shell in a folder, the project's by default. `attnsim` in it is the binary under
/// test, and its presets are the project's.
Outcome shell(const std::string& line, const std::filesystem::path& folder = ATTNSIM_SOURCE_DIR);

/// shell("attnsim " + arguments).
Outcome attnsim(const std::string& arguments,
                const std::filesystem::path& folder = ATTNSIM_SOURCE_DIR);

std::string read_file(const std::filesystem::path& path);

}  // namespace attnsim::e2e
