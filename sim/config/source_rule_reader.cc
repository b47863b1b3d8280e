#include "sim/config/source_rule_reader.h"

#include <optional>
#include <string>
#include <utility>

#include "sim/config/algorithm_reader.h"
#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

struct Draft {
  explicit Draft(const Catalogue& algorithms) : catalogue(algorithms) {}

  const Catalogue& catalogue;
  SourceRule rule{};
  Node simulate{};  // as written
};

/// A pattern; empty texts match empty cells.
void read_pattern(const Cursor& value, std::string& out) {
  if (!value.node().is_scalar()) {
    value.expected("a text, in which * stands for any");
  } else {
    out = value.node().text;
  }
}

/// An `algorithm` section, a name alone included. Nothing when the catalogue does not have it.
std::optional<AlgorithmChoice> read_choice(const Cursor& value, const Catalogue& catalogue) {
  const Node* name = value.node().find("name");
  if (name != nullptr && name->is_scalar() && catalogue.algorithm(name->text) == nullptr) {
    return std::nullopt;
  }
  return read_algorithm(value, catalogue);
}

void read_simulate(const Cursor& value, Draft& out) {
  out.simulate = value.node();
  if (value.node().is_scalar()) {
    out.simulate = make_map(value.node().at);
    out.simulate.entries.push_back({.key = "name", .at = value.node().at, .value = value.node()});
  }
  const Cursor map(out.simulate, value.path(), value.faults());
  out.rule.forward = read_choice(map, out.catalogue);
  out.rule.backward = out.rule.forward;
  const Node* name = out.simulate.find("name");
  if (name != nullptr && name->is_scalar()) out.rule.simulate = name->text;
}

void read_backward(const Cursor& value, Draft& out) {
  if (!value.require_map() || !out.simulate.is_map()) return;
  const Node merged = merge(out.simulate, value.node());
  out.rule.backward = read_choice(Cursor(merged, value.path(), value.faults()), out.catalogue);
}

void read_ignores(const Cursor& value, Draft& out) {
  if (!value.require_sequence()) return;
  for (std::size_t i = 0; i < value.node().items.size(); ++i) {
    if (auto text = value.item(i).text("a parameter")) {
      out.rule.ignores.push_back(std::move(*text));
    }
  }
}

std::span<const Field<Draft>> rule_table() {
  static const Field<Draft> kFields[] = {
      {{.key = "source", .type = "pattern", .required = true, .doc = "* stands for any text"},
       [](const Cursor& v, Draft& out) { read_pattern(v, out.rule.source); }},
      {{.key = "algorithm", .type = "pattern", .required = true, .doc = "of the row"},
       [](const Cursor& v, Draft& out) { read_pattern(v, out.rule.algorithm); }},
      {{.key = "variant", .type = "pattern", .fallback = "*", .doc = "of the row"},
       [](const Cursor& v, Draft& out) { read_pattern(v, out.rule.variant); }},
      {{.key = "hardware", .type = "pattern", .fallback = "*", .doc = "of the row"},
       [](const Cursor& v, Draft& out) { read_pattern(v, out.rule.hardware); }},
      {{.key = "ref", .type = "pattern", .fallback = "*", .doc = "of the row"},
       [](const Cursor& v, Draft& out) { read_pattern(v, out.rule.ref); }},
      {{.key = "head_dim", .type = "integer 1..65536", .fallback = "any", .doc = "of the row"},
       [](const Cursor& v, Draft& out) {
         out.rule.head_dim = v.integer({.min = 1, .max = 65536});
       }},
      {{.key = "causal", .type = "true or false", .fallback = "either", .doc = "of the row"},
       [](const Cursor& v, Draft& out) { out.rule.causal = v.boolean(); }},
      {{.key = "simulate",
        .type = "an algorithm, or a map as in a run",
        .doc = "what stands for the kernel that was measured"},
       read_simulate},
      {{.key = "backward",
        .type = "map",
        .doc = "changes to `simulate` where the row has a backward pass"},
       read_backward},
      {{.key = "unsupported", .type = "text", .doc = "why the rows are not simulated"},
       [](const Cursor& v, Draft& out) { out.rule.unsupported = v.text("a reason").value_or(""); }},
      {{.key = "clock", .type = "frequency", .doc = "of the cores where a row states none"},
       [](const Cursor& v, Draft& out) { out.rule.clock = v.quantity(Quantity::frequency); }},
      {{.key = "host_overhead",
        .type = "time",
        .fallback = "0 s",
        .doc = "in every time of the source, beside the kernels"},
       [](const Cursor& v, Draft& out) {
         out.rule.host_overhead = v.quantity(Quantity::time).value_or(0);
       }},
      {{.key = "conditions_stated",
        .type = "true or false",
        .fallback = "false",
        .doc = "the source says how it measured, or wrote the kernel"},
       [](const Cursor& v, Draft& out) {
         out.rule.conditions_stated = v.boolean().value_or(false);
       }},
      {{.key = "ignores",
        .type = "list of parameters",
        .fallback = "[]",
        .doc = "parameters of the rows that the run may leave out"},
       read_ignores},
      {{.key = "why", .type = "text", .required = true, .doc = "what the choice rests on"},
       [](const Cursor& v, Draft& out) { out.rule.why = v.text("a text").value_or(""); }},
  };
  return kFields;
}

}  // namespace

std::vector<SourceRule> read_source_rules(const Cursor& root, const Catalogue& catalogue) {
  static const FieldDoc kRoot[] = {
      {.key = "rules", .type = "list of rules", .required = true, .doc = "the first match holds"},
      {.key = "description", .type = "text", .doc = "free text, ignored"}};
  std::vector<SourceRule> rules;
  if (!check_keys(root, kRoot) || root.node().find("rules") == nullptr) return rules;
  const Cursor list = root.child("rules");
  if (!list.require_sequence()) return rules;
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    const Cursor item = list.item(i);
    Draft draft(catalogue);
    const std::size_t before = item.faults().count();
    read_map(item, rule_table(), draft);
    if (item.faults().count() == before &&
        draft.rule.simulate.empty() == draft.rule.unsupported.empty()) {
      item.fault("expected one of simulate and unsupported");
    }
    rules.push_back(std::move(draft.rule));
  }
  return rules;
}

std::vector<FieldDoc> source_rule_fields() { return docs_of(rule_table()); }

}  // namespace attnsim::config
