// Predictions against measurements, as plain data. What a figure means stands in
// docs/validation.md.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sim/core/workload.h"

namespace attnsim {

/// Errors of a set of points. With r = ln(predicted / measured): the first three are over |r|, the
/// bias is the mean of r, positive where predictions are too slow. NaN where n is 0.
struct ErrorSummary {
  std::uint64_t n = 0;
  double median = std::numeric_limits<double>::quiet_NaN();
  double mape = std::numeric_limits<double>::quiet_NaN();  // the mean
  double p90 = std::numeric_limits<double>::quiet_NaN();
  double bias = std::numeric_limits<double>::quiet_NaN();
};

/// The points that share all of this are one curve of a figure.
struct SeriesKey {
  std::string source, algorithm, variant, hardware;
  Pass pass = Pass::forward;
  std::int64_t head_dim = 0;
  bool causal = false;
  bool reference = false;

  bool operator==(const SeriesKey&) const = default;
};

/// A time that was predicted.
struct ValidationPoint {
  std::string id;
  SeriesKey series{};
  std::int64_t seqlen_q = 0, seqlen_kv = 0;
  bool conditions_stated = false;
  bool fitted = false;  // the model's constants were chosen looking at this row
  double predicted_s = 0;
  double measured_s = 0;

  /// In seconds, whatever the metric was: 0.1 is a prediction 10 % too slow.
  double error() const { return predicted_s / measured_s - 1; }
};

struct SeriesRow {
  SeriesKey key{};
  ErrorSummary errors{};
  double worst = 0;  // error() of the point that is furthest off
  std::string worst_id{};
};

/// Reference points of several series, by whether the model was fitted to them.
struct GroupRow {
  std::string group;
  std::string rows;  // all, fitted, unfitted
  ErrorSummary errors{};
  double worst = std::numeric_limits<double>::quiet_NaN();
  std::string worst_id{};
};

/// A prediction that is no time: bytes, a counter, a ratio of two times.
struct ComparedValue {
  std::string id;
  std::string metric;
  bool reference = false;
  double predicted = 0;
  double measured = 0;

  double error() const { return predicted / measured - 1; }
};

struct UnsupportedRows {
  std::string reason;
  std::uint64_t n = 0;
  std::uint64_t reference = 0;  // of them reference rows
};

struct ValidationReport {
  std::uint64_t rows = 0;       // of the files: points, compared values and unsupported rows
  std::uint64_t reference = 0;  // of them reference rows of time or rate, which overall is about
  ErrorSummary overall{};
  std::vector<GroupRow> groups{};
  std::vector<SeriesRow> series{};             // those with points, in the order of the files
  std::vector<UnsupportedRows> unsupported{};  // most frequent first
  std::vector<ValidationPoint> points{};       // in the order of the files
  std::vector<ComparedValue> bytes{}, counters{}, speedups{};

  /// The part of the reference rows of time or rate that was predicted.
  double coverage() const {
    return reference == 0 ? 0 : static_cast<double>(overall.n) / static_cast<double>(reference);
  }
};

}  // namespace attnsim
