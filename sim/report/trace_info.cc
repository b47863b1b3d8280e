#include "sim/report/trace_info.h"

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/format.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

using NamedNumbers = std::vector<std::pair<std::string, std::int64_t>>;

Json map_json(const NamedNumbers& items) {
  Json out = Json::object();
  for (const auto& [name, value] : items) out[name] = value;
  return out;
}

std::string list_text(const NamedNumbers& items) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : items) parts.push_back(fmt::format("{} {}", name, value));
  return join(parts);
}

double bytes_per_operation(const TraceInfo& info) {
  return info.operations == 0
             ? 0
             : static_cast<double>(info.file_bytes) / static_cast<double>(info.operations);
}

Json tensor_json(const TraceTensorInfo& t) {
  Json out = Json::object();
  out["name"] = t.name;
  out["role"] = t.role;
  out["dtype"] = name(t.dtype);
  out["planes"] = t.planes;
  out["rows"] = t.rows;
  out["cols"] = t.cols;
  return out;
}

Json kernel_json(const TraceKernelInfo& kernel) {
  Json out = Json::object();
  out["name"] = kernel.name;
  out["grid"] = map_json(kernel.grid);
  out["tasks"] = kernel.tasks;
  return out;
}

}  // namespace

std::string to_json(const TraceInfo& info) {
  Json trace = Json::object();
  trace["file"] = info.file;
  trace["format_version"] = info.format_version;
  trace["tool_version"] = info.tool;
  trace["algorithm"] = info.algorithm;
  trace["function"] = info.function;
  trace["pass"] = info.pass;
  trace["seed"] = info.seed;
  trace["tile_rule"] = info.tile_rule;
  trace["tiles"] = map_json(info.tiles);
  trace["tensors"] = array(info.tensors, tensor_json);
  trace["kernels"] = array(info.kernels, kernel_json);
  trace["operations"] = info.operations;
  trace["tasks"] = info.tasks;
  trace["blocks"] = info.blocks;
  trace["file_bytes"] = info.file_bytes;
  trace["bytes_per_operation"] = real(bytes_per_operation(info));
  trace["run"] = info.run;
  Json out = versioned();
  out["trace"] = std::move(trace);
  return dump(out);
}

std::string to_csv(const TraceInfo& info) {
  std::string out = "file,algorithm,tensor,role,dtype,planes,rows,cols\n";
  for (const TraceTensorInfo& t : info.tensors) {
    out += fmt::format("{},{},{},{},{},{},{},{}\n", csv_field(info.file), csv_field(info.algorithm),
                       csv_field(t.name), t.role, name(t.dtype), t.planes, t.rows, t.cols);
  }
  return out;
}

std::string to_table(const TraceInfo& info) {
  std::string out = fmt::format("{}: {} {}, recorded by attnsim {}\n", info.file, info.algorithm,
                                info.pass, info.tool);
  TextTable table({Align::left, Align::left, Align::left});
  for (const TraceTensorInfo& t : info.tensors) {
    table.add_row({"tensor  " + t.name, t.role,
                   fmt::format("{} x {} x {} {}", t.planes, t.rows, t.cols, name(t.dtype))});
  }
  for (const TraceKernelInfo& kernel : info.kernels) {
    table.add_row(
        {"kernel  " + kernel.name, list_text(kernel.grid), thousands(kernel.tasks) + " tasks"});
  }
  out += table.text();
  if (!info.tiles.empty()) {
    out += fmt::format("tiles   {} ({})\n", list_text(info.tiles), info.tile_rule);
  }
  out += fmt::format("holds   {} operations of {} tasks in {} blocks\n", thousands(info.operations),
                     thousands(info.tasks), thousands(info.blocks));
  out += fmt::format("size    {}, {:.3f} bytes an operation\n", human_bytes(Bytes(info.file_bytes)),
                     bytes_per_operation(info));
  return out + "\n" + info.run;
}

}  // namespace attnsim::report
