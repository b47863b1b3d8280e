// A file that is written piece by piece and appears whole or not at all.
#pragma once

#include <fstream>
#include <ostream>
#include <string>

namespace attnsim::app {

class StreamFile {
 public:
  /// Opens FILE.part beside the file; a device or pipe is written directly. Throws UserError when
  /// the file could not be written.
  explicit StreamFile(const std::string& path);
  StreamFile(const StreamFile&) = delete;
  StreamFile& operator=(const StreamFile&) = delete;
  /// Removes what was not committed.
  ~StreamFile();

  std::ostream& stream() { return stream_; }
  /// Gives the file its name; throws UserError when not everything could be written.
  void commit();

 private:
  std::string path_;
  std::string part_;
  bool direct_;
  bool committed_ = false;
  std::ofstream stream_;
};

}  // namespace attnsim::app
