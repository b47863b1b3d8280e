// What a trace file holds, in short, as plain data: sim/report writes it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/dtype.h"

namespace attnsim {

struct TraceTensorInfo {
  std::string name;
  std::string role;
  DType dtype = DType::f16;
  std::int64_t planes = 1, rows = 1, cols = 1;
};

struct TraceKernelInfo {
  std::string name;
  std::vector<std::pair<std::string, std::int64_t>> grid{};
  std::uint64_t tasks = 0;
};

struct TraceInfo {
  std::string file;
  int format_version = 0;
  std::string tool;  // version of attnsim that recorded it
  std::string algorithm;
  std::string function;
  std::string pass;
  std::uint64_t seed = 0;
  std::string tile_rule;
  std::vector<std::pair<std::string, std::int64_t>> tiles{};
  std::vector<TraceTensorInfo> tensors{};
  std::vector<TraceKernelInfo> kernels{};
  std::uint64_t operations = 0;
  std::uint64_t tasks = 0;
  std::uint64_t blocks = 0;
  std::uint64_t file_bytes = 0;
  std::string run;  // canonical YAML
};

}  // namespace attnsim
