#include "sim/trace/file/trace_header.h"

#include <algorithm>
#include <limits>

namespace attnsim::trace_file {
namespace {

constexpr std::int64_t kMostExtent = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostElements = std::int64_t{1} << 56;
constexpr std::uint64_t kMostTasks = std::uint64_t{1} << 40;
constexpr std::size_t kMostTensors = 65535;  // the last number of a record means none
constexpr std::size_t kMostKernels = 4096;

bool in_range(std::int64_t value, std::int64_t most) { return value >= 1 && value <= most; }

std::string tensor_fault(const TensorDecl& t) {
  const std::string name = "tensor '" + t.name + "': ";
  if (!in_range(t.planes, kMostExtent) || !in_range(t.rows, kMostExtent) ||
      !in_range(t.cols, kMostExtent)) {
    return name + "planes, rows and cols must be from 1 to 2147483647";
  }
  if (t.planes * t.rows > kMostElements / t.cols) return name + "more than 2^56 elements";
  if (t.interleave < 1 || t.rows % t.interleave != 0) {
    return name + "interleave " + std::to_string(t.interleave) + " does not divide its rows";
  }
  return {};
}

std::string kernel_fault(const RecordedKernel& kernel) {
  const std::string name = "kernel '" + kernel.name + "': ";
  if (kernel.grid.size() > GridIndex::kMostDims) {
    return name + "a grid has at most " + std::to_string(GridIndex::kMostDims) + " dimensions";
  }
  std::uint64_t tasks = 1;
  for (const GridDim& dim : kernel.grid) {
    if (dim.extent < 1) return name + "grid extents must be at least 1";
    if (static_cast<std::uint64_t>(dim.extent) > kMostTasks / tasks) {
      return name + "more than 2^40 tasks";
    }
    tasks *= static_cast<std::uint64_t>(dim.extent);
  }
  return {};
}

std::string shape_fault(const TileShape& shape) {
  if (in_range(shape.rows, kMostExtent) && in_range(shape.cols, kMostExtent)) return {};
  return "a resident tile has no extent between 1 and 2147483647";
}

}  // namespace

std::uint64_t RecordedKernel::tasks() const {
  std::uint64_t n = 1;
  for (const GridDim& dim : grid) n *= static_cast<std::uint64_t>(dim.extent);
  return n;
}

std::uint64_t TraceHeader::tasks() const {
  std::uint64_t n = 0;
  for (const RecordedKernel& kernel : kernels) n += kernel.tasks();
  return n;
}

std::string header_fault(const TraceHeader& header) {
  if (!header.run.empty() && !header.run.ends_with('\n')) {
    return "the text of the run does not end with a newline";
  }
  if (header.tensors.size() > kMostTensors) return "more than 65535 tensors";
  if (header.kernels.size() > kMostKernels) return "more than 4096 kernels";
  if (header.tiles.size() > 1 && header.tiles.size() % 2 != 0) {
    return "expected one tile size, or tile sizes in pairs";
  }
  if (header.tile_granularity < 1) return "the granularity of the tiles must be at least 1";
  std::string fault;
  const auto check = [&fault](const auto& items, auto* fault_of) {
    for (const auto& item : items) {
      if (fault.empty()) fault = fault_of(item);
    }
  };
  check(header.tensors, tensor_fault);
  check(header.kernels, kernel_fault);
  check(header.resident, shape_fault);
  return fault;
}

}  // namespace attnsim::trace_file
