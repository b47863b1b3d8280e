// Measurement files: what can be read has a shape that a run could have, and a positive value.
#include "sim/config/validation_files.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attnsim;
  return fuzz::expect_result_or_refusal([&] {
    for (const Measurement& row :
         config::load_measurements_text(fuzz::text_of(data, size), "x.csv")) {
      const Workload& w = row.workload;
      const bool shaped = w.batch > 0 && w.kv_heads > 0 && w.heads % w.kv_heads == 0 &&
                          w.seqlen_q > 0 && w.seqlen_kv > 0 && w.head_dim > 0 && w.head_dim_v > 0;
      if (!shaped || !(row.value > 0) || row.id.empty()) __builtin_trap();
      if (is_operator_time(row.metric) && !(measured_seconds(row) >= 0)) __builtin_trap();
    }
  });
}
