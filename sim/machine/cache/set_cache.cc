#include "sim/machine/cache/set_cache.h"

#include <algorithm>
#include <bit>

#include "sim/core/error.h"

namespace attnsim::machine {
namespace {

class Nowhere final : public Downstream {
 public:
  void fetch(LineRun, std::uint16_t) override {}
  void write_back(LineRun, std::uint16_t) override {}
  bool ordered() const override { return false; }
};

Downstream& nowhere() {
  static Nowhere nothing;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): no state
  return nothing;
}

std::unique_ptr<SetCache> shadow_of(SetCacheConfig config) {
  if (config.classes != MissClasses::three) return nullptr;
  config.ways *= config.sets;
  config.sets = config.slices = 1;
  config.index = IndexKind::modulo;
  config.policy = "lru";
  config.classes = MissClasses::none;
  return std::make_unique<SetCache>(config, nowhere());
}

}  // namespace

std::string fault_of(const SetCacheConfig& c) {
  if (c.sets == 0 || c.ways == 0) return "a cache has at least one set and one way";
  if (std::uint64_t{c.sets} * c.ways >= std::uint64_t{1} << 31) {
    return "a cache has fewer than 2^31 lines";
  }
  if (c.sectors == 0 || c.sectors > 8) return "a line has 1 to 8 sectors";
  if (c.index == IndexKind::sliced && (c.slices == 0 || c.sets % c.slices != 0)) {
    return "slices divide the sets equally";
  }
  return {};
}

SetCache::SetCache(const SetCacheConfig& config, Downstream& below, EvictionListener* listener)
    : config_(config),
      below_(below, config.sectors),
      listener_(listener),
      keyed_by_line_(config.index != IndexKind::modulo),
      sets_(config.sets),
      shift_(std::has_single_bit(config.sets) ? std::countr_zero(config.sets) : -1),
      all_units_(static_cast<UnitMask>((1U << config.sectors) - 1)),
      index_(config.index, config.sets, config.slices),
      plain_(config.sectors == 1 && config.write_allocate && !config.write_through &&
             listener == nullptr && !below.ordered()),
      shadow_(shadow_of(config)) {
  ATTNSIM_CHECK(fault_of(config).empty(), fault_of(config));
  const bool in_order = config.policy == "lru" || config.policy == "fifo";
  const bool few_ways = config.ways <= OrderedSets::kMostWays;
  if (in_order && few_ways && config.sectors == 1) {
    policy_info(config.policy);
    ordered_sets_.emplace(config.sets, config.ways, config.policy == "lru");
  } else {
    policy_sets_.emplace(config.policy, PolicyGeometry{config.sets, config.ways, config.seed});
  }
  const bool alike = ordered_sets_ || policy_sets_->sets_are_alike();
  if (alike && !keyed_by_line_ && listener == nullptr) classes_.emplace(config.sets);
}

void SetCache::access(const LineAccess& access) {
  if (access.lines.count == 0) return;
  CacheCounts& counts = counts_of(access.tag);
  counts.accesses += access.lines.count;
  if (config_.classes != MissClasses::none) counts.cold += touched_.mark(access.lines);
  if (shadow_ != nullptr) {
    replay_classified(access);
  } else if (ordered_sets_) {
    replay(*ordered_sets_, access);
  } else {
    replay(*policy_sets_, access);
  }
  below_.flush();
}

void SetCache::replay_classified(const LineAccess& access) {
  LineAccess unit = access;
  unit.lines.count = 1;
  for (std::uint64_t i = 0; i < access.lines.count; ++i) {
    unit.lines.first = access.lines.first + i;
    const std::uint64_t before = misses_of(access.tag);
    const std::uint64_t shadow_before = shadow_->misses_of(access.tag);
    shadow_->access(unit);
    if (ordered_sets_) {
      replay(*ordered_sets_, unit);
    } else {
      replay(*policy_sets_, unit);
    }
    const bool missed = misses_of(access.tag) != before;
    if (missed && shadow_->misses_of(access.tag) == shadow_before) {
      ++counts_of(access.tag).conflict;
    }
  }
}

