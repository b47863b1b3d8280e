// Access streams as files for the program to read.
#pragma once

#include <filesystem>

#include "tests/support/streams.h"

namespace attnsim::test {

/// Dinero's simplest form: `0 10000000` per line of 64 bytes, in ascending order within an access.
void write_din(const Stream& stream, const std::filesystem::path& path);

/// `address,bytes,rw`: one row per access, however many lines it has.
void write_csv(const Stream& stream, const std::filesystem::path& path);

}  // namespace attnsim::test
