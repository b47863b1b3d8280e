// A recorded trace as an algorithm: its program is a file (traces/README.md).
//
//     for every task of every recorded kernel: the operations that were recorded for it
//
// Tensors, grids, tiles, closed form and footprint are the file's. The operations go through the
// readings like those of any algorithm: they are counted, executed and checked again.
#include <algorithm>
#include <coroutine>
#include <memory>
#include <string>
#include <vector>

#include "sim/trace/algorithm.h"
#include "sim/trace/block_mask.h"
#include "sim/trace/file/trace_reader.h"

namespace attnsim {
namespace {

using trace_file::RecordedKernel;
using trace_file::TaskCursor;
using trace_file::TraceHeader;
using trace_file::TraceReader;

AlgorithmInfo info() {
  return {
      .id = "replay",
      .summary = "a recorded trace, read from a file",
      .source = "attnsim trace record",
      .passes = {Pass::forward, Pass::backward, Pass::forward_backward},
      .tiles = {},
      .params = {{.name = "file",
                  .type = ParamType::text,
                  .default_value = "",
                  .doc = "a trace file; it must fit the workload"}},
      .dropout = true,
      .bound_class = {.exact = false},  // of a trace that names no known algorithm
      .from_file = true,
  };
}

/// Suspends a pulled task where a loop of its algorithm would have: before each iteration.
struct NextIteration {
  const Emitter& emitter;
  bool await_ready() const noexcept { return !emitter.pulled(); }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};

/// The tasks of one kernel of the file.
class RecordedTasks {
 public:
  RecordedTasks(const TraceReader& trace, const RecordedKernel& kernel, std::uint64_t first)
      : trace_(trace), kernel_(kernel), first_(first) {}

  Task task(Emitter& em, GridIndex at) const {
    TaskCursor cursor(trace_, number(at));
    for (auto ops = cursor.next(); !ops.empty(); ops = cursor.next()) {
      for (const TileOp& op : ops) {
        if (op.op == Op::loop_next) co_await NextIteration{em};
        em.push(op.op, op.agent) = op;
      }
    }
  }

 private:
  std::uint64_t number(GridIndex at) const {
    std::uint64_t number = 0;
    for (std::size_t d = kernel_.grid.size(); d-- > 0;) {
      number = number * static_cast<std::uint64_t>(kernel_.grid[d].extent) +
               static_cast<std::uint64_t>(at[d].value());
    }
    return first_ + number;
  }

  const TraceReader& trace_;
  const RecordedKernel& kernel_;
  std::uint64_t first_;
};

struct Expected {
  TensorRole role;
  std::int64_t planes, rows, cols;
};

/// The workload says what the trace is compared with: its inputs and outputs must be those.
void check_workload(const TraceReader& trace, const Workload& w) {
  // A shared prefix is in tensors of its own or in those of all keys.
  const bool apart = std::ranges::any_of(
      trace.header().tensors, [](const TensorDecl& t) { return t.role == TensorRole::prefix_key; });
  const std::int64_t keys = w.seqlen_kv - (apart ? w.prefix : 0);
  const Expected expected[] = {
      {TensorRole::query, w.query_planes(), w.seqlen_q, w.head_dim},
      {TensorRole::prefix_key, w.kv_heads, w.prefix, w.head_dim},
      {TensorRole::prefix_value, w.kv_heads, w.prefix, w.head_dim_v},
      {TensorRole::key, w.kv_planes(), keys, w.head_dim},
      {TensorRole::value, w.kv_planes(), keys, w.head_dim_v},
      {TensorRole::output, w.query_planes(), w.seqlen_q, w.head_dim_v},
      {TensorRole::d_output, w.query_planes(), w.seqlen_q, w.head_dim_v},
      {TensorRole::d_query, w.query_planes(), w.seqlen_q, w.head_dim},
      {TensorRole::d_key, w.kv_planes(), w.seqlen_kv, w.head_dim},
      {TensorRole::d_value, w.kv_planes(), w.seqlen_kv, w.head_dim_v},
  };
  std::vector<Diagnostic> faults;
  for (const TensorDecl& t : trace.header().tensors) {
    const std::int64_t planes = t.planes * t.interleave;
    const std::int64_t rows = t.rows / t.interleave;
    for (const Expected& e : expected) {
      if (t.role != e.role || (planes == e.planes && rows == e.rows && t.cols == e.cols)) continue;
      const auto shape = [](std::int64_t p, std::int64_t r, std::int64_t c) {
        return std::to_string(p) + " x " + std::to_string(r) + " x " + std::to_string(c);
      };
      faults.push_back({.file = trace.name(),
                        .path = {},
                        .message = "tensor '" + t.name + "' is " + shape(planes, rows, t.cols) +
                                   ", the workload asks for " + shape(e.planes, e.rows, e.cols)});
    }
  }
  if (!faults.empty()) throw UserError(std::move(faults));
}

class Replay final : public Schedule {
 public:
  explicit Replay(const PlanRequest& r) : trace_(open(r.choice.params.text("file"))) {
    const TraceHeader& header = trace_->header();
    check_workload(*trace_, r.workload);
    program_.set_block_mask(block_mask_of(r.workload));
    for (const TensorDecl& tensor : header.tensors) program_.add(tensor);
    std::uint64_t first = 0;
    for (const RecordedKernel& kernel : header.kernels) {
      kernels_.push_back(std::make_unique<RecordedTasks>(*trace_, kernel, first));
      program_.add_kernel<&RecordedTasks::task>(*kernels_.back(), kernel.name, kernel.grid,
                                                kernel.device);
      first += kernel.tasks();
    }
    tiles_.rule = header.tile_rule;
    tiles_.granularity = header.tile_granularity;
    for (std::size_t i = 0; i < header.tiles.size(); i += 2) {
      ChosenTiles& nest = i == 0 ? tiles_ : further_tiles_.emplace_back(tiles_);
      const bool pair = i + 1 < header.tiles.size();
      nest.sizes = {header.tiles[i].second, pair ? header.tiles[i + 1].second : 1};
      nest.names = {header.tiles[i].first};
      if (pair) nest.names.push_back(header.tiles[i + 1].first);
    }
  }

  std::vector<TileShape> footprint() const override { return trace_->header().resident; }

  ClosedForm closed_form() const override {
    ClosedForm form;
    for (const trace_file::RecordedTerm& term : trace_->header().closed_form) {
      form.push_back({term.tensor, term.dtype, term.read, term.written});
    }
    return form;
  }

  std::string recorded_algorithm() const override { return trace_->header().algorithm; }

 private:
  static std::unique_ptr<TraceReader> open(const std::string& file) {
    if (file.empty()) throw UserError("algorithm.file: 'replay' needs a trace file");
    return TraceReader::open(file);
  }

  std::unique_ptr<TraceReader> trace_;
  std::vector<std::unique_ptr<RecordedTasks>> kernels_;
};

ATTNSIM_REGISTER_ALGORITHM("replay", [] { return Algorithm{info(), plan_schedule<Replay>}; });

}  // namespace
}  // namespace attnsim
