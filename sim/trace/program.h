// A program: the tensors and kernels of one algorithm on one workload. Nothing is emitted yet.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/trace/emitter.h"
#include "sim/trace/task.h"
#include "sim/trace/tensor.h"

namespace attnsim {

class BlockMask;

/// One dimension of a grid: its name (as errors print it) and its extent.
struct GridDim {
  std::string name;
  std::int64_t extent = 1;
};

/// The coordinates of a task in its grid.
class GridIndex {
 public:
  static constexpr std::size_t kMostDims = 4;
  /// What the bodies of a kernel have done with the coordinates of each dimension.
  using Observations = std::array<Observation, kMostDims>;

  GridIndex() = default;
  /// Notes uses of the coordinates in `seen`, which outlives the index and the task it starts.
  explicit GridIndex(Observations* seen) : seen_(seen) {}

  Index operator[](std::size_t dim) const {
    return {at_[dim], seen_ == nullptr ? nullptr : &(*seen_)[dim]};
  }
  void set(std::size_t dim, std::int64_t coordinate) { at_[dim] = coordinate; }

 private:
  std::array<std::int64_t, kMostDims> at_{};
  Observations* seen_ = nullptr;
};

/// How the warps of a task divide a matrix product among themselves: by rows (each row's softmax
/// stays in one warp: FlashAttention-2's split-Q), by columns (split-K: rows are summed over warps
/// after each product), or by both, whichever reads least.
enum class WarpLayout : std::uint8_t { rows, columns, both };

/// In which order tasks get places on cores: as they are numbered, or by descending first
/// coordinate (row blocks, of which the last see most keys under a causal mask).
enum class TaskOrder : std::uint8_t { issue, longest_first };

/// Who gives a core its next task: the hardware, to any free place; or the kernel itself, whose
/// CTAs stay (one per place) and take every n-th task, or the next one of a counter.
enum class Placement : std::uint8_t { dispatch, persistent_static, persistent_dynamic };

/// What a kernel asks of the cores it runs on. Time reads it; counts and numbers do not.
struct Launch {
  static constexpr std::int64_t kWarp = 32;  // threads

  std::int64_t threads = 128;            // of a task, all agents together
  std::int64_t registers = 0;            // per thread; 0: they do not limit
  std::vector<std::int64_t> warps = {};  // by agent; empty: all of the threads belong to agent 0
  WarpLayout layout = WarpLayout::both;
  /// Rows that operations work on at least: the kernel's tile is so high, and fewer are filled up.
  std::int64_t least_rows = 1;
  bool asynchronous_matrix = false;  // products run beside their agent (wgmma, tcgen05), which
                                     // waits for them by their tiles only
  bool double_buffered = false;  // loads run one value ahead, into storage beside the trace's tiles
  TaskOrder order = TaskOrder::issue;
  Placement placement = Placement::dispatch;
  /// longest_first: so many coordinates of the second grid dimension (planes) are gone through
  /// together, so that what they share stays in the cache; 0: all of them.
  std::int64_t section = 0;
  std::int64_t cluster = 1;  // neighbouring tasks that share their loads of equal regions

  /// At least 1.
  std::int64_t warps_of(std::size_t agent) const {
    return agent < warps.size() ? warps[agent] : std::max<std::int64_t>(1, threads / kWarp);
  }
};

/// A grid of tasks launched together. Tasks are independent; kernels of a program run one after
/// another. The first grid dimension varies fastest: that is the issue order.
struct Kernel {
  std::string name;
  std::vector<GridDim> grid;
  std::uint8_t device = 0;
  Launch launch{};

  std::int64_t tasks() const;
  /// The task that is handed to a core as the n-th.
  std::int64_t scheduled(std::int64_t n) const;
  /// Coordinates of the n-th task in issue order.
  GridIndex task(std::int64_t n, GridIndex::Observations* seen = nullptr) const;
  /// "kernel 'fa2' task 17 (i=3, plane=1)".
  std::string describe(std::int64_t n) const;

  Task start(Emitter& emitter, GridIndex index) const { return body(schedule, emitter, index); }

  const void* schedule = nullptr;  // the schedule the body belongs to; it owns the program
  Task (*body)(const void*, Emitter&, GridIndex) = nullptr;
};

class Program {
 public:
  /// Declares a tensor. REQUIRES: extents of at least 1. Throws UserError when a plane has more
  /// than 2^31 - 1 rows or columns: a record could not address it.
  Tensor add(const TensorDecl& decl);

  /// Adds a kernel whose body is the member coroutine `Body` of `schedule`:
  ///     program.add_kernel<&FlashAttention2::forward>(*this, "forward", {{"i", Tr}, {"plane",
  ///     P}});
  /// Returns it, to set how it is launched; valid until the next one is added.
  template <auto Body, typename Schedule>
  Kernel& add_kernel(const Schedule& schedule, std::string name, std::vector<GridDim> grid,
                     std::uint8_t device = 0) {
    check_grid(name, grid);
    kernels_.push_back({std::move(name),
                        std::move(grid),
                        device,
                        {},
                        &schedule,
                        [](const void* self, Emitter& emitter, GridIndex index) {
                          return (static_cast<const Schedule*>(self)->*Body)(emitter, index);
                        }});
    return kernels_.back();
  }

  /// What Agent::hide looks at: nullptr unless the workload has a block mask.
  const BlockMask* block_mask() const { return block_mask_.get(); }
  void set_block_mask(std::shared_ptr<const BlockMask> mask) { block_mask_ = std::move(mask); }

  const std::vector<TensorDecl>& tensors() const { return tensors_; }
  const std::vector<Kernel>& kernels() const { return kernels_; }
  /// Of all kernels.
  std::int64_t tasks() const;

 private:
  static void check_grid(const std::string& name, const std::vector<GridDim>& grid);

  std::vector<TensorDecl> tensors_;
  std::vector<Kernel> kernels_;
  std::shared_ptr<const BlockMask> block_mask_;
};

}  // namespace attnsim
