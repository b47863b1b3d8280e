// A small world to validate in: two algorithms, one machine, and a model that is a formula.
#pragma once

#include <string>

#include "sim/study/validation.h"

namespace attnsim::study {

inline Measurement measurement(const std::string& id, double runtime_ms) {
  Measurement row;
  row.id = id;
  row.source = "paper";
  row.algorithm = "flash_attention_2";
  row.variant = "released";
  row.reference = true;
  row.hardware = "gpu";
  row.dtype = "fp16";
  row.workload.seqlen_q = row.workload.seqlen_kv = 1024;
  row.metric = Metric::runtime_ms;
  row.value = runtime_ms;
  return row;
}

inline Catalogue small_catalogue() {
  AlgorithmInfo flash{.id = "flash_attention_2", .summary = "", .source = ""};
  flash.passes = {Pass::forward, Pass::backward};
  flash.dropout = true;
  flash.params = {{.name = "dq",
                   .type = ParamType::choice,
                   .unit = "",
                   .default_value = "core",
                   .doc = "",
                   .choices = {"core", "atomic"}}};
  AlgorithmInfo standard{.id = "standard", .summary = "", .source = ""};
  return {.algorithms = {flash, standard}};
}

inline MachineSpec small_machine() {
  MachineSpec machine;
  machine.id = "gpu";
  machine.clock = 1e9;
  return machine;
}

inline ValidationRequest request_for(std::vector<Measurement> rows) {
  ValidationRequest request;
  request.measurements = std::move(rows);
  request.catalogue = small_catalogue();
  request.machines.emplace("gpu", small_machine());
  return request;
}

/// A rule for every row of the paper that simulates flash_attention_2.
inline SourceRule rule_for_all() {
  SourceRule rule;
  rule.source = "paper";
  rule.simulate = "flash_attention_2";
  AlgorithmChoice choice;
  choice.name = rule.simulate;
  choice.params.set("dq", std::string("core"));
  rule.forward = choice;
  choice.params.set("dq", std::string("atomic"));
  rule.backward = choice;
  return rule;
}

}  // namespace attnsim::study
