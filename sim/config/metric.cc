#include "sim/config/metric.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sim/config/scalar.h"
#include "sim/core/spelling.h"

namespace attnsim::config {
namespace {

struct Form {
  std::string head;
  std::string shape;
  std::size_t parts = 0;
  bool names_memory = false;  // the second part
  std::vector<std::string> fields;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> kForms = {
      {.head = "io",
       .shape = "io.<memory>.<tensor>.<field>",
       .parts = 4,
       .names_memory = true,
       .fields = {"bytes", "words", "read_bytes", "read_words", "write_bytes", "write_words",
                  "init_bytes", "init_words"}},
      {.head = "footprint",
       .shape = "footprint.<memory>.<field>",
       .parts = 3,
       .names_memory = true,
       .fields = {"peak_bytes", "peak_words", "static_bytes", "capacity_bytes", "capacity_words"}},
      {.head = "bounds",
       .shape = "bounds.<id>.<field>",
       .parts = 3,
       .fields = {"words", "bytes", "ratio", "m_words"}},
  };
  return kForms;
}

std::vector<std::string> split(std::string_view metric) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= metric.size();) {
    const std::size_t dot = std::min(metric.find('.', start), metric.size());
    parts.emplace_back(metric.substr(start, dot - start));
    start = dot + 1;
  }
  return parts;
}

std::string field_of(std::string_view metric) {
  const std::size_t dot = metric.rfind('.');
  return std::string(dot == std::string_view::npos ? metric : metric.substr(dot + 1));
}

}  // namespace

std::string metric_fault(std::string_view metric, const MachineSpec& machine) {
  const std::vector<std::string> parts = split(metric);
  std::vector<std::string> heads;
  const Form* form = nullptr;
  for (const Form& f : forms()) {
    heads.push_back(f.head);
    if (f.head == parts[0]) form = &f;
  }
  if (form == nullptr) return "unknown metric " + quote(metric) + suggestion(parts[0], heads);
  const bool gaps = std::find(parts.begin(), parts.end(), "") != parts.end();
  if (parts.size() != form->parts || gaps) {
    return "expected " + form->shape + ", got " + quote(metric);
  }
  if (form->names_memory && machine.memory(parts[1]) == nullptr) {
    std::vector<std::string> memories;
    for (const MemorySpec& m : machine.memories) memories.push_back(m.name);
    return "unknown memory " + quote(parts[1]) + suggestion(parts[1], memories);
  }
  const std::string& field = parts.back();
  if (std::find(form->fields.begin(), form->fields.end(), field) == form->fields.end()) {
    return "unknown field " + quote(field) + suggestion(field, form->fields);
  }
  return "";
}

MetricUnit metric_unit(std::string_view metric) {
  const std::string field = field_of(metric);
  if (field.ends_with("bytes")) return MetricUnit::bytes;
  if (field.ends_with("seconds")) return MetricUnit::seconds;
  return MetricUnit::number;
}

bool is_traffic(std::string_view metric) {
  const std::string field = field_of(metric);
  return metric.starts_with("io.") && (field.ends_with("bytes") || field.ends_with("words"));
}

std::string metric_forms() {
  std::string out;
  for (const Form& form : forms()) {
    out += "  " + form.shape + "\n      fields:";
    for (const std::string& field : form.fields) out += " " + field;
    out += "\n";
  }
  return out;
}

}  // namespace attnsim::config
