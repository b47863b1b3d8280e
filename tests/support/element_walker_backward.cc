#include <initializer_list>
#include <stdexcept>
#include <vector>

#include "tests/support/element_walker_parts.h"

namespace attnsim::walker {
namespace {

std::int64_t group_of(const WalkCase& w) { return w.heads / w.kv_heads; }

/// One KV head and the query heads that share it, as everything below.
Result walk_standard_backward(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "P", "dO", "dQ", "dK", "dV", "dP", "dS"});
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  for (std::int64_t head = 0; head < group_of(w); ++head) {
    walk_product(w, nk, w.head_dim_v, nq, result["P"], result["dO"], nullptr);
    walk_product(w, nq, nk, w.head_dim_v, result["dO"], result["V"], &result["dP"]);
    for (int pass = w.row_fits ? 1 : 0; pass < 2; ++pass) {
      result["P"].read += whole(nq, nk);
      result["dP"].read += whole(nq, nk);
    }
    result["dS"].written += whole(nq, nk);
    walk_product(w, nq, w.head_dim, nk, result["dS"], result["K"], &result["dQ"]);
    walk_product(w, nk, w.head_dim, nq, result["dS"], result["Q"], nullptr);
  }
  result["dK"].written += whole(nk, w.head_dim);
  result["dV"].written += whole(nk, w.head_dim_v);
  return result;
}

/// D = rowsum(dO o O).
void walk_delta(const WalkCase& w, Result& result) {
  result["O"].read += whole(w.seqlen_q, w.head_dim_v);
  result["dO"].read += whole(w.seqlen_q, w.head_dim_v);
  result["D"].written += whole(w.seqlen_q, 1);
}

Result walk_small_cache_backward(const WalkCase& w) {
  Result result = untouched({"Q", "K", "V", "O", "L", "dO", "dQ", "dK", "dV", "D", "P", "dS"});
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  for (std::int64_t head = 0; head < group_of(w); ++head) {
    walk_delta(w, result);
    result["L"].read += whole(nq, 1);
    result["D"].read += whole(nq, 1);
    walk_product(w, nq, nk, w.head_dim, result["Q"], result["K"], &result["P"]);
    walk_product(w, nq, nk, w.head_dim_v, result["dO"], result["V"], &result["dS"]);
    walk_product(w, nk, w.head_dim_v, nq, result["P"], result["dO"], nullptr);
    walk_product(w, nk, w.head_dim, nq, result["dS"], result["Q"], nullptr);
    walk_product(w, nq, w.head_dim, nk, result["dS"], result["K"], &result["dQ"]);
  }
  result["dK"].written += whole(nk, w.head_dim);
  result["dV"].written += whole(nk, w.head_dim_v);
  return result;
}

Result walk_parameter_gradient(const WalkCase& w) {
  Result result = untouched(
      {"A1", "X", "A2", "A3", "Y", "dO", "Q", "S", "m", "l", "V", "dP", "D", "dS", "dQ", "dX"});
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  const std::int64_t d = w.head_dim;
  const std::int64_t dv = w.head_dim_v;
  walk_product(w, nk, dv, dv, result["A3"], result["Y"], &result["V"]);
  for (std::int64_t head = 0; head < group_of(w); ++head) {
    walk_product(w, nq, d, d, result["A1"], result["X"], &result["Q"]);
    walk_product(w, nq, nk, d, result["Q"], result["A2"], &result["S"]);
    for (const char* statistic : {"m", "l"}) result[statistic].written += whole(nq, 1);

    walk_product(w, nq, nk, dv, result["dO"], result["V"], &result["dP"]);
    for (const char* statistic : {"m", "l"}) result[statistic].read += whole(nq, 1);
    result["S"].read += whole(nq, nk);
    result["D"].written += whole(nq, 1);

    for (const char* statistic : {"m", "l", "D"}) result[statistic].read += whole(nq, 1);
    for (const char* scores : {"S", "dP"}) result[scores].read += whole(nq, nk);
    result["dS"].written += whole(nq, nk);

    walk_product(w, nq, d, nk, result["dS"], result["A2"], &result["dQ"]);
    walk_product(w, d, d, nq, result["A1"], result["dQ"], &result["dX"]);
  }
  return result;
}

/// Which of the tensors of a query block a visit loads, and whether it adds to dQ.
struct Visit {
  bool output = false;  // O
  std::initializer_list<const char*> statistics;
  bool adds = false;
  const char* lists = "mask_backward";
};

