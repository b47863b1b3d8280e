// The workloads that every algorithm is verified on.
#include <algorithm>

#include "sim/core/two_level.h"
#include "sim/replay/function.h"
#include "sim/replay/verify.h"
#include "sim/trace/mask_generator.h"

namespace attnsim::replay {
namespace {

/// A small deterministic generator, the same on every platform (std distributions are not).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}

  /// Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const double unit = (input_value(seed_, 0, ++position_) + 1) / 2;
    return std::min(high,
                    low + static_cast<std::int64_t>(unit * static_cast<double>(high - low + 1)));
  }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }
  template <typename T, std::size_t N>
  T pick(const T (&options)[N]) {
    return options[between(0, N - 1)];
  }

 private:
  std::uint64_t seed_;
  std::uint64_t position_ = 0;
};

Workload random_workload(Dice& dice) {
  constexpr std::int64_t kHeadDims[] = {32, 64, 80, 128, 256};
  constexpr DType kDTypes[] = {DType::f16, DType::bf16, DType::f32};
  Workload w;
  w.batch = dice.between(1, 2);
  w.kv_heads = dice.between(1, 2);
  w.heads = w.kv_heads * dice.between(1, 3);
  w.seqlen_q = dice.one_in(6) ? 1 : dice.between(1, 70);
  w.seqlen_kv = dice.one_in(3) ? w.seqlen_q : dice.between(1, 70);
  w.head_dim = dice.pick(kHeadDims);
  w.head_dim_v = dice.one_in(4) ? dice.between(1, 70) : w.head_dim;
  w.dtype = dice.pick(kDTypes);
  w.causal = dice.one_in(2);
  if (dice.one_in(3)) w.window_left = dice.between(0, 40);
  if (!w.causal && dice.one_in(4)) w.window_right = dice.between(0, 40);
  return w;
}

/// Lists with empty rows, empty columns and, at times, no block at all; a plane for each head or
/// one.
std::vector<BlockLists> random_lists(const Workload& w, std::int64_t block, Dice& dice) {
  std::vector<BlockLists> planes(dice.one_in(2) ? 1 : static_cast<std::size_t>(w.query_planes()));
  for (BlockLists& plane : planes) {
    const std::int64_t sparsity = dice.between(1, 6);
    plane.row_ptr.push_back(0);
    for (std::int64_t i = 0; i * block < w.seqlen_q; ++i) {
      const bool empty = sparsity == 6 || dice.one_in(4);
      for (std::int64_t j = 0; !empty && j * block < w.seqlen_kv; ++j) {
        if (dice.one_in(sparsity)) plane.col_idx.push_back(j);
      }
      plane.row_ptr.push_back(static_cast<std::int64_t>(plane.col_idx.size()));
    }
  }
  return planes;
}

/// Any mask there is, of small blocks: on short sequences they are many.
MaskSpec random_mask(const Workload& w, Dice& dice) {
  const std::vector<MaskInfo> masks = mask_catalogue();
  MaskSpec mask;
  mask.block = dice.between(1, 20);
  mask.seed = static_cast<std::uint64_t>(dice.between(0, 1'000'000));
  const auto which =
      static_cast<std::size_t>(dice.between(0, static_cast<std::int64_t>(masks.size())));
  if (which == masks.size()) {
    mask.kind = kRecordedMask;
    mask.recorded = random_lists(w, mask.block, dice);
    return mask;
  }
  mask.kind = masks[which].name;
  for (const ParamSpec& param : masks[which].params) {
    mask.params.set(param.name, std::min(param.maximum, param.minimum + dice.between(0, 12)));
  }
  return mask;
}

ParamValues random_params(const AlgorithmInfo& info, Dice& dice) {
  ParamValues values;
  for (const ParamSpec& param : info.params) {
    switch (param.type) {
      case ParamType::boolean:
        values.set(param.name, dice.one_in(2));
        break;
      case ParamType::integer:
        values.set(param.name, param.minimum + dice.between(0, 3));
        break;
      case ParamType::choice:
        values.set(param.name, param.choices[static_cast<std::size_t>(dice.between(
                                   0, static_cast<std::int64_t>(param.choices.size()) - 1))]);
        break;
      case ParamType::real:
      case ParamType::text:
        values.set(param.name, default_of(param));
        break;
    }
  }
  return values;
}

TileChoice random_tiles(const AlgorithmInfo& info, const Workload& w, Dice& dice) {
  TileChoice choice;
  if (dice.one_in(5)) {
    choice.rule = dice.one_in(2) ? TileRule::fit : TileRule::paper;
    return choice;
  }
  choice.rule = TileRule::explicit_sizes;
  const std::int64_t longest = std::max(w.seqlen_q, w.seqlen_kv);
  for (const TileSpec& tile : info.tiles) choice.sizes[tile.name] = dice.between(1, longest + 3);
  return choice;
}

/// A recurrence keeps a state of head_dim x head_dim_v numbers on chip: there is room for the
/// largest, which no block of attention needs.
MachineSpec machine_for(const AlgorithmInfo& info) {
  return info.function == kGatedLinearAttention ? two_level_machine(200'000) : two_level_machine();
}

}  // namespace

std::vector<RunSpec> verification_grid(const AlgorithmInfo& info, std::size_t cases,
                                       std::uint64_t seed) {
  Dice dice(seed);
  std::vector<RunSpec> runs;
  if (info.from_file) return runs;
  for (std::size_t i = 0; i < cases; ++i) {
    RunSpec run;
    run.workload = random_workload(dice);
    run.workload.pass = info.passes[i % info.passes.size()];
    run.machine = machine_for(info);
    run.algorithm.name = info.id;
    run.algorithm.params = random_params(info, dice);
    run.algorithm.tiles = random_tiles(info, run.workload, dice);
    if (info.block_masks && dice.one_in(3)) {
      run.workload.mask = random_mask(run.workload, dice);
      // Packed heads cannot be masked one by one.
      if (run.algorithm.params.has("pack_gqa")) run.algorithm.params.set("pack_gqa", false);
    }
    run.seed = seed + i;
    if (info.dropout && dice.one_in(4))
      run.workload.dropout = {.probability = 0.3, .seed = run.seed};
    Workload& w = run.workload;
    if (!w.mask && w.pass == Pass::forward && w.batch > 1 && dice.one_in(2)) {
      w.prefix = dice.between(0, w.seqlen_kv);
    }
    run.workload = in_domain(info.function, std::move(run.workload));
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace attnsim::replay