template <typename Sets>
void SetCache::replay(Sets& sets, const LineAccess& access) {
  const std::uint64_t sectors = config_.sectors;
  if (sectors == 1) {
    replay_lines(sets, access.lines, 1, access);
    return;
  }
  // A line whose units differ in being a use is met unit by unit.
  const bool by_unit = access.write && !config_.write_allocate;
  std::uint64_t unit = access.lines.first;
  std::uint64_t left = access.lines.count;
  while (left > 0) {
    const std::uint64_t line = unit / sectors;
    const std::uint64_t at = unit % sectors;
    // A first or last line that is met in part, or that the policy may have just seen, goes alone.
    const bool whole = at == 0 && left >= sectors && line != last_used_ && !by_unit;
    const std::uint64_t n = whole     ? left / sectors * sectors
                            : by_unit ? 1
                                      : std::min(left, sectors - at);
    const auto units = whole ? all_units_ : static_cast<UnitMask>(((1U << n) - 1) << at);
    replay_lines(sets, {line, whole ? n / sectors : 1}, units, access);
    unit += n;
    left -= n;
  }
}

template <typename Sets>
void SetCache::replay_lines(Sets& sets, LineRun lines, UnitMask units, const LineAccess& access) {
  Touch touch = touch_of(0, units, access);
  if (!classes_) {
    for (std::uint64_t i = 0; i < lines.count; ++i)
      replay_line(sets, lines.first + i, touch, access);
    return;
  }
  touch.counts_as_use = config_.sectors == 1 || lines.first != last_used_;
  touch.key = key_of(lines.first);
  std::uint64_t set = lines.first - touch.key * sets_;
  while (lines.count > 0) {
    const std::uint64_t n = std::min(lines.count, sets_ - set);
    replay_classes(sets, lines.first, static_cast<std::uint32_t>(set), n, touch, access);
    lines.first += n;
    lines.count -= n;
    ++touch.key;
    set = 0;
  }
}

template <typename Sets>
void SetCache::replay_line(Sets& sets, std::uint64_t line, Touch touch, const LineAccess& access) {
  const std::uint32_t set = sets_ == 1 ? 0 : index_(line);
  touch.key = sets_ == 1 ? line : key_of(line);
  touch.counts_as_use = config_.sectors == 1 || line != last_used_;
  settle({line, set, 1}, touch.units, sets.touch(set, touch), access);
}

/// `count` lines inside one turn through the sets, the first in `set`. Walks the classes it meets,
/// splitting those it meets in part, and merges neighbours that it leaves in equal states.
template <typename Sets>
void SetCache::replay_classes(Sets& sets, std::uint64_t line, std::uint32_t set,
                              std::uint64_t count, const Touch& touch, const LineAccess& access) {
  const auto last = static_cast<std::uint32_t>(set + count);
  std::uint32_t start = classes_->start_of(set);
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::uint32_t previous = kNone;
  while (set != last) {
    const std::uint32_t end = classes_->end_of(start);
    const std::uint32_t next = std::min(end, last);
    const bool in_part = set != start || next != end;
    if (in_part && sets.settled(start, touch)) {
      if (!plain_) settle({line, set, next - set}, touch.units, {}, access);
      previous = kNone;
    } else {
      if (in_part) isolate(sets, start, set, next, end);
      const Touched touched = sets.touch(set, touch);
      // A hit of a plain cache leaves nothing to do.
      if (plain_) {
        if (touched.missing != 0) settle_plain({line, set, next - set}, touched.victim, access);
      } else {
        settle({line, set, next - set}, touch.units, touched, access);
      }
      if (previous != kNone && sets.same(previous, set)) {
        classes_->remove(set);
      } else {
        previous = set;
      }
    }
    line += next - set;
    start = set = next;
  }
}

/// Makes sets [set, next) of the class [start, end) a class of their own.
template <typename Sets>
void SetCache::isolate(Sets& sets, std::uint32_t start, std::uint32_t set, std::uint32_t next,
                       std::uint32_t end) {
  if (next < end) {
    sets.copy(start, next);
    classes_->add(next);
  }
  if (start < set) {
    sets.copy(start, set);
    classes_->add(set);
  }
}

Touch SetCache::touch_of(std::uint64_t key, UnitMask units, const LineAccess& access) const {
  return {.key = key,
          .tag = access.tag,
          .units = units,
          .dirties = access.write && !config_.write_through,
          .allocates = !access.write || config_.write_allocate};
}

