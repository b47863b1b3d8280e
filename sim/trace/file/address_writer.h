// Writing address traces for other tools. Formats: traces/README.md.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "sim/trace/file/address_reader.h"

namespace attnsim::trace_file {

/// Bytes of a line where none are given.
inline constexpr std::uint64_t kDefaultLine = 64;

/// Writes accesses one after another. csv keeps an access whole. The other formats have accesses to
/// single lines: an access is cut where lines begin; din keeps the address of the first piece, the
/// memory simulators get the addresses of lines. The miss stream of a cache is written by adding
/// its fills (reads) and write-backs (writes) as accesses of one line each.
class AddressWriter {
 public:
  /// REQUIRES: `line` is a power of two; a format that is written (all but lackey). The stream
  /// outlives the writer; its failures are left to its owner to look for.
  AddressWriter(std::ostream& out, AddressFormat format, std::uint64_t line = kDefaultLine);

  void add(const AddressEvent& event);
  /// Accesses written, after cutting.
  std::uint64_t written() const { return written_; }

 private:
  void add_piece(std::uint64_t address, const AddressEvent& event);

  std::ostream& out_;
  AddressFormat format_;
  std::uint64_t line_;
  std::uint64_t written_ = 0;
  std::string text_;
};

}  // namespace attnsim::trace_file
