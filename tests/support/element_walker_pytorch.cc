#include "tests/support/element_walker_parts.h"

namespace attnsim::walker {
namespace {

/// A kernel that goes through a matrix of scores in place.
void in_place(const WalkCase& w, Traffic& scores) {
  scores.read += whole(w.seqlen_q, w.seqlen_kv);
  scores.written += whole(w.seqlen_q, w.seqlen_kv);
}

void mask(const WalkCase& w, Result& result, const char* scores) {
  in_place(w, result[scores]);
  result["mask"].read += whole(w.seqlen_q, w.seqlen_kv);
}

/// The matrix that multiplies V.
const char* last_probabilities(const WalkCase& w) { return w.drops ? "P_dropped" : "P"; }

void copy(Traffic& from, Traffic& to, std::uint64_t words) {
  from.read += words;
  to.written += words;
}

}  // namespace

Result walk_standard_pytorch(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "O"});
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  copy(result["K"], result["K_heads"], whole(nk, w.head_dim));
  copy(result["V"], result["V_heads"], whole(nk, w.head_dim_v));
  for (std::int64_t head = 0; head < w.heads / w.kv_heads; ++head) {
    copy(result["Q"], result["Q_heads"], whole(nq, w.head_dim));
    walk_product(w, nq, nk, w.head_dim, result["Q_heads"], result["K_heads"], &result["S"]);
    if (w.scales) in_place(w, result["S"]);
    if (w.masks) mask(w, result, "S");
    for (int pass = w.row_fits ? 1 : 0; pass < 2; ++pass) result["S"].read += whole(nq, nk);
    result["P"].written += whole(nq, nk);
    if (w.drops) {
      copy(result["P"], result["P_dropped"], whole(nq, nk));
      result["kept"].written += whole(nq, nk);
    }
    walk_product(w, nq, w.head_dim_v, nk, result[last_probabilities(w)], result["V_heads"],
                 &result["O"]);
  }
  return result;
}

Result walk_standard_pytorch_backward(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "P", "dO", "dQ", "dK", "dV", "dP", "dS"});
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  for (std::int64_t head = 0; head < w.heads / w.kv_heads; ++head) {
    walk_product(w, nk, w.head_dim_v, nq, result[last_probabilities(w)], result["dO"], nullptr);
    walk_product(w, nq, nk, w.head_dim_v, result["dO"], result["V"], &result["dP"]);
    if (w.drops) {
      in_place(w, result["dP"]);
      result["kept"].read += whole(nq, nk);
    }
    if (w.weighs) {
      copy(result["dP"], result["T"], whole(nq, nk));
      result["P"].read += whole(nq, nk);  // T is their product
    }
    for (int pass = w.row_fits ? 1 : 0; pass < 2; ++pass) {
      result["P"].read += whole(nq, nk);
      result[w.weighs ? "T" : "dP"].read += whole(nq, nk);
    }
    result["dS"].written += whole(nq, nk);
    for (std::int64_t n = 0; n < w.copies; ++n) in_place(w, result["dS"]);
    if (w.fills) mask(w, result, "dS");
    if (w.scales) in_place(w, result["dS"]);
    walk_product(w, nq, w.head_dim, nk, result["dS"], result["K"], &result["dQ"]);
    walk_product(w, nk, w.head_dim, nq, result["dS"], result["Q"], nullptr);
    copy(result["dQ"], result["dQ_tokens"], whole(nq, w.head_dim));
  }
  result["dK"].written += whole(nk, w.head_dim);
  result["dV"].written += whole(nk, w.head_dim_v);
  copy(result["dK"], result["dK_tokens"], whole(nk, w.head_dim));
  copy(result["dV"], result["dV_tokens"], whole(nk, w.head_dim_v));
  return result;
}

}  // namespace attnsim::walker
