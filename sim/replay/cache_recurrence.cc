#include "sim/replay/cache_recurrence.h"

#include <algorithm>
#include <limits>

namespace attnsim::replay {
namespace {

// Comparing caches costs about as much per word as feeding a record costs per eight.
constexpr std::uint64_t kWordsPerRecord = 8;

std::uint64_t unsigned_of(std::int64_t n) { return static_cast<std::uint64_t>(n); }

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 32U;
}

}  // namespace

CacheRecurrence::CacheRecurrence(TrafficListener& feed, machine::CacheTree& tree,
                                 const TensorLayout& layout, const std::vector<TensorDecl>& tensors,
                                 std::uint64_t unit)
    : feed_(feed),
      tree_(tree),
      layout_(layout),
      tensors_(tensors),
      unit_(unit),
      caches_(tree.recurring()),
      cold_before_(caches_.size()),
      reach_(tensors.size()) {
  for (std::size_t cache = 0; cache < caches_.size(); ++cache) {
    for (std::size_t t = 0; t < tensors.size(); ++t) cold_before_[cache].push_back(cold(cache, t));
  }
}

std::uint64_t CacheRecurrence::traffic(const TileOp& op, std::size_t place) {
  if (!caches_.empty()) {
    Reach& reach = reach_[op.tensor];
    if (!reference_.rows.empty()) {
      // An accumulate is a read and a write, or at the memory a write: a flag tells.
      const std::uint64_t what = std::uint64_t{op.tensor} << 16U | std::uint64_t{op.flags} << 8U |
                                 static_cast<std::uint64_t>(op.op);
      hash_ = mixed(hash_, what ^ unsigned_of(op.m) << 32U ^ unsigned_of(op.n) << 44U);
      hash_ = mixed(hash_, unsigned_of(op.row - reference_.rows[op.tensor]) ^ unsigned_of(op.col)
                                                                                  << 40U);
    }
    reach.last = op.row;
    reach.low = std::min(reach.low, op.row);
    reach.high = std::max(reach.high, op.row + op.m);
    ++effort_;
  }
  return feed_.traffic(op, place);
}

void CacheRecurrence::after_step(Interleaving& tasks) {
  if (caches_.empty() || tasks.started() == checked_) return;
  checked_ = tasks.started();
  if (slice_ == 0) choose_dimension(tasks);
  if (is_checkpoint(tasks)) checkpoint(tasks);
}

/// Row blocks of one head where there are several times as many as go at a time, else heads.
void CacheRecurrence::choose_dimension(const Interleaving& tasks) {
  const std::vector<GridDim>& grid = tasks.kernel().grid;
  constexpr std::int64_t kEnough = 4;
  const std::int64_t in_flight = tasks.started() - tasks.oldest();
  const bool many_blocks = grid.front().extent >= kEnough * in_flight;
  dim_ = many_blocks || grid.back().extent < kEnough ? 0 : grid.size() - 1;
  slice_ = 1;
  for (std::size_t d = 0; d < dim_; ++d) slice_ *= grid[d].extent;
}

bool CacheRecurrence::is_checkpoint(const Interleaving& tasks) {
  if (tasks.seen()[dim_].value_read) {
    caches_.clear();  // for the rest of the kernel
    return false;
  }
  return tasks.started() % slice_ == 0 && effort_ * kWordsPerRecord >= reference_.caches.size();
}

void CacheRecurrence::checkpoint(Interleaving& tasks) {
  State now = state(tasks);
  effort_ = 0;
  ++age_;
  const std::int64_t coordinates = (now.started - reference_.started) / slice_;
  std::optional<Stretch> stretch;
  // A body that divides its coordinate by n is affine over stretches of n.
  if (coordinates % tasks.seen()[dim_].period == 0) stretch = stretch_to(now);
  if (stretch && last_ == stretch) {
    const std::int64_t times = repetitions(tasks, stretch->tasks);
    if (times > 0) {
      leave_out(tasks, *stretch, now, times);
      last_.reset();
      checked_ = tasks.started();
      refer_to(state(tasks));
      return;
    }
  }
  if (stretch) {
    last_ = stretch;
    patience_ = std::max(patience_, 2 * age_);
    refer_to(std::move(now));
  } else if (age_ >= patience_ || reference_.rows.empty()) {
    last_.reset();
    patience_ *= 2;
    refer_to(std::move(now));
  }
}

