// Where the tensors of a trace lie when its traffic is written as addresses.
//
// Tensors follow each other in the order of the program, from 0x10000000, each at the next multiple
// of 256. A tensor is its planes one after another, each row-major without padding; heads that are
// interleaved in the rows of a plane are taken apart, so that an algorithm's packing moves nothing.
// An element takes the bytes of the tensor's dtype.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/trace/file/address_writer.h"
#include "sim/trace/file/trace_reader.h"

namespace attnsim::trace_file {

class AddressLayout {
 public:
  static constexpr std::uint64_t kFirst = 0x10000000;
  static constexpr std::uint64_t kAlignment = 256;

  /// Throws UserError when the tensors do not fit below 2^63. References the tensors.
  explicit AddressLayout(const std::vector<TensorDecl>& tensors);

  std::uint64_t base(std::size_t tensor) const { return bases_[tensor]; }

  /// Appends the accesses of a record: one for each run of consecutive bytes, in the order of rows.
  /// Nothing for a record that moves nothing between a tensor and a tile. An addition reads and
  /// then writes; at the memory it is a write. False when the region does not lie inside the
  /// tensor.
  bool accesses(const TileOp& op, std::vector<AddressEvent>& out) const;

 private:
  void append(const TileOp& op, bool write, std::vector<AddressEvent>& out) const;

  const std::vector<TensorDecl>& tensors_;
  std::vector<std::uint64_t> bases_;
};

/// All traffic of a trace, task after task.
void write_accesses(const TraceReader& trace, AddressWriter& out);

}  // namespace attnsim::trace_file
