// Finding and reading configuration files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/config.h"
#include "sim/config/faults.h"

namespace attnsim::config {

/// Files above this size are refused unread: a configuration is written by hand.
inline constexpr std::size_t kLargestFile = std::size_t{1} << 20;
/// Of a recorded mask, which is not.
inline constexpr std::size_t kLargestMask = std::size_t{16} << 20;

/// The contents of a file; empty when it cannot be read, with the reason in `faults`.
std::optional<std::string> read_text(const std::string& file, Faults& faults,
                                     std::size_t largest = kLargestFile);

/// Looks a relative path up: in `folder` (of the referring file), the current folder, the share.
/// The path as messages should show it; empty when there is no such file.
std::optional<std::string> find_file(const std::string& file, const std::filesystem::path& folder,
                                     const SearchPath& search);

/// True for `a/b`, `a.yaml`, `a.yml` and `a.json`; false for a bare name such as a preset id.
bool looks_like_path(std::string_view text);

/// Stems of the YAML files of a folder of the share ("configs/hardware"), sorted.
std::vector<std::string> names_in(const std::string& folder, const SearchPath& search);

/// The file of a bare name in a folder of the share, as messages should show it.
std::string named_file(const std::string& folder, const std::string& name,
                       const SearchPath& search);

}  // namespace attnsim::config
