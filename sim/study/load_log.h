// What the cores do while a run's time is read, added up by kernel: nothing is kept per operation.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/core/explanation.h"
#include "sim/replay/time/core.h"

namespace attnsim::study {

class LoadLog final : public replay::time::Listener {
 public:
  using Ps = replay::time::Ps;

  void kernel(const Kernel& kernel, Ps begin) override;
  void work(std::int64_t core, std::size_t place, int agent, const TileOp& op,
            replay::time::Unit unit, Ps from, Ps to) override;
  void task(std::int64_t core, std::size_t place, std::int64_t task, Ps from, Ps to) override;

  /// One per kernel. `cores` are those of the machine; `time` is what the reading answered.
  std::vector<KernelExplanation> kernels(const TimeReport& time, std::int64_t cores) const;

 private:
  struct Interval {
    Ps from, to;
  };
  /// A unit that does one thing after another, and what it did that the other unit's work in
  /// progress may still overlap.
  struct Lane {
    Ps busy = 0;
    std::vector<Interval> recent{};
  };
  struct CoreLoad {
    Lane matrix{}, vector{};
    Ps both = 0;
    Ps last = 0;  // when its last work was done
  };
  struct KernelLoad {
    Ps begin = 0;
    std::map<std::int64_t, CoreLoad> cores{};
    std::map<std::pair<replay::time::Unit, Op>, Ps> operations{};
  };

  static void add(Lane& lane, Lane& other, Ps& both, Interval interval);
  static KernelExplanation explained(const KernelLoad& load, const KernelTime& time, double cores);

  std::vector<KernelLoad> kernels_;
};

}  // namespace attnsim::study
