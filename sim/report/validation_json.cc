#include "sim/report/json_parts.h"
#include "sim/report/validation.h"

namespace attnsim::report {
namespace {

void add_errors(Json& out, const ErrorSummary& errors) {
  out["n"] = errors.n;
  out["median"] = real(errors.median);
  out["mape"] = real(errors.mape);
  out["p90"] = real(errors.p90);
  out["bias"] = real(errors.bias);
}

Json overall_json(const ValidationReport& report) {
  Json out = Json::object();
  add_errors(out, report.overall);
  out["coverage"] = real(report.coverage());
  return out;
}

Json group_json(const GroupRow& row) {
  Json out = Json::object();
  out["group"] = row.group;
  out["rows"] = row.rows;
  add_errors(out, row.errors);
  out["worst"] = real(row.worst);
  out["worst_id"] = row.worst_id;
  return out;
}

Json series_json(const SeriesRow& row) {
  Json out = Json::object();
  out["source"] = row.key.source;
  out["algorithm"] = row.key.algorithm;
  out["variant"] = row.key.variant;
  out["hardware"] = row.key.hardware;
  out["pass"] = name(row.key.pass);
  out["head_dim"] = row.key.head_dim;
  out["causal"] = row.key.causal;
  out["reference"] = row.key.reference;
  add_errors(out, row.errors);
  out["worst"] = real(row.worst);
  out["worst_id"] = row.worst_id;
  return out;
}

Json unsupported_json(const UnsupportedRows& rows) {
  Json out = Json::object();
  out["reason"] = rows.reason;
  out["n"] = rows.n;
  out["reference"] = rows.reference;
  return out;
}

Json point_json(const ValidationPoint& point) {
  Json out = Json::object();
  out["id"] = point.id;
  out["reference"] = point.series.reference;
  out["predicted_s"] = real(point.predicted_s);
  out["measured_s"] = real(point.measured_s);
  out["error"] = real(point.error());
  out["fitted"] = point.fitted;
  return out;
}

Json compared_json(const ComparedValue& value) {
  Json out = Json::object();
  out["id"] = value.id;
  out["metric"] = value.metric;
  out["reference"] = value.reference;
  out["predicted"] = real(value.predicted);
  out["measured"] = real(value.measured);
  out["error"] = real(value.error());
  return out;
}

}  // namespace

std::string to_json(const ValidationReport& report) {
  Json out = versioned();
  out["tool"] = tool_json();
  out["rows"] = report.rows;
  out["reference_rows"] = report.reference;
  out["overall"] = overall_json(report);
  out["groups"] = array(report.groups, group_json);
  out["series"] = array(report.series, series_json);
  out["unsupported"] = array(report.unsupported, unsupported_json);
  out["points"] = array(report.points, point_json);
  out["bytes"] = array(report.bytes, compared_json);
  out["counters"] = array(report.counters, compared_json);
  out["speedups"] = array(report.speedups, compared_json);
  return dump(out);
}

}  // namespace attnsim::report
