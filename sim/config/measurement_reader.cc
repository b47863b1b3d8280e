#include "sim/config/measurement_reader.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "sim/config/csv_text.h"
#include "sim/config/scalar.h"
#include "sim/config/workload_reader.h"

namespace attnsim::config {
namespace {

constexpr Range kDevices{.min = 1, .max = std::int64_t{1} << 20};

/// A row as written: what has a default that depends on other columns is still open.
struct Draft {
  Measurement row{};
  std::optional<std::int64_t> kv_heads{}, head_dim_v{};
};

void assign(std::string& to, const Cursor& value) { to = value.node().text; }

void assign(std::int64_t& to, const Cursor& value, const Range& range) {
  if (const auto read = value.integer(range)) to = *read;
}

void assign_flag(bool& to, const Cursor& value) {
  const std::string& text = value.node().text;
  if (text != "0" && text != "1") value.expected("0 or 1");
  to = text == "1";
}

/// A number above 0, and none that makes errors infinite.
std::optional<double> positive(const Cursor& value) {
  constexpr double kLeast = 1e-9, kMost = 1e12;
  const std::optional<double> number = parse_real(value.node().text);
  if (number && *number >= kLeast && *number <= kMost) return number;
  value.expected(number && *number > 0 ? "a number from 1e-9 to 1e12" : "a number above 0");
  return std::nullopt;
}

/// The index of a name, or a fault that suggests the nearest.
std::optional<std::size_t> choice(const Cursor& value, const std::string& what,
                                  std::span<const std::string_view> names) {
  const std::vector<std::string> all(names.begin(), names.end());
  const auto text = value.choice(what, all);
  if (!text) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find(all, *text) - all.begin());
}

void read_pass(const Cursor& value, Draft& out) {
  const std::string_view names[] = {name(Pass::forward), name(Pass::backward),
                                    name(Pass::forward_backward)};
  if (const auto index = choice(value, "pass", names)) {
    out.row.workload.pass = static_cast<Pass>(*index);
  }
}

void read_params(const Cursor& value, Draft& out) {
  std::string_view rest = value.node().text;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      value.expected("key=value;key=value");
      return;
    }
    const std::string key(item.substr(0, equals));
    if (!out.row.params.emplace(key, item.substr(equals + 1)).second) {
      value.fault("duplicate parameter " + quote(key));
    }
  }
  const auto dropout = out.row.params.find("dropout");
  if (dropout == out.row.params.end()) return;
  const std::optional<double> share = parse_real(dropout->second);
  if (!share || *share < 0 || *share >= 1) {
    value.fault("expected a dropout of at least 0 and below 1, got " + quote(dropout->second));
  }
}

