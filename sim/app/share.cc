#include "sim/app/share.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "sim/core/error.h"

namespace attnsim::app {
namespace {

namespace fs = std::filesystem;

bool is_share(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "configs" / "hardware", ignored);
}

}  // namespace

config::SearchPath find_share() {
  if (const char* folder = std::getenv("ATTNSIM_SHARE"); folder != nullptr && *folder != '\0') {
    if (is_share(folder)) return {folder};
    throw UserError("ATTNSIM_SHARE is '" + std::string(folder) +
                    "', but that folder has no configs/hardware");
  }
  std::error_code fault;
  const fs::path executable = fs::read_symlink("/proc/self/exe", fault);
  if (!fault) {
    const fs::path installed = executable.parent_path().parent_path() / "share" / "attnsim";
    if (is_share(installed)) return {installed};
    for (fs::path folder = executable.parent_path();; folder = folder.parent_path()) {
      if (is_share(folder)) return {folder};
      if (folder == folder.parent_path()) break;
    }
  }
  throw UserError("cannot find configs/hardware around '" + executable.string() +
                  "'; set ATTNSIM_SHARE to the folder that contains configs");
}

}  // namespace attnsim::app