CacheRecurrence::State CacheRecurrence::state(const Interleaving& tasks) {
  State now;
  now.started = tasks.started();
  const bool several_caches = caches_.size() > 1;  // some may be of one core
  tasks.snapshot(several_caches, now.tasks);
  machine::LinesByTag origin;
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    now.rows.push_back(reach_[t].last);
    origin.push_back(line_of(t, reach_[t].last));
  }
  // Outer caches come first.
  machine::LinesByTag lowest(tensors_.size(), ~std::uint64_t{0});
  now.lowest.resize(caches_.size());
  for (std::size_t cache = caches_.size(); cache-- > 0;) {
    now.lowest[cache] = lowest;
    caches_[cache].state->snapshot(origin, now.caches, lowest);
  }
  tree_.append_counts(tensors_.size(), now.counts);
  return now;
}

void CacheRecurrence::refer_to(State now) {
  reference_ = std::move(now);
  age_ = 0;
  hash_ = 0;
  for (Reach& reach : reach_) {
    reach.low = std::numeric_limits<std::int64_t>::max();
    reach.high = std::numeric_limits<std::int64_t>::min();
  }
  cold_at_reference_.clear();
  for (std::size_t cache = 0; cache < caches_.size(); ++cache) {
    for (std::size_t t = 0; t < tensors_.size(); ++t) cold_at_reference_.push_back(cold(cache, t));
  }
}

/// What led from the reference to `now`; nothing when the states differ, or when what follows is
/// not known to be a copy.
std::optional<CacheRecurrence::Stretch> CacheRecurrence::stretch_to(const State& now) {
  if (now.tasks != reference_.tasks || now.caches != reference_.caches) return std::nullopt;
  Stretch out{.tasks = now.started - reference_.started, .lines = {}, .content = {hash_}};
  for (std::size_t i = 0; i < now.counts.size(); ++i) {
    out.content.push_back(now.counts[i] - reference_.counts[i]);
  }
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const std::int64_t rows = now.rows[t] - reference_.rows[t];
    // Interleaved heads move by whole planes.
    const bool whole = tensors_[t].interleave == 1 || rows % tensors_[t].rows == 0;
    const std::uint64_t bytes = unsigned_of(rows) * layout_.row_bytes(t);
    if (rows < 0 || !whole || bytes % unit_ != 0) return std::nullopt;
    const std::uint64_t moved = bytes / unit_;
    for (const auto& cache : caches_) {
      if (moved % cache.state->step() != 0) return std::nullopt;
    }
    if (!cold_misses_repeat(t, moved)) return std::nullopt;
    out.lines.push_back(moved);
    const Reach& reach = reach_[t];
    if (reach.low >= reach.high) continue;
    out.content.push_back(unsigned_of(reach.low - reference_.rows[t]));
    out.content.push_back(unsigned_of(reach.high - reference_.rows[t]));
    if (moved == 0) continue;
    for (std::size_t cache = 0; cache < caches_.size(); ++cache) {
      const machine::LineRun again = reached_again(cache, t, now, moved);
      out.content.push_back(again.first - line_of(t, now.rows[t]));
      caches_[cache].state->append_touched(again, out.content);
      out.content.push_back(t);  // closes the list
    }
  }
  return out;
}

/// Whether the next stretch meets as many lines of the tensor for the first time as the last one.
bool CacheRecurrence::cold_misses_repeat(std::size_t tensor, std::uint64_t moved) const {
  const std::uint64_t all =
      line_after(tensor, tensors_[tensor].planes * tensors_[tensor].rows) - line_of(tensor, 0);
  const bool reached = reach_[tensor].low < reach_[tensor].high;
  for (std::size_t cache = 0; cache < caches_.size(); ++cache) {
    const std::uint64_t fresh =
        cold(cache, tensor) - cold_at_reference_[cache * tensors_.size() + tensor];
    const std::uint64_t before = cold_before_[cache][tensor];
    const bool all_touched = before == all;
    // A tensor that stays: nothing new. One that moves over lines that all were touched before the
    // kernel: the same. Over untouched ones: each stretch adds as many as it moves on, so what lies
    // behind is touched without a gap.
    const bool nothing_new = moved == 0 || all_touched || !reached;
    if (nothing_new ? fresh != 0 : before != 0 || fresh != moved) return false;
  }
  return true;
}