std::span<const Field<Draft>> columns() {
  static const Field<Draft> kColumns[] = {
      {{.key = "id", .type = "text", .required = true, .doc = "unique over all files of a call"},
       [](const Cursor& v, Draft& out) { assign(out.row.id, v); }},
      {{.key = "source", .type = "text", .required = true, .doc = "publication or repository"},
       [](const Cursor& v, Draft& out) { assign(out.row.source, v); }},
      {{.key = "ref", .type = "text", .doc = "the table, figure or file in it"},
       [](const Cursor& v, Draft& out) { assign(out.row.ref, v); }},
      {{.key = "algorithm", .type = "text", .required = true, .doc = "id of the algorithm"},
       [](const Cursor& v, Draft& out) { assign(out.row.algorithm, v); }},
      {{.key = "variant", .type = "text", .doc = "which implementation was measured"},
       [](const Cursor& v, Draft& out) { assign(out.row.variant, v); }},
      {{.key = "reference",
        .type = "0 or 1",
        .required = true,
        .doc = "1: the algorithm's released kernel, a time or rate of the operator"},
       [](const Cursor& v, Draft& out) { assign_flag(out.row.reference, v); }},
      {{.key = "pass",
        .type = "forward, backward or forward_backward",
        .required = true,
        .doc = "which pass was measured"},
       read_pass},
      {{.key = "hardware", .type = "text", .required = true, .doc = "id of the device"},
       [](const Cursor& v, Draft& out) { assign(out.row.hardware, v); }},
      {{.key = "devices",
        .type = "integer 1..2^20",
        .fallback = "1",
        .doc = "devices that work on the one problem"},
       [](const Cursor& v, Draft& out) { assign(out.row.devices, v, kDevices); }},
      {{.key = "clock_mhz",
        .type = "number above 0",
        .doc = "locked core clock; empty: free, or not stated"},
       [](const Cursor& v, Draft& out) { out.row.clock_mhz = positive(v); }},
      {{.key = "dtype",
        .type = "fp16, bf16, fp32, fp8, int8, int4 or fp4",
        .required = true,
        .doc = "of Q and K"},
       [](const Cursor& v, Draft& out) {
         if (const auto index = choice(v, "dtype", measured_dtypes())) {
           out.row.dtype = measured_dtypes()[*index];
         }
       }},
      {{.key = "batch", .type = "integer 1..2^20", .required = true, .doc = "sequences"},
       [](const Cursor& v, Draft& out) { assign(out.row.workload.batch, v, kCountRange); }},
      {{.key = "heads", .type = "integer 1..2^20", .required = true, .doc = "query heads"},
       [](const Cursor& v, Draft& out) { assign(out.row.workload.heads, v, kCountRange); }},
      {{.key = "kv_heads", .type = "integer 1..2^20", .fallback = "heads", .doc = "divides heads"},
       [](const Cursor& v, Draft& out) { out.kv_heads = v.integer(kCountRange); }},
      {{.key = "seqlen_q", .type = "integer 1..2^30", .required = true, .doc = "1: decode"},
       [](const Cursor& v, Draft& out) { assign(out.row.workload.seqlen_q, v, kLengthRange); }},
      {{.key = "seqlen_kv", .type = "integer 1..2^30", .required = true, .doc = "keys"},
       [](const Cursor& v, Draft& out) { assign(out.row.workload.seqlen_kv, v, kLengthRange); }},
      {{.key = "head_dim", .type = "integer 1..2^20", .required = true, .doc = "of Q and K"},
       [](const Cursor& v, Draft& out) { assign(out.row.workload.head_dim, v, kCountRange); }},
      {{.key = "head_dim_v", .type = "integer 1..2^20", .fallback = "head_dim", .doc = "of V"},
       [](const Cursor& v, Draft& out) { out.head_dim_v = v.integer(kCountRange); }},
      {{.key = "causal", .type = "0 or 1", .required = true, .doc = "1: causal mask"},
       [](const Cursor& v, Draft& out) { assign_flag(out.row.workload.causal, v); }},
      {{.key = "window", .type = "integer 1..2^30", .doc = "sliding window in keys"},
       [](const Cursor& v, Draft& out) { out.row.window = v.integer(kLengthRange); }},
      {{.key = "params", .type = "key=value;...", .doc = "dropout, mask, baseline, density ..."},
       read_params},
      {{.key = "metric",
        .type = "runtime_ms, tflops, tops, latency_ms, speedup, gb_dram, matrix_unit_util_pct or "
                "lds_util_pct",
        .required = true,
        .doc = "what value is"},
       [](const Cursor& v, Draft& out) {
         if (const auto index = choice(v, "metric", metric_names())) {
           out.row.metric = static_cast<Metric>(*index);
         }
       }},
      {{.key = "value", .type = "number above 0", .required = true, .doc = "in the metric's unit"},
       [](const Cursor& v, Draft& out) { out.row.value = positive(v).value_or(1); }},
      {{.key = "exactness", .type = "text", .doc = "how it was read off, ignored"},
       [](const Cursor&, Draft&) {}},
      {{.key = "note", .type = "text", .doc = "free text, ignored"}, [](const Cursor&, Draft&) {}},
  };
  return kColumns;
}

/// Which declared column each field of a row is; nothing where the header is wrong.
using Layout = std::vector<const Field<Draft>*>;

