// Address traces of other tools, as a stream of accesses. Formats: traces/README.md.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sim/trace/file/line_reader.h"

namespace attnsim::trace_file {

/// One access. address + bytes does not exceed 2^64.
struct AddressEvent {
  std::uint64_t address = 0;
  std::uint64_t bytes = 1;
  bool write = false;
  bool fetch = false;  // of an instruction; a read otherwise

  bool operator==(const AddressEvent&) const = default;
};

enum class AddressFormat : std::uint8_t {
  din,        // Dinero: label, hexadecimal address, optional hexadecimal size
  csv,        // address,bytes,rw
  lackey,     // valgrind --tool=lackey --trace-mem=yes
  ramulator,  // LD 0x.., ST 0x..; only written
  dramsim3,   // 0x.. READ cycle; only written
};

/// Of a file by its ending: .din, .csv, .lackey, .ramulator, .dramsim3.
std::optional<AddressFormat> address_format_of(std::string_view file);

/// False for the formats that are only written.
bool is_read(AddressFormat format);

/// Streams the accesses of a file; every fault is a UserError with the line.
class AddressReader {
 public:
  /// REQUIRES: a format that is read. The stream outlives the reader; `name` stands for it in
  /// messages.
  AddressReader(std::istream& in, const std::string& name, AddressFormat format);

  /// False at the end of the file.
  bool next(AddressEvent& event);

  /// Bytes of the file read so far.
  std::uint64_t bytes() const { return lines_.bytes(); }

 private:
  bool read_din(std::string_view line, AddressEvent& event) const;
  bool read_csv(std::string_view line, AddressEvent& event) const;
  bool read_lackey(std::string_view line, AddressEvent& event);
  std::uint64_t number(std::string_view text, int base, std::string_view what) const;
  std::uint64_t address(std::string_view text, int base) const;
  void set_size(AddressEvent& event, std::uint64_t bytes) const;

  LineReader lines_;
  AddressFormat format_;
  std::optional<AddressEvent> pending_{};  // the write of a lackey modify
};

}  // namespace attnsim::trace_file
