#include "sim/config/validation_files.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "sim/config/argument.h"
#include "sim/config/measurement_reader.h"
#include "sim/config/parse.h"
#include "sim/config/source.h"
#include "sim/config/source_rule_reader.h"
#include "sim/config/text_check.h"
#include "sim/config/validation_reader.h"

namespace attnsim::config {
namespace {

constexpr std::size_t kLargestMeasurements = std::size_t{64} << 20;
constexpr std::size_t kLargestValidation = std::size_t{64} << 20;

/// The map that a text is; throws when it is none.
Node parse_map(const std::string& text, const std::string& name, Faults& faults) {
  std::optional<Node> root = parse_yaml(text, name, "", faults);
  if (root) Cursor(*root, "", faults).require_map();
  faults.throw_if_any();
  return std::move(*root);
}

}  // namespace

std::vector<Measurement> load_measurements(const std::vector<std::string>& files) {
  Faults faults;
  MeasurementIds ids;
  std::vector<Measurement> out;
  for (const std::string& file : files) {
    const auto text = read_text(file, faults, kLargestMeasurements);
    if (!text) continue;
    for (Measurement& row : read_measurements(*text, file, ids, faults)) {
      out.push_back(std::move(row));
    }
  }
  faults.throw_if_any();
  return out;
}

std::vector<Measurement> load_measurements_text(const std::string& text, const std::string& name) {
  Faults faults;
  MeasurementIds ids;
  std::vector<Measurement> out = read_measurements(text, name, ids, faults);
  faults.throw_if_any();
  return out;
}

std::vector<SourceRule> load_source_rules_text(const std::string& text, const std::string& name,
                                               const Catalogue& catalogue) {
  Faults faults;
  const Node root = parse_map(text, name, faults);
  std::vector<SourceRule> rules = read_source_rules(Cursor(root, "", faults), catalogue);
  faults.throw_if_any();
  return rules;
}

std::vector<SourceRule> load_source_rules(const std::string& file, const Catalogue& catalogue,
                                          const SearchPath& search) {
  Faults faults;
  const std::string found = find_file(file, {}, search).value_or(file);
  const auto text = read_text(found, faults);
  faults.throw_if_any();
  return load_source_rules_text(*text, found, catalogue);
}

std::set<std::string> load_ids(const std::string& file, const SearchPath& search) {
  Faults faults;
  const std::string found = find_file(file, {}, search).value_or(file);
  const auto text = read_text(found, faults);
  faults.throw_if_any();
  if (const auto fault = check_text(*text)) {
    faults.add({.file = found, .line = fault->line, .column = fault->column}, "", fault->message);
  }
  std::set<std::string> ids;
  std::istringstream lines(*text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line.resize(std::min(line.find('#'), line.size()));
    line.resize(line.find_last_not_of(" \t\r") + 1);
    const std::string id(trimmed(line));
    if (id.empty()) continue;
    if (!ids.insert(id).second) {
      faults.add({.file = found, .line = number, .column = 1}, "", "duplicate id '" + id + "'");
    }
  }
  faults.throw_if_any();
  return ids;
}

ValidationReport load_validation(const std::string& file) {
  Faults faults;
  const auto text = read_text(file, faults, kLargestValidation);
  faults.throw_if_any();
  const Node root = parse_map(*text, file, faults);
  ValidationReport report = read_validation(Cursor(root, "", faults));
  faults.throw_if_any();
  return report;
}

}  // namespace attnsim::config
