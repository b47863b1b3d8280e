#include "sim/config/source.h"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace attnsim::config {
namespace {

namespace fs = std::filesystem;

/// Relative to the current folder when it lies inside: shorter, and the same on every machine.
std::string display(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  if (normal.is_relative()) return normal.string();
  std::error_code error;
  const fs::path relative = normal.lexically_relative(fs::current_path(error));
  const bool inside = !error && !relative.empty() && *relative.begin() != "..";
  return inside ? relative.string() : normal.string();
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

}  // namespace

std::optional<std::string> read_text(const std::string& file, Faults& faults, std::size_t largest) {
  faults.enter(file);
  const auto refuse = [&](const std::string& why) {
    faults.add({.file = file}, "", why);
    return std::nullopt;
  };
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) return refuse("no such file");
  if (fs::is_directory(status)) return refuse("expected a file, got a folder");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return refuse("cannot be read");
  std::string text(largest + 1, '\0');  // one more than allowed, so that pipes are bounded too
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return refuse("cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > largest) {
    return refuse("larger than " + std::to_string(largest >> 20) + " MiB");
  }
  return text;
}

std::optional<std::string> find_file(const std::string& file, const fs::path& folder,
                                     const SearchPath& search) {
  const fs::path path(file);
  if (path.empty()) return std::nullopt;
  if (path.is_absolute()) return is_there(path) ? std::optional(display(path)) : std::nullopt;
  for (const fs::path& root : {folder, fs::path(), search.share}) {
    if (is_there(root / path)) return display(root / path);
  }
  return std::nullopt;
}

bool looks_like_path(std::string_view text) {
  return text.find('/') != std::string_view::npos || text.ends_with(".yaml") ||
         text.ends_with(".yml") || text.ends_with(".json");
}

std::vector<std::string> names_in(const std::string& folder, const SearchPath& search) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(search.share / folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".yaml") names.push_back(it->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string named_file(const std::string& folder, const std::string& name,
                       const SearchPath& search) {
  return display(search.share / folder / (name + ".yaml"));
}

}  // namespace attnsim::config
