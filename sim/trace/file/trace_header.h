// What a trace file says before its operations: everything a replay needs besides them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/run_spec.h"
#include "sim/trace/program.h"
#include "sim/trace/target.h"
#include "sim/trace/tensor.h"

namespace attnsim::trace_file {

/// A grid of recorded tasks.
struct RecordedKernel {
  std::string name;
  std::uint8_t device = 0;
  std::vector<GridDim> grid{};

  std::uint64_t tasks() const;
};

/// A term of the recorded algorithm's closed form (closed_form.h).
struct RecordedTerm {
  std::string tensor;
  DType dtype = DType::f16;
  std::uint64_t read = 0;
  std::uint64_t written = 0;
};

struct TraceHeader {
  std::string tool;       // version of attnsim that recorded it
  std::string run;        // the resolved run as canonical YAML, in whole lines; opaque here
  std::string algorithm;  // id
  std::string function;   // what the algorithm computes: the reference that verifies it
  std::string pass;
  std::uint64_t seed = 0;  // of the input generator
  std::vector<TensorDecl> tensors{};
  std::vector<RecordedKernel> kernels{};
  TileRule tile_rule = TileRule::automatic;
  std::int64_t tile_granularity = 1;
  std::vector<std::pair<std::string, std::int64_t>> tiles{};  // Br, Bc, ...; one, or in pairs
  std::vector<RecordedTerm> closed_form{};
  std::vector<TileShape> resident{};  // tiles live at once, by the algorithm's own account

  /// Tasks of all kernels.
  std::uint64_t tasks() const;
};

/// What is wrong with a header that was read: empty when every number is in range. Nothing that
/// passes can overflow the arithmetic of a replay.
std::string header_fault(const TraceHeader& header);

/// The header as bytes, with the lists of names that its numbers and those of blocks refer to.
std::string encode_header(const TraceHeader& header);

/// What the numbers of one file mean here.
struct NameMaps {
  std::vector<std::uint8_t> ops{};
  std::vector<std::uint8_t> dtypes{};
  std::vector<std::uint8_t> roles{};
  std::vector<std::uint8_t> tensor_roles{};
};

/// The inverse; throws DecodeFault.
TraceHeader decode_header(std::string_view bytes, NameMaps& maps);

}  // namespace attnsim::trace_file
