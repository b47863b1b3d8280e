#include "sim/trace/file/input_file.h"

#include <filesystem>

#include "sim/core/error.h"

namespace attnsim::trace_file {

std::ifstream open_input(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw UserError(path + ": no such file");
  if (std::filesystem::is_directory(path, ignored)) {
    throw UserError(path + ": expected a file, got a folder");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) throw UserError(path + ": cannot be read");
  return in;
}

}  // namespace attnsim::trace_file
