#include "tests/contract/layering.h"

#include <algorithm>
#include <array>
#include <optional>

#include "tests/contract/source_tree.h"

namespace attnsim::contract {
namespace {

constexpr std::size_t kMostLines = 400;

/// A folder and the folders it may include, beside itself.
struct Layer {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};

const std::vector<Layer>& layers() {
  static const std::vector<Layer> table = {
      {"sim/core", {}},
      {"sim/trace", {"sim/core"}},
      {"sim/trace/file", {"sim/core", "sim/trace"}},
      {"sim/trace/masks", {"sim/core", "sim/trace"}},
      {"sim/machine/cache", {"sim/core"}},
      {"sim/machine/policies", {"sim/core", "sim/machine/cache"}},
      {"sim/machine", {"sim/core", "sim/trace", "sim/machine/cache"}},
      {"algorithms", {"sim/core", "sim/trace", "sim/trace/file"}},
      {"analysis/bounds", {"sim/core", "sim/trace", "sim/machine"}},
      {"analysis/schedules", {"sim/core", "sim/trace"}},
      {"sim/replay/reference", {}},
      {"sim/replay",
       {"sim/core", "sim/trace", "sim/trace/file", "sim/machine", "sim/machine/cache",
        "analysis/bounds", "sim/replay/reference"}},
      {"sim/replay/time",
       {"sim/core", "sim/trace", "sim/machine", "sim/machine/cache", "sim/replay"}},
      {"sim/config", {"sim/core"}},
      {"sim/report", {"sim/core"}},
      {"sim/store", {"sim/core"}},
      {"sim/study",
       {"sim/core", "sim/trace", "sim/machine", "analysis/bounds", "analysis/schedules",
        "sim/replay", "sim/replay/time", "sim/store"}},
      {"sim/app",
       {"sim/core", "sim/trace", "sim/trace/file", "sim/machine", "sim/machine/cache",
        "analysis/bounds", "sim/replay", "sim/replay/time", "sim/config", "sim/report", "sim/study",
        "sim/store"}},
  };
  return table;
}

/// A header that is not the standard library's, and the one folder that sees it.
struct Package {
  std::string_view prefix;
  std::string_view folder;
  bool sources_only = false;  // not even the folder's headers
};

constexpr auto kPackages = std::to_array<Package>({
    {"yaml-cpp/", "sim/config", true},
    {"nlohmann/", "sim/report"},
    {"fmt/", "sim/report"},
    {"boost/", "sim/app"},
    {"xxhash.h", "sim/app"},
    {"Eigen/", "sim/replay"},
    {"zstd.h", "sim/trace/file", true},
    {"sqlite3.h", "sim/store", true},
    // The operating system.
    {"fcntl.h", "sim/app"},
    {"sys/", "sim/app"},
    {"unistd.h", "sim/app"},
});

// In two parts, so that this file does not contain them.
constexpr auto kUnfinished =
    std::to_array<std::string_view>({"TO"
                                     "DO",
                                     "FIX"
                                     "ME"});

struct Include {
  std::string_view name;
  bool angled = false;
};

std::string_view trimmed(std::string_view line) {
  const std::size_t start = line.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view{} : line.substr(start);
}

std::optional<Include> parse_include(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('#')) return std::nullopt;
  line = trimmed(line.substr(1));
  constexpr std::string_view kInclude = "include";
  if (!line.starts_with(kInclude)) return std::nullopt;
  line = trimmed(line.substr(kInclude.size()));
  if (line.empty()) return std::nullopt;
  const bool angled = line.front() == '<';
  line.remove_prefix(1);
  return Include{line.substr(0, line.find(angled ? '>' : '"')), angled};
}

bool is_standard(std::string_view header) {
  return std::ranges::all_of(
      header, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

const Layer* layer_of(std::string_view folder) {
  const auto it = std::ranges::find(layers(), folder, &Layer::folder);
  return it == layers().end() ? nullptr : &*it;
}

/// Empty when the include is allowed.
std::string package_fault(std::string_view path, std::string_view header) {
  if (is_standard(header)) return {};
  const std::string quoted = "<" + std::string(header) + ">";
  const auto it = std::ranges::find_if(
      kPackages, [&](const Package& package) { return header.starts_with(package.prefix); });
  if (it == kPackages.end()) return quoted + " belongs to no folder of the table";
  if (folder_of(path) != it->folder) {
    return quoted + " may be included in " + std::string(it->folder) + " only";
  }
  if (it->sources_only && !path.ends_with(".cc")) {
    return quoted + " may be included in .cc files only";
  }
  return {};
}

std::string arrow_fault(std::string_view path, std::string_view header) {
  const std::string_view from = folder_of(path);
  const std::string_view to = folder_of(header);
  const Layer* layer = layer_of(from);
  if (layer == nullptr || from == to || std::ranges::count(layer->may_include, to) > 0) return {};
  return std::string(from) + " must not include \"" + std::string(header) + "\"";
}

}  // namespace

std::vector<std::string> source_faults(std::string_view path, std::string_view text) {
  std::vector<std::string> faults;
  if (layer_of(folder_of(path)) == nullptr) {
    faults.push_back(fault_at(path, 1, "folder is not in the table of layers"));
  }
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    const auto found = [&](std::string_view message) {
      if (!message.empty()) faults.push_back(fault_at(path, i + 1, message));
    };
    if (const std::optional<Include> include = parse_include(line)) {
      found(include->angled ? package_fault(path, include->name)
                            : arrow_fault(path, include->name));
    }
    if (line.find("using namespace std") != std::string_view::npos) found("using namespace std");
    for (const std::string_view word : kUnfinished) {
      if (line.find(word) != std::string_view::npos) found("unfinished: " + std::string(word));
    }
  }
  if (path.ends_with(".h") && std::ranges::count(lines, "#pragma once") != 1) {
    faults.push_back(fault_at(path, 1, "a header has one line #pragma once"));
  }
  if (lines.size() > kMostLines) {
    faults.push_back(fault_at(
        path, lines.size(), "more than " + std::to_string(kMostLines) + " lines: split the file"));
  }
  return faults;
}

std::vector<std::string> independence_faults(std::string_view path, std::string_view text) {
  std::vector<std::string> faults;
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::optional<Include> include = parse_include(lines[i]);
    if (!include || include->angled || folder_of(include->name) == folder_of(path)) continue;
    faults.push_back(fault_at(path, i + 1,
                              "must not include \"" + std::string(include->name) +
                                  "\": its value as a check lies in sharing nothing"));
  }
  return faults;
}

}  // namespace attnsim::contract
