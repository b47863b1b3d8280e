#include "sim/app/stream_file.h"

#include <filesystem>
#include <system_error>

#include "sim/app/output_file.h"
#include "sim/core/error.h"

namespace attnsim::app {
namespace {

namespace fs = std::filesystem;

bool is_special(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status);
}

[[noreturn]] void fail(const std::string& path) {
  throw UserError("cannot write '" + path + "': the disk is full or the file cannot be changed");
}

}  // namespace

StreamFile::StreamFile(const std::string& path)
    : path_(path), part_(path + ".part"), direct_(is_special(path)) {
  const OutputFile check(path);  // says what is wrong in the words of every other output
  stream_.open(direct_ ? path_ : part_, std::ios::binary | std::ios::trunc);
  if (!stream_) fail(path_);
}

StreamFile::~StreamFile() {
  if (committed_ || direct_) return;
  stream_.close();
  std::error_code ignored;
  fs::remove(part_, ignored);
}

void StreamFile::commit() {
  stream_.close();
  if (!stream_) fail(path_);
  std::error_code fault;
  if (!direct_) fs::rename(part_, path_, fault);
  if (fault) fail(path_);
  committed_ = true;
}

}  // namespace attnsim::app