/// Key blocks outside: dK and dV of each, over all query heads.
void walk_key_blocks(const WalkCase& w, std::int64_t kv_plane, const Visit& visit, Result& result) {
  for (const Block& cols : flash_blocks(w, w.seqlen_kv, w.block_cols)) {
    result["K"].read += cols.features;
    result["V"].read += cols.features_v;
    for (std::int64_t head = 0; head < group_of(w); ++head) {
      const std::int64_t plane = kv_plane * group_of(w) + head;
      read_list(result, w, visit.lists);
      for (const Block& rows : flash_blocks(w, w.seqlen_q, w.block_rows)) {
        if (!any_visible(w, plane, rows.rows, cols.rows)) continue;
        read_list(result, w, visit.lists);
        result["Q"].read += rows.features;
        result["dO"].read += rows.features_v;
        if (visit.output) result["O"].read += rows.features_v;
        for (const char* statistic : visit.statistics) result[statistic].read += rows.statistics;
        if (visit.adds) {
          if (!w.atomic) result["dQ"].read += rows.features;
          result["dQ"].written += rows.features;
        }
      }
    }
    result["dK"].written += cols.features;
    result["dV"].written += cols.features_v;
  }
}

Result walk_flash_attention_1_backward(const WalkCase& w, std::int64_t kv_plane) {
  Result result = untouched({"Q", "K", "V", "O", "l", "m", "dO", "dQ", "dK", "dV"});
  for (std::int64_t head = 0; head < group_of(w); ++head) {
    initialise(result["dQ"], whole(w.seqlen_q, w.head_dim));
  }
  initialise(result["dK"], whole(w.seqlen_kv, w.head_dim));
  initialise(result["dV"], whole(w.seqlen_kv, w.head_dim_v));
  walk_key_blocks(w, kv_plane, {.output = true, .statistics = {"l", "m"}, .adds = true}, result);
  return result;
}

Result walk_flash_attention_2_backward(const WalkCase& w, std::int64_t kv_plane) {
  Result result = untouched({"Q", "K", "V", "O", "L", "dO", "dQ", "dK", "dV", "D"});
  for (std::int64_t head = 0; head < group_of(w); ++head) {
    walk_delta(w, result);
    initialise(result["dQ"], whole(w.seqlen_q, w.head_dim));
  }
  walk_key_blocks(w, kv_plane, {.statistics = {"L", "D"}, .adds = true}, result);
  return result;
}

Result walk_two_kernel_backward(const WalkCase& w, std::int64_t kv_plane) {
  Result result = untouched({"Q", "K", "V", "O", "L", "dO", "dQ", "dK", "dV", "D"});
  walk_key_blocks(w, kv_plane, {.statistics = {"L", "D"}, .lists = "mask_dk_dv"}, result);
  for (std::int64_t head = 0; head < group_of(w); ++head) {
    walk_delta(w, result);
    for (const Block& rows : flash_blocks(w, w.seqlen_q, w.block_rows_dq)) {
      result["Q"].read += rows.features;
      result["dO"].read += rows.features_v;
      for (const char* statistic : {"L", "D"}) result[statistic].read += rows.statistics;
      read_list(result, w, "mask_dq");
      for (const Block& cols : flash_blocks(w, w.seqlen_kv, w.block_cols_dq)) {
        if (!any_visible(w, kv_plane * group_of(w) + head, rows.rows, cols.rows)) continue;
        read_list(result, w, "mask_dq");
        result["K"].read += cols.features;
        result["V"].read += cols.features_v;
      }
      result["dQ"].written += rows.features;
    }
  }
  return result;
}

}  // namespace

bool is_backward(Algorithm algorithm) { return algorithm >= Algorithm::standard_backward; }

Result walk_backward(const WalkCase& w, std::int64_t kv_plane) {
  switch (w.algorithm) {
    case Algorithm::standard_backward:
      return walk_standard_backward(w);
    case Algorithm::flash_attention_1_backward:
      return walk_flash_attention_1_backward(w, kv_plane);
    case Algorithm::flash_attention_2_backward:
      return walk_flash_attention_2_backward(w, kv_plane);
    case Algorithm::two_kernel_backward:
      return walk_two_kernel_backward(w, kv_plane);
    case Algorithm::small_cache_backward:
      return walk_small_cache_backward(w);
    case Algorithm::parameter_gradient:
      return walk_parameter_gradient(w);
    case Algorithm::standard_pytorch_backward:
      return walk_standard_pytorch_backward(w);
    default:
      break;
  }
  throw std::invalid_argument("element walker: unknown algorithm");
}

}  // namespace attnsim::walker