/// Counts what a touch did and passes on what it moved. Hits are counted by access().
void SetCache::settle(const Piece& piece, UnitMask units, const Touched& touched,
                      const LineAccess& access) {
  if (config_.sectors > 1) {
    last_used_ = touched.used ? piece.line + piece.count - 1 : kNoLine;
    last_used_tag_ = access.tag;
  }
  const bool writes_through = access.write && config_.write_through;
  if (touched.missing == 0 && !writes_through) return;
  if (plain_) {
    settle_plain(piece, touched.victim, access);
    return;
  }
  const bool allocates = !access.write || config_.write_allocate;
  const bool fetches = !access.write || !access.covers_lines || config_.fetch_covered_writes;
  const UnitMask fetched = allocates && fetches ? touched.missing : UnitMask{0};
  UnitMask written = allocates ? UnitMask{0} : touched.missing;
  if (writes_through) written = units;

  CacheCounts& counts = counts_[access.tag];
  (access.write ? counts.write_misses : counts.read_misses) +=
      unit_count(touched.missing) * piece.count;
  counts.fills += unit_count(fetched) * piece.count;
  counts.write_backs += unit_count(written) * piece.count;
  Victim victim = touched.victim;
  if (victim.valid != 0) evict(piece, victim);
  if ((fetched | written | victim.dirty) != 0) {
    below_.exchange(victims_of(piece, victim), {piece.line, piece.count, fetched, access.tag},
                    {piece.line, piece.count, written, access.tag});
    if (listener_ != nullptr) below_.flush();  // lines may leave here because of it
  }
}

/// settle() for misses of the usual cache (plain_).
void SetCache::settle_plain(const Piece& piece, const Victim& victim, const LineAccess& access) {
  const std::uint64_t n = piece.count;
  const bool fetches = !access.write || !access.covers_lines || config_.fetch_covered_writes;
  CacheCounts& counts = counts_[access.tag];
  (access.write ? counts.write_misses : counts.read_misses) += n;
  if (fetches) counts.fills += n;
  if (victim.valid != 0) {
    CacheCounts& theirs = counts_[victim.tag];
    theirs.evictions += n;
    if (victim.dirty != 0) {
      theirs.write_backs += n;
      below_.write_run({line_of(victim.key, piece.set), n}, victim.tag);
    }
  }
  if (fetches) below_.fetch_run({piece.line, n}, access.tag);
}

void SetCache::evict(const Piece& piece, Victim& victim) {
  CacheCounts& counts = counts_[victim.tag];
  counts.evictions += unit_count(victim.valid) * piece.count;
  if (listener_ != nullptr) {  // then pieces are single lines
    LeavingLine line{line_of(victim.key, piece.set), victim.tag, victim.valid, victim.dirty};
    below_.flush();
    const bool taken = listener_->evicted(line);
    counts_of(victim.tag).write_backs += unit_count(line.dirty);
    victim.dirty = taken ? UnitMask{0} : line.dirty;
    return;
  }
  counts.write_backs += unit_count(victim.dirty) * piece.count;
}

UnitBlock SetCache::victims_of(const Piece& piece, const Victim& victim) const {
  return {line_of(victim.key, piece.set), piece.count, victim.dirty, victim.tag};
}

template <typename Sets>
std::vector<std::pair<LineRun, Victim>> SetCache::clean_all(Sets& sets) {
  std::vector<std::pair<LineRun, Victim>> dirty;
  for (std::uint32_t set = 0; set < sets_;) {
    const std::uint32_t next = classes_ ? classes_->end_of(set) : set + 1;
    sets.clean(set, [&](const Victim& line) {
      dirty.push_back({{line_of(line.key, set), next - set}, line});
    });
    set = next;
  }
  std::ranges::sort(dirty, {}, [](const auto& entry) { return entry.first.first; });
  return dirty;
}

void SetCache::finish() {
  const auto dirty = ordered_sets_ ? clean_all(*ordered_sets_) : clean_all(*policy_sets_);
  for (const auto& [lines, line] : dirty) {
    counts_of(line.tag).final_dirty += unit_count(line.dirty) * lines.count;
    below_.write({lines.first, lines.count, line.dirty, line.tag});
  }
  below_.flush();
}

CacheCounts SetCache::counts(std::uint16_t tag) const {
  if (tag >= counts_.size()) return {};
  CacheCounts out = counts_[tag];
  out.misses = out.read_misses + out.write_misses;
  out.hits = out.accesses - out.misses;
  out.capacity = out.misses - out.cold - out.conflict;
  return out;
}

}  // namespace attnsim::machine
