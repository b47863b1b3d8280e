#include "sim/replay/attention_problem.h"

#include <cmath>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "sim/replay/dropout.h"

namespace attnsim::replay {
namespace {

/// The reference's own definition of the workload's block mask.
std::function<bool(std::int64_t, std::int64_t, std::int64_t)> reference_mask(const Workload& w) {
  if (!w.mask) return {};
  const auto mask = std::make_shared<const reference::BlockMask>(block_mask_problem(w));
  return [mask](std::int64_t plane, std::int64_t row, std::int64_t key) {
    return mask->shows(plane, row, key);
  };
}

/// Z of the reference: what the dropout of the workload keeps, and scaled by how much.
std::vector<double> dropout_factors(const Workload& w) {
  std::vector<double> z;
  if (!w.dropout) return z;
  for (std::int64_t row = 0; row < w.query_planes() * w.seqlen_q; ++row) {
    for (std::int64_t col = 0; col < w.seqlen_kv; ++col) {
      z.push_back(dropped(w.dropout, row, col) ? 0 : 1 / (1 - w.dropout.probability));
    }
  }
  return z;
}

}  // namespace

reference::AttentionProblem attention_problem(const Workload& w) {
  return {.batch = w.batch,
          .heads = w.heads,
          .kv_heads = w.kv_heads,
          .seqlen_q = w.seqlen_q,
          .seqlen_kv = w.seqlen_kv,
          .head_dim = w.head_dim,
          .head_dim_v = w.head_dim_v,
          .causal = w.causal,
          .window_left = w.window_left,
          .window_right = w.window_right,
          .shows = reference_mask(w),
          .scale = 1.0 / std::sqrt(static_cast<double>(w.head_dim)),
          .dropout = dropout_factors(w)};
}

reference::BlockMaskProblem block_mask_problem(const Workload& w) {
  reference::BlockMaskProblem problem{.kind = w.mask->kind,
                                      .block = w.mask->block,
                                      .planes = w.query_planes(),
                                      .seqlen_q = w.seqlen_q,
                                      .seqlen_kv = w.seqlen_kv,
                                      .seed = w.mask->seed};
  for (const auto& [param, value] : w.mask->params.all()) {
    problem.params[param] = std::get<std::int64_t>(value);
  }
  for (const BlockLists& plane : w.mask->recorded) {
    auto& rows = problem.lists.emplace_back();
    for (std::size_t i = 0; i + 1 < plane.row_ptr.size(); ++i) {
      rows.emplace_back(plane.col_idx.begin() + plane.row_ptr[i],
                        plane.col_idx.begin() + plane.row_ptr[i + 1]);
    }
  }
  return problem;
}

}  // namespace attnsim::replay
