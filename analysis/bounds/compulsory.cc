#include "analysis/bounds/compulsory.h"

namespace attnsim::bounds {

Compulsory compulsory_elements(const Workload& w, const Visible& seen) {
  const Wide d = wide(w.head_dim);
  const Wide dv = wide(w.head_dim_v);
  const Wide query_planes = wide(w.query_planes());
  const Wide kv_planes = wide(w.kv_planes());
  const Wide queries = seen.rows * d;
  const Wide keys_values = seen.keys * (d + dv);
  const Wide output = query_planes * wide(w.seqlen_q) * dv;
  if (w.pass == Pass::forward) {
    return {queries + keys_values, output,
            w.prefix > 0 ? "B H (R d + N_q d_v) + C (d + d_v); R rows visible, C keys in all"
                         : "B H (R d + N_q d_v) + B H_kv C (d + d_v); R rows, C keys visible"};
  }
  const Wide output_gradients = seen.rows * dv;
  const Wide gradients =
      query_planes * wide(w.seqlen_q) * d + kv_planes * wide(w.seqlen_kv) * (d + dv);
  const Wide reads = queries + keys_values + output_gradients;
  if (w.pass == Pass::backward) {
    return {reads, gradients,
            "B H (R (d + d_v) + N_q d) + B H_kv (C + N_k) (d + d_v); R rows, C keys visible"};
  }
  return {reads, gradients + output,
          "B H (R + N_q) (d + d_v) + B H_kv (C + N_k) (d + d_v); R rows, C keys visible"};
}

Compulsory compulsory_of_parameter_gradient(const Workload& w, const Visible& seen) {
  const Wide d = wide(w.head_dim);
  const Wide dv = wide(w.head_dim_v);
  // A plane has at most seqlen_q rows that see anything, so at least so many planes do.
  const Wide query_planes = ceil_div(seen.rows, wide(w.seqlen_q));
  const Wide kv_planes = ceil_div(seen.keys, wide(w.seqlen_kv));
  const Wide tokens = (seen.rows + seen.keys) * (d + dv);
  const Wide parameters = query_planes * d * d + kv_planes * dv * dv;
  return {tokens + parameters, wide(w.query_planes()) * d * d,
          "(B H R + B H_kv C) (d + d_v) + 2 B H d^2 + B H_kv d_v^2; R rows, C keys visible"};
}

Compulsory compulsory_of_recurrence(const Workload& w) {
  const Wide d = wide(w.head_dim);
  const Wide dv = wide(w.head_dim_v);
  const Wide steps = wide(w.query_planes()) * wide(w.seqlen_q);
  if (w.pass == Pass::forward) return {steps * (2 * d + dv), steps * dv, "2 B H N (d + d_v)"};
  if (w.pass == Pass::backward) {
    return {steps * 2 * (d + dv), steps * (2 * d + dv), "B H N (4 d + 3 d_v)"};
  }
  return {steps * 2 * (d + dv), steps * 2 * (d + dv), "4 B H N (d + d_v)"};
}

}  // namespace attnsim::bounds
