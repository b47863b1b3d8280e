#include "tests/fuzz/address_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return attnsim::fuzz::read_addresses(data, size, attnsim::trace_file::AddressFormat::lackey);
}
