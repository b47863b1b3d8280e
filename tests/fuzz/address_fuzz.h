// Address traces of one format: accesses stay inside the address space, and csv gives them back.
#pragma once

#include <limits>

#include "sim/trace/file/address_reader.h"
#include "sim/trace/file/address_writer.h"
#include "tests/fuzz/fuzz.h"

namespace attnsim::fuzz {

inline int read_addresses(const std::uint8_t* data, std::size_t size,
                          trace_file::AddressFormat format) {
  using namespace trace_file;
  return expect_result_or_refusal([&] {
    std::istringstream in(text_of(data, size));
    AddressReader reader(in, "x", format);
    std::ostringstream csv;
    AddressWriter writer(csv, AddressFormat::csv);
    AddressEvent last;
    for (AddressEvent event; reader.next(event); last = event) {
      if (event.bytes == 0 ||
          event.bytes - 1 > std::numeric_limits<std::uint64_t>::max() - event.address) {
        __builtin_trap();
      }
      writer.add(event);
    }
    std::istringstream again(csv.str());
    AddressReader back(again, "x.csv", AddressFormat::csv);
    AddressEvent read;
    while (back.next(read)) {
    }
    if (writer.written() > 0 && !(read == last)) __builtin_trap();
  });
}

}  // namespace attnsim::fuzz
