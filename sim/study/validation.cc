#include "sim/study/validation.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "sim/core/error.h"
#include "sim/study/error_statistics.h"
#include "sim/study/measured_run.h"
#include "sim/study/parallel.h"

namespace attnsim::study {
namespace {

/// Why a row was not predicted.
struct Unsupported {
  std::string reason;
};

using Outcome = std::variant<Unsupported, ValidationPoint, ComparedValue>;

SeriesKey series_of(const Measurement& row) {
  return {.source = row.source,
          .algorithm = row.algorithm,
          .variant = row.variant,
          .hardware = row.hardware,
          .pass = row.workload.pass,
          .head_dim = row.workload.head_dim,
          .causal = row.workload.causal,
          .reference = row.reference};
}

/// The seconds of a prediction, host overhead included; a reason where it has none.
std::variant<Unsupported, double> seconds_of(const Prediction& prediction,
                                             const MeasuredRun& measured) {
  if (prediction.seconds && *prediction.seconds > 0) {
    return *prediction.seconds + measured.host_overhead;
  }
  return Unsupported{prediction.reason.empty() ? "no time estimate" : prediction.reason};
}

/// The prediction for a run, or the reason why there is none.
std::variant<Unsupported, Prediction> prediction_of(const MeasuredRun& measured,
                                                    const Predictor& predict) {
  if (!measured.run) return Unsupported{measured.reason};
  try {
    return predict(*measured.run);
  } catch (const UserError& error) {
    return Unsupported{error.what()};
  }
}

/// Values of a profiler: bytes and counters.
Outcome compare_value(const Measurement& row, std::optional<double> predicted, double scale) {
  if (!predicted || *predicted <= 0) {
    return Unsupported{"no estimate of " + std::string(name(row.metric))};
  }
  return ComparedValue{.id = row.id,
                       .metric = std::string(name(row.metric)),
                       .reference = row.reference,
                       .predicted = *predicted * scale,
                       .measured = row.value};
}

class Validator {
 public:
  Validator(const ValidationRequest& request, const Predictor& predict)
      : request_(request),
        what_{.rules = request.rules,
              .catalogue = request.catalogue,
              .machines = request.machines,
              .longest = request.longest},
        predict_(predict) {}

  Outcome outcome(const Measurement& row) const {
    const MeasuredRun measured = measured_run(row, what_);
    const auto answer = prediction_of(measured, predict_);
    if (const auto* reason = std::get_if<Unsupported>(&answer)) return *reason;
    const auto& prediction = std::get<Prediction>(answer);
    switch (row.metric) {
      case Metric::gb_dram:
        return compare_value(row, prediction.dram_bytes, 1e-9);
      case Metric::matrix_unit_util_pct:
        return compare_value(row, prediction.matrix_utilisation, 100);
      case Metric::lds_util_pct:
        return compare_value(row, std::nullopt, 100);
      case Metric::speedup:
        return speedup(row, seconds_of(prediction, measured));
      case Metric::runtime_ms:
      case Metric::tflops:
      case Metric::tops:
      case Metric::latency_ms:  // has no run
        break;
    }
    return point(row, measured, seconds_of(prediction, measured));
  }

 private:
  Outcome point(const Measurement& row, const MeasuredRun& measured,
                const std::variant<Unsupported, double>& seconds) const {
    if (const auto* reason = std::get_if<Unsupported>(&seconds)) return *reason;
    return ValidationPoint{.id = row.id,
                           .series = series_of(row),
                           .seqlen_q = row.workload.seqlen_q,
                           .seqlen_kv = row.workload.seqlen_kv,
                           .conditions_stated = measured.conditions_stated,
                           .fitted = request_.fitted.contains(row.id),
                           .predicted_s = std::get<double>(seconds),
                           .measured_s = measured_seconds(row)};
  }

  Outcome speedup(const Measurement& row, const std::variant<Unsupported, double>& seconds) const {
    if (const auto* reason = std::get_if<Unsupported>(&seconds)) return *reason;
    const MeasuredRun baseline = baseline_run(row, what_);
    const auto answer = prediction_of(baseline, predict_);
    if (const auto* reason = std::get_if<Unsupported>(&answer)) {
      return Unsupported{"baseline: " + reason->reason};
    }
    const auto base = seconds_of(std::get<Prediction>(answer), baseline);
    if (const auto* reason = std::get_if<Unsupported>(&base)) {
      return Unsupported{"baseline: " + reason->reason};
    }
    return compare_value(row, std::get<double>(base) / std::get<double>(seconds), 1);
  }

  const ValidationRequest& request_;
  Simulatable what_;
  const Predictor& predict_;
};

void count_unsupported(ValidationReport& report, const std::string& reason, bool reference) {
  auto row = std::ranges::find(report.unsupported, reason, &UnsupportedRows::reason);
  if (row == report.unsupported.end()) {
    report.unsupported.push_back({.reason = reason});
    row = std::prev(report.unsupported.end());
  }
  ++row->n;
  if (reference) ++row->reference;
}

std::vector<ComparedValue>& values_of(ValidationReport& report, Metric metric) {
  if (metric == Metric::gb_dram) return report.bytes;
  return is_counter(metric) ? report.counters : report.speedups;
}

}  // namespace

ValidationReport validate(const ValidationRequest& request, const Predictor& predict,
                          Progress* progress) {
  const std::vector<Measurement>& rows = request.measurements;
  const Validator validator(request, predict);
  std::vector<Outcome> outcomes(rows.size());
  parallel_for(
      rows.size(), request.jobs, [&](std::size_t i) { outcomes[i] = validator.outcome(rows[i]); },
      progress);

  ValidationReport report{.rows = rows.size()};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].reference && is_operator_time(rows[i].metric)) ++report.reference;
    if (auto* point = std::get_if<ValidationPoint>(&outcomes[i])) {
      report.points.push_back(std::move(*point));
    } else if (auto* value = std::get_if<ComparedValue>(&outcomes[i])) {
      values_of(report, rows[i].metric).push_back(std::move(*value));
    } else {
      count_unsupported(report, std::get<Unsupported>(outcomes[i]).reason, rows[i].reference);
    }
  }
  std::ranges::stable_sort(report.unsupported, std::greater<>(), &UnsupportedRows::n);
  summarise(report);
  return report;
}

}  // namespace attnsim::study
