#include "sim/study/measured_run.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace attnsim::study {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

/// Parameters that say where a shape is from, what it is compared with, or that are part of the
/// workload: they change nothing that a run would have to know of.
constexpr std::array<std::string_view, 3> kNeutral = {"model", "baseline", "dropout"};

std::string parameter_fault(const Measurement& row, const SourceRule* rule) {
  for (const auto& [key, value] : row.params) {
    if (std::ranges::count(kNeutral, key) > 0) continue;
    if (rule != nullptr && std::ranges::count(rule->ignores, key) > 0) continue;
    if (key == "mask") return "mask=" + value + ", which the run would not have";
    return "parameter " + quoted(key) + ", which the run would not have";
  }
  return {};
}

std::string row_fault(const Measurement& row) {
  if (row.metric == Metric::latency_ms) return "a whole model step, not one attention call";
  if (row.devices > 1) return "several devices";
  if (row.window && !row.workload.causal) return "a window without causal: which side is not said";
  if (row.window && is_operator_time(row.metric) && row.metric != Metric::runtime_ms) {
    return "rate of a row with a window: sources count its FLOPs differently";
  }
  return {};
}

/// The type of a run that stands for a measured one.
std::optional<DType> dtype_of(const Measurement& row) {
  if (row.dtype == "fp8") return DType::fp8_e4m3;
  return dtype_from_name(row.dtype);
}

Workload workload_of(const Measurement& row) {
  Workload w = row.workload;
  w.dtype = *dtype_of(row);
  const auto dropout = row.params.find("dropout");
  if (dropout != row.params.end()) w.dropout.probability = std::stod(dropout->second);
  if (row.window) {
    w.window_left = *row.window - 1;  // the query's own key is one of them
    w.window_right = 0;
  }
  return w;
}

MachineSpec at_clock(MachineSpec machine, const Measurement& row, const SourceRule* rule) {
  if (row.clock_mhz) {
    machine.clock = *row.clock_mhz * 1e6;
  } else if (rule != nullptr && rule->clock) {
    machine.clock = rule->clock;
  }
  return machine;
}

std::string algorithm_fault(const AlgorithmInfo& info, const Workload& w) {
  if (info.from_file) return "algorithm " + quoted(info.id) + " is read from a file";
  if (std::ranges::count(info.passes, w.pass) == 0) {
    return quoted(info.id) + " has no " + std::string(name(w.pass)) + " pass";
  }
  if (w.dropout && !info.dropout) return quoted(info.id) + " computes without dropout";
  return {};
}

/// REQUIRES: the rule, if any, simulates an algorithm that the catalogue has.
AlgorithmChoice choice_of(const AlgorithmInfo& info, const Workload& w, const SourceRule* rule) {
  if (rule != nullptr) return w.runs_backward() ? rule->backward.value() : rule->forward.value();
  AlgorithmChoice choice;
  choice.name = info.id;
  choice.params = completed({}, info.params);
  return choice;
}

MeasuredRun unsupported(std::string reason) {
  MeasuredRun out;
  out.reason = std::move(reason);
  return out;
}

MeasuredRun run_of(const Measurement& row, const std::string& algorithm, const SourceRule* rule,
                   const Simulatable& what) {
  if (std::string fault = row_fault(row); !fault.empty()) return unsupported(fault);
  if (rule != nullptr && !rule->unsupported.empty()) return unsupported(rule->unsupported);
  if (what.longest && row.workload.seqlen_q > *what.longest) {
    return unsupported("longer than --longest asks for");
  }
  const std::string& id = rule != nullptr ? rule->simulate : algorithm;
  const AlgorithmInfo* info = what.catalogue.algorithm(id);
  if (info == nullptr) return unsupported("unknown algorithm id " + quoted(id));
  const auto machine = what.machines.find(row.hardware);
  if (machine == what.machines.end()) {
    return unsupported("no preset for hardware " + quoted(row.hardware));
  }
  if (!dtype_of(row)) return unsupported("dtype " + quoted(row.dtype));
  if (std::string fault = parameter_fault(row, rule); !fault.empty()) return unsupported(fault);
  RunSpec run;
  run.workload = workload_of(row);
  if (std::string fault = algorithm_fault(*info, run.workload); !fault.empty()) {
    return unsupported(fault);
  }
  run.machine = at_clock(machine->second, row, rule);
  run.algorithm = choice_of(*info, run.workload, rule);
  MeasuredRun out;
  out.run = std::move(run);
  if (rule != nullptr) {
    out.host_overhead = rule->host_overhead;
    out.conditions_stated = rule->conditions_stated;
  }
  return out;
}

}  // namespace

MeasuredRun measured_run(const Measurement& row, const Simulatable& what) {
  const SourceRule* rule =
      find_rule(what.rules, row.source, row.algorithm, row.variant, row.hardware,
                {row.workload.head_dim, row.workload.causal, row.ref});
  return run_of(row, row.algorithm, rule, what);
}

MeasuredRun baseline_run(const Measurement& row, const Simulatable& what) {
  const std::string& algorithm = row.params.at("baseline");
  const SourceRule* rule = find_baseline_rule(what.rules, row.source, algorithm, row.hardware);
  return run_of(row, algorithm, rule, what);
}

}  // namespace attnsim::study
