#include "sim/config/check_reader.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "sim/config/metric.h"
#include "sim/config/run_reader.h"
#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

struct Draft {
  const Catalogue& catalogue;
  Resolver& resolver;
  CheckSpec check{};
};

void read_metric(const Cursor& value, Expectation& out) {
  constexpr const char* kExpected = "a metric such as io.hbm.total.words";
  const auto metric = value.text(kExpected);
  if (!metric) return;
  if (!is_metric_path(*metric)) value.expected(kExpected);
  out.metric = *metric;
}

/// A limit: a number, or a quantity in the unit of the metric.
std::optional<double> read_limit(const Cursor& value, const std::string& metric) {
  const std::optional<double> bare =
      value.node().quoted ? std::nullopt : parse_real(value.node().text);
  if (bare) return bare;
  switch (metric_unit(metric)) {
    case MetricUnit::bytes: {
      const auto size = value.size();
      return size ? std::optional(static_cast<double>(*size)) : std::nullopt;
    }
    case MetricUnit::seconds:
      return value.quantity(Quantity::time);
    case MetricUnit::joules:
      return value.quantity(Quantity::joules);
    case MetricUnit::number:
      break;
  }
  value.expected("a number");
  return std::nullopt;
}

void read_ratio(const Cursor& value, Expectation& out) {
  const std::optional<double> ratio = value.real();
  if (ratio && *ratio <= 0) {
    value.expected("a positive number");
  } else {
    out.max_ratio = ratio;
  }
}

void read_of(const Cursor& value, Expectation& out) {
  constexpr const char* kExpected = "closed_form or bounds.<id>";
  const std::string prefix = "bounds.";
  const auto of = value.text(kExpected);
  if (!of) return;
  const bool bound = of->starts_with(prefix) && of->size() > prefix.size() &&
                     of->find('.', prefix.size()) == std::string::npos;
  if (*of == "closed_form" || bound) {
    out.of = *of;
  } else {
    value.expected(kExpected);
  }
}

std::span<const Field<Expectation>> expectation_table() {
  static const Field<Expectation> kFields[] = {
      {{.key = "metric",
        .type = "path",
        .required = true,
        .doc =
            "which number of the result: io.<memory>.<tensor>.<field>, "
            "footprint.<memory>.<field>, bounds.<id>.<field>, time.<field>, energy.<memory> ..."},
       read_metric},
      {{.key = "min", .type = "number, or quantity", .doc = "the least value that holds"},
       [](const Cursor& v, Expectation& out) { out.min = read_limit(v, out.metric); }},
      {{.key = "max", .type = "number, or quantity", .doc = "the largest value that holds"},
       [](const Cursor& v, Expectation& out) { out.max = read_limit(v, out.metric); }},
      {{.key = "equals", .type = "integer 0..2^63-1", .doc = "the only value that holds"},
       [](const Cursor& v, Expectation& out) {
         if (const auto n = v.integer({.min = 0})) {
           out.equals = static_cast<std::uint64_t>(*n);
         }
       }},
      {{.key = "max_ratio",
        .type = "number above 0",
        .doc = "the largest multiple of the value named by `of` that holds"},
       read_ratio},
      {{.key = "of",
        .type = "closed_form or bounds.<id>",
        .doc = "what max_ratio refers to; required with it"},
       read_of},
  };
  return kFields;
}

/// Exactly one kind of limit, and `of` where it belongs.
void check_limits(const Cursor& map, const Expectation& e) {
  const auto has = [&](const char* key) { return map.node().find(key) != nullptr; };
  const int kinds = int{has("min") || has("max")} + int{has("equals")} + int{has("max_ratio")};
  if (kinds != 1) {
    map.fault(std::string("expected one of min, max (or both), equals, max_ratio, got ") +
              (kinds == 0 ? "none" : "several"));
    return;
  }
  if (e.min && e.max && *e.min > *e.max) map.child("min").fault("min is above max");
  if (has("max_ratio") && !has("of")) {
    map.fault("missing key 'of' (closed_form or bounds.<id>): max_ratio refers to it");
  } else if (has("of") && !has("max_ratio")) {
    map.child("of").fault("only max_ratio refers to another value");
  } else if (has("of") && !is_traffic(e.metric)) {
    map.child("of").fault("only the bytes and words of an io metric can be compared, got " +
                          quote(e.metric));
  }
}

Expectation read_expectation(const Cursor& map) {
  const Position& at = map.node().at;
  Expectation out{.metric = {}, .file = at.file, .line = at.line, .column = at.column};
  const std::size_t before = map.faults().count();
  read_map(map, expectation_table(), out);
  if (map.faults().count() == before) check_limits(map, out);
  return out;
}

void read_run_section(const Cursor& value, Draft& out) {
  const std::optional<Node> run = run_section(value, out.resolver);
  if (!run) return;
  const auto spec =
      read_run(Cursor(*run, value.path(), value.faults()), out.catalogue, out.resolver);
  if (spec) out.check.run = *spec;
}

void read_expectations(const Cursor& value, Draft& out) {
  if (!value.require_sequence()) return;
  if (value.node().items.empty()) value.fault("expected at least one expectation");
  for (std::size_t i = 0; i < value.node().items.size(); ++i) {
    out.check.expect.push_back(read_expectation(value.item(i)));
  }
}

std::span<const Field<Draft>> check_table() {
  static const Field<Draft> kFields[] = {
      {{.key = "name", .type = "text", .required = true, .doc = "how reports name the check"},
       [](const Cursor& v, Draft& out) { out.check.name = v.text("a name").value_or(""); }},
      {{.key = "description", .type = "text", .doc = "free text, ignored"},
       [](const Cursor&, Draft&) {}},
      {{.key = "run",
        .type = "run, usually {extends: FILE}",
        .required = true,
        .doc = "the run to be checked; a file name alone will do"},
       read_run_section},
      {{.key = "allow_over",
        .type = "true or false",
        .fallback = "false",
        .doc = "let a footprint above capacity pass"},
       [](const Cursor& v, Draft& out) { out.check.allow_over = v.boolean().value_or(false); }},
      {{.key = "expect",
        .type = "list of expectations",
        .required = true,
        .doc = "what must hold of the result"},
       read_expectations},
  };
  return kFields;
}

}  // namespace

std::vector<FieldDoc> check_file_fields() {
  return {{.key = "checks", .type = "list of checks", .required = true, .doc = "run in this order"},
          {.key = "description", .type = "text", .doc = "free text, ignored"}};
}

std::vector<CheckSpec> read_checks(const Cursor& root, const Catalogue& catalogue,
                                   Resolver& resolver) {
  std::vector<CheckSpec> out;
  if (!check_keys(root, check_file_fields()) || root.node().find("checks") == nullptr) return out;
  const Cursor list = root.child("checks");
  if (!list.require_sequence()) return out;
  if (list.node().items.empty()) list.fault("expected at least one check");
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    const Cursor item = list.item(i);
    Draft draft{.catalogue = catalogue, .resolver = resolver};
    read_map(item, check_table(), draft);
    const std::string& name = draft.check.name;
    if (!name.empty() && !names.insert(name).second) {
      item.child("name").fault("duplicate name " + quote(name));
    }
    out.push_back(std::move(draft.check));
  }
  return out;
}

std::vector<FieldDoc> check_fields() { return docs_of(check_table()); }
std::vector<FieldDoc> expectation_fields() { return docs_of(expectation_table()); }

}  // namespace attnsim::config
