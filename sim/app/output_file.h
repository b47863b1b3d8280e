// Writing results so that nothing half-written is ever seen, and no failure goes unnoticed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace attnsim::app {

/// A result file that appears whole or not at all: written under another name in the same folder,
/// then renamed. Devices and pipes are written directly.
class OutputFile {
 public:
  /// Throws UserError when the file could not be written, before any work is done. Leaves nothing.
  explicit OutputFile(const std::string& path);

  /// Throws UserError when writing fails; the file is then as it was before.
  void write(std::string_view text) const;

 private:
  void write_directly(std::string_view text) const;

  std::string given_;           // as the user wrote it, for messages
  std::filesystem::path path_;  // with symbolic links followed
  bool direct_ = false;
};

/// Writes to standard output; throws UserError when not everything could be written.
void write_stdout(std::string_view text);

/// Gives standard streams that are closed a place, so that no file opened later takes their numbers
/// and is written to by mistake. Writing to such a stream still fails.
void reserve_standard_streams();

}  // namespace attnsim::app
