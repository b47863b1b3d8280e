// Block-sparse FlashAttention: Dao et al., arXiv 2205.14135, Algorithm 5. The nests are those of
// FlashAttention; blocks that the workload's block mask hides are skipped.
//
//     order fa1:  for j: load K_j, V_j, also when no row sees them
//                   for i in the list of j: Algorithm 1's step, with O_i, l_i, m_i in memory
//                 rows that see nothing keep the initial O = 0, l = 0, m = -inf
//     order fa2:  for i: load Q_i
//                   for j in the list of i: FlashAttention-2's step; store O_i, L_i
//
// The backward passes are those of the nests, under the same mask. The lists are read as the tensor
// "mask" (backward "mask_backward"): for each its length, then a word for each block.
#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "block_sparse_flash_attention",
      .summary = "FlashAttention that skips the blocks a block mask hides",
      .source = "Dao et al. 2022, arXiv 2205.14135, Algorithm 5; order fa2: arXiv 2307.08691",
      .passes = {Pass::forward, Pass::backward, Pass::forward_backward},
      .tiles = {{"Br", "query rows of a block"},
                {"Bc", "keys of a block"},
                {"Br_backward", "query rows, of the backward pass in forward_backward", "Br"},
                {"Bc_backward", "keys, of the backward pass in forward_backward", "Bc"}},
      .params = {{.name = "order",
                  .type = ParamType::choice,
                  .default_value = "fa2",
                  .doc =
                      "fa1: key blocks outside, output updated in memory, as printed; fa2: query "
                      "blocks outside, output on chip",
                  .choices = {"fa1", "fa2"}}},
      .dropout = true,
      .block_masks = true,
  };
}

/// FlashAttention's schedule, under this algorithm's name.
std::unique_ptr<Schedule> plan(const PlanRequest& r) {
  const bool fa1 = r.choice.params.choice("order") == "fa1";
  const Algorithm nest = find_algorithm(fa1 ? "flash_attention_1" : "flash_attention_2");
  AlgorithmChoice choice = r.choice;
  choice.params = completed(choice.params, nest.info.params);
  return nest.plan({r.workload, r.target, r.info, choice});
}

ATTNSIM_REGISTER_ALGORITHM("block_sparse_flash_attention", [] { return Algorithm{info(), plan}; });

}  // namespace
}  // namespace attnsim