std::optional<Layout> read_header(const CsvRow& header, Faults& faults) {
  const std::size_t before = faults.count();
  std::vector<std::string> known;
  for (const Field<Draft>& column : columns()) known.push_back(column.doc.key);
  Layout layout;
  for (const CsvField& field : header) {
    const auto at = std::ranges::find(known, field.text) - known.begin();
    const Field<Draft>* column =
        at == std::ssize(known) ? nullptr : &columns()[static_cast<std::size_t>(at)];
    if (column == nullptr) {
      faults.add(field.at, "", "unknown column " + quote(field.text) + key_hint(field.text, known));
    } else if (std::ranges::count(layout, column) > 0) {
      faults.add(field.at, "", "duplicate column " + quote(field.text));
    }
    layout.push_back(column);
  }
  for (const Field<Draft>& column : columns()) {
    if (!column.doc.required || std::ranges::count(layout, &column) > 0) continue;
    faults.add(header[0].at, "",
               "missing column '" + column.doc.key + "' (" + column.doc.type + ")");
  }
  if (faults.count() > before) return std::nullopt;
  return layout;
}

/// The fields that hold something, by column, so that the shape can be checked as a workload's is.
Node as_map(const CsvRow& row, const Layout& layout) {
  Node map = make_map(row[0].at);
  for (std::size_t i = 0; i < layout.size(); ++i) {
    if (row[i].text.empty()) continue;
    map.entries.push_back(
        {.key = layout[i]->doc.key, .at = row[i].at, .value = make_scalar(row[i].text, row[i].at)});
  }
  return map;
}

void check_row(const Cursor& map, const Measurement& row, MeasurementIds& ids) {
  check_shape(map, row.workload);
  const Cursor id = map.child("id");
  const auto [first, added] = ids.emplace(row.id, id.node().at);
  if (!added) {
    id.fault("duplicate id " + quote(row.id) + ", first in " + first->second.file + ":" +
             std::to_string(first->second.line));
  }
  if (row.metric == Metric::speedup && !row.params.contains("baseline")) {
    map.child("params").fault("missing baseline=ALGORITHM, which a speedup is over");
  }
  if (row.reference && !is_operator_time(row.metric) && row.metric != Metric::gb_dram) {
    map.child("reference").fault("expected 0 for " + quote(name(row.metric)) + ", got '1'");
  }
}

std::optional<Measurement> read_row(const CsvRow& row, const Layout& layout, MeasurementIds& ids,
                                    Faults& faults) {
  const std::size_t before = faults.count();
  if (row.size() != layout.size()) {
    faults.add(row[0].at, "",
               "expected " + std::to_string(layout.size()) + " fields as in the header, got " +
                   std::to_string(row.size()));
    return std::nullopt;
  }
  const Node map = as_map(row, layout);
  Draft draft;
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const FieldDoc& doc = layout[i]->doc;
    if (const Entry* entry = map.entry(doc.key)) {
      layout[i]->read(Cursor(entry->value, doc.key, faults), draft);
    } else if (doc.required) {
      faults.add(row[i].at, doc.key, "expected " + doc.type + ", got an empty field");
    }
  }
  if (faults.count() > before) return std::nullopt;
  Workload& w = draft.row.workload;
  w.kv_heads = draft.kv_heads.value_or(w.heads);
  w.head_dim_v = draft.head_dim_v.value_or(w.head_dim);
  check_row(Cursor(map, "", faults), draft.row, ids);
  if (faults.count() > before) return std::nullopt;
  return std::move(draft.row);
}

}  // namespace

std::vector<Measurement> read_measurements(std::string_view text, const std::string& file,
                                           MeasurementIds& ids, Faults& faults) {
  const std::size_t before = faults.count();
  const std::vector<CsvRow> rows = parse_csv(text, file, faults);
  if (faults.count() > before) return {};  // which field is which is not sure
  if (rows.empty()) {
    faults.add({.file = file}, "", "expected a header line with the columns, got an empty file");
    return {};
  }
  const std::optional<Layout> layout = read_header(rows[0], faults);
  std::vector<Measurement> out;
  if (!layout) return out;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (auto row = read_row(rows[i], *layout, ids, faults)) out.push_back(std::move(*row));
  }
  return out;
}

std::vector<FieldDoc> measurement_fields() { return docs_of(columns()); }

}  // namespace attnsim::config
