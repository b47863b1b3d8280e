// A sink that keeps what it is given.
#pragma once

#include <span>
#include <vector>

#include "sim/replay/task_sink.h"

namespace attnsim::test {

/// All records, task after task.
class RecordLog final : public replay::TaskSink {
 public:
  void begin_task(const Kernel&, std::int64_t) override {}
  void consume(std::span<const TileOp> ops) override {
    records.insert(records.end(), ops.begin(), ops.end());
  }
  void end_task() override {}
  std::vector<TileOp> records;
};

}  // namespace attnsim::test
