#include "sim/report/explanation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/format.h"
#include "sim/report/io_table.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"
#include "sim/report/time_table.h"

namespace attnsim::report {
namespace {

constexpr Align kLeft = Align::left;
constexpr Align kRight = Align::right;
constexpr std::size_t kLabelWidth = 11;
constexpr std::size_t kMostOperations = 3;  // a unit

double part(double value, double whole) { return whole > 0 ? value / whole : 0; }

Json spent_json(const CoreSeconds& spent) {
  const double all = spent.total();
  Json out = Json::object();
  out["matrix"] = real(part(spent.matrix, all));
  out["both"] = real(part(spent.both, all));
  out["vector"] = real(part(spent.vector, all));
  out["waiting"] = real(part(spent.waiting, all));
  out["idle"] = real(part(spent.idle, all));
  out["launch"] = real(part(spent.launch, all));
  return out;
}

Json operation_json(const OperationTime& row) {
  Json out = Json::object();
  out["unit"] = row.unit;
  out["operation"] = row.operation;
  out["busy_seconds"] = real(row.busy_seconds);
  return out;
}

Json kernel_json(const KernelExplanation& k) {
  Json out = Json::object();
  out["kernel"] = k.time.kernel;
  out["seconds"] = real(k.time.seconds);
  out["limiter"] = k.time.limiter;
  out["tasks"] = k.time.tasks;
  out["places"] = k.time.places;
  out["cores"] = k.cores;
  out["ideal_waves"] = real(k.ideal_waves());
  out["waves"] = count(k.waves());
  out["wave_loss"] = real(k.wave_loss());
  out["tail_seconds"] = real(k.tail_seconds);
  out["spent"] = spent_json(k.spent);
  out["operations"] = array(k.operations, operation_json);
  return out;
}

Json tensor_json(const std::optional<LimitingTensor>& tensor) {
  if (!tensor) return nullptr;
  Json out = Json::object();
  out["memory"] = tensor->memory;
  out["tensor"] = tensor->tensor;
  out["bytes"] = count(tensor->bytes);
  out["share"] = real(tensor->share);
  return out;
}

std::string limiter_text(const Explanation& e) {
  std::string out = e.time.limiter;
  if (out == "latency") out += " (no unit or memory is busy half of the time)";
  if (e.tensor) {
    out += fmt::format(": {} is {} of the {} traffic ({})", e.tensor->tensor,
                       percent(e.tensor->share), e.tensor->memory, human_bytes(e.tensor->bytes));
  }
  return out + '\n';
}

/// Where the core-seconds go, one line each.
std::string spent_text(const CoreSeconds& spent) {
  TextTable table({kRight, kLeft});
  const auto add = [&](double value, const char* what) {
    table.add_row({percent(part(value, spent.total())), what});
  };
  add(spent.both, "matrix unit and vector or exp unit together: one hidden under the other");
  add(spent.matrix, "matrix unit alone");
  add(spent.vector, "vector or exp unit alone");
  add(spent.waiting, "waiting: for data, an earlier result, or the first operation of a task");
  add(spent.idle, "idle: no task left, or none given");
  add(spent.launch, "launch");
  return table.text();
}

/// "matmul 60.0 %, matmul_acc 40.0 %" of the busy time of one unit.
std::string operations_text(const KernelExplanation& k, std::string_view unit) {
  double busy = 0;
  for (const OperationTime& o : k.operations) busy += o.unit == unit ? o.busy_seconds : 0;
  std::vector<std::string> parts;
  for (const OperationTime& o : k.operations) {
    if (o.unit != unit || parts.size() == kMostOperations) continue;
    parts.push_back(fmt::format("{} {}", o.operation, percent(part(o.busy_seconds, busy))));
  }
  return parts.empty() ? "" : fmt::format("{} unit: {}\n", unit, join(parts));
}

std::string kernel_text(const KernelExplanation& k) {
  const auto whole = [](std::int64_t n) { return thousands(static_cast<std::uint64_t>(n)); };
  std::string out =
      fmt::format("{}, limited by {}\n", human_seconds(k.time.seconds), k.time.limiter);
  out += fmt::format("{} tasks at {} places: {:.2f} waves in {:.0f}, {} of the places empty\n",
                     whole(k.time.tasks), whole(k.time.places), k.ideal_waves(), k.waves(),
                     percent(k.wave_loss()));
  out += fmt::format("tail {} ({}), {} of the core time idle\n", human_seconds(k.tail_seconds),
                     percent(part(k.tail_seconds, k.time.seconds)),
                     percent(part(k.spent.idle, k.spent.total())));
  return out + operations_text(k, "matrix") + operations_text(k, "vector");
}

std::string what_if_text(const Explanation& e) {
  TextTable table({kLeft, kRight, kRight, kLeft});
  for (const WhatIf& w : e.what_if) {
    const double saved = e.saved(w);
    table.add_row({w.change, human_seconds(w.seconds),
                   saved >= 0 ? percent(saved) + " saved" : percent(-saved) + " longer",
                   "then limited by " + w.limiter});
  }
  return table.text();
}

}  // namespace

std::string to_json(const Explanation& e) {
  Json out = versioned();
  out["tool"] = tool_json();
  Json run = Json::object();
  run["algorithm"] = e.algorithm;
  run["hardware"] = e.hardware;
  run["workload"] = e.workload;
  run["params"] = Json::object();
  for (const auto& [tile, size] : e.tiles) run["params"][tile] = size;
  out["run"] = std::move(run);
  out["time"] = time_json(e.time);
  out["spent"] = spent_json(e.spent);
  out["tensor"] = tensor_json(e.tensor);
  out["kernels"] = array(e.kernels, kernel_json);
  out["what_if"] = array(e.what_if, [&](const WhatIf& w) {
    Json row = Json::object();
    row["change"] = w.change;
    row["seconds"] = real(w.seconds);
    row["saved"] = real(e.saved(w));
    row["limiter"] = w.limiter;
    return row;
  });
  out["estimated_inputs"] = e.estimated_inputs;
  return dump(out);
}

std::string to_csv(const Explanation& e) {
  std::string out = "change,seconds,saved,limiter\n";
  out += fmt::format("none,{},0,{}\n", e.time.seconds, e.time.limiter);
  for (const WhatIf& w : e.what_if) {
    out += fmt::format("{},{},{},{}\n", csv_field(w.change), w.seconds, e.saved(w), w.limiter);
  }
  return out;
}

std::string to_table(const Explanation& e) {
  std::vector<std::string> tiles;
  for (const auto& [tile, size] : e.tiles) tiles.push_back(fmt::format("{} {}", tile, size));
  std::string out =
      fmt::format("{} on {}, tiles {}\n{}\n\n", e.algorithm, e.hardware, join(tiles), e.workload);
  out += labelled("time", kLabelWidth,
                  fmt::format("{}, {} TFLOP/s\n", human_seconds(e.time.seconds),
                              number(std::round(e.time.tflops * 10) / 10)));
  out += labelled("limited by", kLabelWidth, limiter_text(e));
  out += labelled("busy", kLabelWidth, lanes_text(e.time));
  out += '\n' + labelled("core time", kLabelWidth, spent_text(e.spent));
  for (const KernelExplanation& k : e.kernels) {
    out += fmt::format("\nkernel {}\n", k.time.kernel) + labelled("", kLabelWidth, kernel_text(k));
  }
  out += "\none change of the machine, the time read again\n";
  out += labelled("", kLabelWidth, what_if_text(e));
  const std::string guesses = guesses_text(e.estimated_inputs);
  return guesses.empty() ? out : out + '\n' + guesses + '\n';
}

}  // namespace attnsim::report
