// Address files as the verbs take them.
#pragma once

#include <optional>
#include <string>

#include "sim/app/options.h"
#include "sim/core/cache_report.h"
#include "sim/trace/file/address_reader.h"

namespace attnsim::app {

/// The format of a file that holds addresses and can be read, by its ending.
std::optional<trace_file::AddressFormat> read_address_format(const std::string& file);

/// Replays an address file through the caches of --cache. Throws UserError.
CacheReport replay_addresses(const std::string& file, trace_file::AddressFormat format,
                             const Arguments& arguments);

}  // namespace attnsim::app
