#include "sim/core/measurement.h"

#include "sim/core/error.h"

namespace attnsim {
namespace {

constexpr std::string_view kMetrics[] = {"runtime_ms",           "tflops",      "tops",
                                         "latency_ms",           "speedup",     "gb_dram",
                                         "matrix_unit_util_pct", "lds_util_pct"};
constexpr std::string_view kDTypes[] = {"fp16", "bf16", "fp32", "fp8", "int8", "int4", "fp4"};

double forward_flops(const Workload& w) {
  const double scores = static_cast<double>(w.batch) * static_cast<double>(w.heads) *
                        static_cast<double>(w.seqlen_q) * static_cast<double>(w.seqlen_kv);
  return 2 * scores * static_cast<double>(w.head_dim + w.head_dim_v) / (w.causal ? 2 : 1);
}

}  // namespace

std::string_view name(Metric metric) { return kMetrics[static_cast<int>(metric)]; }

std::span<const std::string_view> metric_names() { return kMetrics; }

std::span<const std::string_view> measured_dtypes() { return kDTypes; }

bool is_operator_time(Metric metric) {
  return metric == Metric::runtime_ms || metric == Metric::tflops || metric == Metric::tops;
}

bool is_counter(Metric metric) {
  return metric == Metric::matrix_unit_util_pct || metric == Metric::lds_util_pct;
}

double convention_flops(const Workload& workload) {
  const double forward = forward_flops(workload);
  switch (workload.pass) {
    case Pass::backward:
      return 2.5 * forward;
    case Pass::forward_backward:
      return 3.5 * forward;
    case Pass::forward:
      break;
  }
  return forward;
}

double measured_seconds(const Measurement& row) {
  ATTNSIM_CHECK(is_operator_time(row.metric), row.id);
  if (row.metric == Metric::runtime_ms) return row.value * 1e-3;
  return convention_flops(row.workload) / (row.value * 1e12);
}

}  // namespace attnsim
