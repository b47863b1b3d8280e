// The traffic of a trace as addresses, by the layout of its tensors.
#pragma once

#include <vector>

#include "sim/trace/file/address_writer.h"
#include "sim/trace/file/trace_reader.h"
#include "sim/trace/tensor_layout.h"

namespace attnsim::trace_file {

/// Appends the accesses of a record: one for each run of consecutive bytes, in the order of the
/// layout. Nothing for a record that moves nothing between a tensor and a tile. False when its
/// region does not lie inside the tensor.
bool append_accesses(const TensorLayout& layout, const TileOp& op, std::vector<AddressEvent>& out);

/// All traffic of a trace, task after task. Throws UserError for a region outside its tensor.
void write_accesses(const TraceReader& trace, const TensorLayout& layout, AddressWriter& out);

}  // namespace attnsim::trace_file