/// How often the stretch can be left out: the last slice of the dimension is always replayed.
std::int64_t CacheRecurrence::repetitions(const Interleaving& tasks, std::int64_t stretch) const {
  const GridDim& dim = tasks.kernel().grid[dim_];
  const std::int64_t per_turn = slice_ * dim.extent;  // tasks of all coordinates of the dimension
  const std::int64_t next = tasks.started();
  const std::int64_t turn = next / per_turn;
  // Every task that was compared, and that is in flight, is of this turn.
  const std::int64_t first = next - 2 * stretch - (next - tasks.oldest());
  if (first < turn * per_turn) return 0;
  return ((turn + 1) * per_turn - slice_ - next) / stretch;
}

void CacheRecurrence::leave_out(Interleaving& tasks, const Stretch& stretch, const State& now,
                                std::int64_t times) {
  machine::LinesByTag by;
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    mark_touched(t, now, stretch.lines[t], unsigned_of(times));
    by.push_back(stretch.lines[t] * unsigned_of(times));
    reach_[t].last += (now.rows[t] - reference_.rows[t]) * times;
  }
  for (const auto& cache : caches_) cache.state->translate(by);
  tree_.repeat(reference_.counts, now.counts, tensors_.size(), unsigned_of(times));
  tasks.jump(stretch.tasks * times);
}

/// Behind what the next stretch can reach all is touched; in what it can reach, what was.
void CacheRecurrence::mark_touched(std::size_t tensor, const State& now, std::uint64_t moved,
                                   std::uint64_t times) {
  if (moved == 0 || reach_[tensor].low >= reach_[tensor].high) return;
  for (std::size_t cache = 0; cache < caches_.size(); ++cache) {
    if (cold_before_[cache][tensor] != 0) continue;  // all of it, before the kernel
    machine::Recurring& state = *caches_[cache].state;
    const machine::LineRun again = reached_again(cache, tensor, now, moved);
    std::vector<std::uint64_t> touched;
    state.append_touched(again, touched);
    state.mark_touched({again.first, moved * times});
    for (std::size_t i = 0; i < touched.size(); i += 2) {
      state.mark_touched({again.first + touched[i] + moved * times, touched[i + 1]});
    }
  }
}

std::uint64_t CacheRecurrence::line_of(std::size_t tensor, std::int64_t row) const {
  return (layout_.base(tensor) + unsigned_of(row) * layout_.row_bytes(tensor)) / unit_;
}

std::uint64_t CacheRecurrence::line_after(std::size_t tensor, std::int64_t row) const {
  return (layout_.base(tensor) + unsigned_of(row) * layout_.row_bytes(tensor) + unit_ - 1) / unit_;
}

/// The lines among those reached since the reference that can be reached in the next stretch, by
/// the tasks or because a cache inside gives them up.
machine::LineRun CacheRecurrence::reached_again(std::size_t cache, std::size_t tensor,
                                                const State& now, std::uint64_t moved) const {
  const TensorDecl& decl = tensors_[tensor];
  std::int64_t low = reach_[tensor].low;
  std::int64_t high = reach_[tensor].high;
  if (decl.interleave != 1) {  // rows lie all over their plane
    low = low / decl.rows * decl.rows;
    high = (high + decl.rows - 1) / decl.rows * decl.rows;
  }
  const std::uint64_t first = std::min(line_of(tensor, low) + moved, now.lowest[cache][tensor]);
  const std::uint64_t end = line_after(tensor, high);
  return {first, end > first ? end - first : 0};
}

std::uint64_t CacheRecurrence::cold(std::size_t cache, std::size_t tensor) const {
  return tree_.counts(caches_[cache].node, static_cast<std::uint16_t>(tensor)).cold;
}

}  // namespace attnsim::replay
