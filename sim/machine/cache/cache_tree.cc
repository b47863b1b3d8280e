#include "sim/machine/cache/cache_tree.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim::machine {

class CacheTree::Memory final : public Downstream {
 public:
  explicit Memory(std::uint64_t unit_bytes) : unit_bytes_(unit_bytes) {}

  void fetch(LineRun units, std::uint16_t tag) override {
    at(tag).bytes_read += units.count * unit_bytes_;
    all_.bytes_read += units.count * unit_bytes_;
  }
  void write_back(LineRun units, std::uint16_t tag) override {
    at(tag).bytes_written += units.count * unit_bytes_;
    all_.bytes_written += units.count * unit_bytes_;
  }
  bool ordered() const override { return false; }
  /// What fetch and write_back have moved; repeated counts are not in it.
  const MemoryCounts& all() const { return all_; }

  MemoryCounts counts(std::uint16_t tag) const {
    return tag < counts_.size() ? counts_[tag] : MemoryCounts{};
  }
  MemoryCounts& at(std::uint16_t tag) {
    if (tag >= counts_.size()) counts_.resize(tag + std::size_t{1});
    return counts_[tag];
  }

 private:
  std::uint64_t unit_bytes_;
  std::vector<MemoryCounts> counts_;
  MemoryCounts all_;
};

class CacheTree::Edge final : public Downstream {
 public:
  explicit Edge(CacheModel& outer) : outer_(outer) {}

  void fetch(LineRun units, std::uint16_t tag) override {
    outer_.access(LineAccess{.lines = units, .write = false, .tag = tag});
  }
  void write_back(LineRun units, std::uint16_t tag) override {
    outer_.access(LineAccess{.lines = units, .write = true, .tag = tag});
  }
  bool ordered() const override { return true; }

 private:
  CacheModel& outer_;
};

/// A memory or a cache. As a listener it ties its cache to the levels inside and outside it.
struct CacheTree::Level final : EvictionListener {
  bool evicted(LeavingLine& line) override;
  void forget(LeavingLine& line);
  bool inside_a_tie() const {
    return parent != nullptr && (parent->inclusion != Inclusion::neither || parent->inside_a_tie());
  }

  std::string name;
  Level* parent = nullptr;
  std::vector<Level*> inner{};
  Inclusion inclusion = Inclusion::neither;
  std::unique_ptr<Memory> memory{};  // or a cache
  std::unique_ptr<Downstream> edge{};
  std::unique_ptr<CacheModel> cache{};
  SetCache* set_cache = nullptr;        // the cache, where it is one
  std::vector<CacheCounts> repeated{};  // by tag: what it would have counted of copies left out
};

class CacheTree::TakingEdge final : public Downstream {
 public:
  TakingEdge(SetCache& outer, Level& inner) : outer_(outer), inner_(inner) {}

  void fetch(LineRun lines, std::uint16_t tag) override {
    for (std::uint64_t i = 0; i < lines.count; ++i) {
      const bool dirty = outer_.take(lines.first + i, tag);
      if (dirty) inner_.set_cache->mark_dirty(lines.first + i, tag);
    }
  }
  /// Only when the inner cache is finished: else lines leave it through its listener.
  void write_back(LineRun lines, std::uint16_t tag) override {
    for (std::uint64_t i = 0; i < lines.count; ++i) outer_.put(lines.first + i, tag, true);
  }
  bool ordered() const override { return true; }

 private:
  SetCache& outer_;
  Level& inner_;
};

bool CacheTree::Level::evicted(LeavingLine& line) {
  if (inclusion == Inclusion::inclusive) {
    for (Level* level : inner) level->forget(line);
  }
  if (parent->inclusion != Inclusion::exclusive) return false;
  parent->set_cache->put(line.line, line.tag, line.dirty != 0);
  return true;
}

/// Back-invalidation, of this level and all inside it.
void CacheTree::Level::forget(LeavingLine& line) {
  for (Level* level : inner) level->forget(line);
  const LeavingLine was = set_cache->invalidate(line.line, line.tag);
  CacheCounts& counts = set_cache->counts_of(line.tag);
  counts.evictions += unit_count(was.valid);
  counts.write_backs += unit_count(was.dirty);
  line.dirty |= was.dirty;
}

CacheTree::CacheTree(std::uint64_t unit_bytes) : unit_bytes_(unit_bytes) {}

CacheTree::~CacheTree() = default;

std::unique_ptr<CacheTree::Level> CacheTree::level_in(const std::string& name, Node parent) const {
  auto level = std::make_unique<Level>();
  level->name = name;
  level->parent = levels_.at(parent).get();
  return level;
}

CacheTree::Node CacheTree::add(std::unique_ptr<Level> level) {
  if (level->parent != nullptr) level->parent->inner.push_back(level.get());
  levels_.push_back(std::move(level));
  return levels_.size() - 1;
}

CacheTree::Node CacheTree::add_memory(const std::string& name) {
  auto level = std::make_unique<Level>();
  level->name = name;
  level->memory = std::make_unique<Memory>(unit_bytes_);
  return add(std::move(level));
}

Downstream& CacheTree::edge_of(Level& level) {
  Level& parent = *level.parent;
  if (parent.memory != nullptr) return *parent.memory;
  if (parent.inclusion == Inclusion::exclusive) {
    level.edge = std::make_unique<TakingEdge>(*parent.set_cache, level);
  } else {
    level.edge = std::make_unique<Edge>(*parent.cache);
  }
  return *level.edge;
}

CacheTree::Node CacheTree::add_cache(const std::string& name, Node parent, const MakeCache& make) {
  std::unique_ptr<Level> level = level_in(name, parent);
  if (level->inside_a_tie()) {
    throw UserError("cache '" + name + "' lies inside an inclusive or exclusive cache: it cannot " +
                    "give lines back");
  }
  level->cache = make(edge_of(*level));
  return add(std::move(level));
}

CacheTree::Node CacheTree::add_cache(const std::string& name, Node parent,
                                     const SetCacheConfig& config, Inclusion inclusion) {
  if (const std::string fault = fault_of(config); !fault.empty()) {
    throw UserError("cache '" + name + "': " + fault);
  }
  std::unique_ptr<Level> level = level_in(name, parent);
  level->inclusion = inclusion;
  check_ties(*level, config);
  const bool tied = inclusion != Inclusion::neither || level->inside_a_tie();
  auto cache = std::make_unique<SetCache>(config, edge_of(*level), tied ? level.get() : nullptr);
  level->set_cache = cache.get();
  level->cache = std::move(cache);
  return add(std::move(level));
}

/// Throws UserError when the cache cannot keep the promises of the ties it is in.
void CacheTree::check_ties(const Level& level, const SetCacheConfig& config) {
  const auto refuse = [&](const char* why) {
    throw UserError("cache '" + level.name + "' " + why);
  };
  const bool inside = level.inside_a_tie();
  if (inside && !config.fetch_covered_writes) {
    refuse("lies inside an inclusive or exclusive cache and must fetch covered writes");
  }
  if (level.inclusion == Inclusion::inclusive && !config.write_allocate) {
    refuse("is inclusive and must allocate on writes");
  }
  const SetCache* outer = level.parent->set_cache;
  if (inside && outer != nullptr && outer->config().sectors != config.sectors) {
    refuse("must have as many sectors per line as the cache it is tied to");
  }
  const bool exclusive = level.inclusion == Inclusion::exclusive;
  if (exclusive && config.classes == MissClasses::three) {
    refuse("is exclusive: its conflict misses are not defined");
  }
  const bool plain = config.sectors == 1 && !config.write_through && config.write_allocate;
  if ((exclusive || level.parent->inclusion == Inclusion::exclusive) && !plain) {
    refuse("has to do with an exclusive cache: write-back, write-allocate, no sectors");
  }
}

void CacheTree::access(Node node, const LineAccess& access) {
  Level& level = *levels_.at(node);
  if (level.cache != nullptr) {
    level.cache->access(access);
  } else if (access.write) {
    level.memory->write_back(access.lines, access.tag);
  } else {
    level.memory->fetch(access.lines, access.tag);
  }
}

void CacheTree::access(Node node, const RectAccess& rect) {
  if (CacheModel* cache = levels_.at(node)->cache.get()) {
    cache->access(rect);
    return;
  }
  LineAccess row = rect.row;
  for (std::uint64_t i = 0; i < rect.rows; ++i, row.lines.first += rect.stride) access(node, row);
}

void CacheTree::finish() {
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if ((*level)->cache != nullptr) (*level)->cache->finish();
  }
}

const std::string& CacheTree::name(Node node) const { return levels_.at(node)->name; }

bool CacheTree::tied(Node node) const {
  const Level& level = *levels_.at(node);
  return level.inclusion != Inclusion::neither || level.inside_a_tie();
}

CacheCounts CacheTree::counts(Node node, std::uint16_t tag) const {
  ATTNSIM_CHECK(levels_.at(node)->cache != nullptr, levels_.at(node)->name);
  const Level& level = *levels_[node];
  CacheCounts counts = level.cache->counts(tag);
  if (tag < level.repeated.size()) counts += level.repeated[tag];
  return counts;
}

MemoryCounts CacheTree::memory_counts(Node node, std::uint16_t tag) const {
  ATTNSIM_CHECK(levels_.at(node)->memory != nullptr, levels_.at(node)->name);
  return levels_[node]->memory->counts(tag);
}

const MemoryCounts& CacheTree::moved_by_caches(Node node) const {
  return levels_[node]->memory->all();
}

std::vector<CacheTree::RecurringNode> CacheTree::recurring() const {
  std::vector<RecurringNode> out;
  for (Node node = 0; node < levels_.size(); ++node) {
    if (levels_[node]->cache == nullptr) continue;
    Recurring* state = levels_[node]->cache->recurring();
    if (state == nullptr) return {};
    out.push_back({node, state});
  }
  return out;
}

void CacheTree::append_counts(std::size_t tags, std::vector<std::uint64_t>& out) const {
  for (Node node = 0; node < levels_.size(); ++node) {
    for (std::size_t t = 0; t < tags; ++t) {
      const auto tag = static_cast<std::uint16_t>(t);
      if (levels_[node]->memory != nullptr) {
        const MemoryCounts counts = memory_counts(node, tag);
        out.insert(out.end(), {counts.bytes_read, counts.bytes_written});
        continue;
      }
      const CacheCounts counts = this->counts(node, tag);
      for (const auto count : kCacheCounts) out.push_back(counts.*count);
    }
  }
}

void CacheTree::repeat(const std::vector<std::uint64_t>& earlier,
                       const std::vector<std::uint64_t>& later, std::size_t tags,
                       std::uint64_t times) {
  std::size_t at = 0;
  const auto more = [&] {
    const std::uint64_t period = later[at] - earlier[at];
    ++at;
    return times * period;
  };
  for (const std::unique_ptr<Level>& level : levels_) {
    level->repeated.resize(std::max(level->repeated.size(), tags));
    for (std::size_t tag = 0; tag < tags; ++tag) {
      if (level->memory != nullptr) {
        MemoryCounts& counts = level->memory->at(static_cast<std::uint16_t>(tag));
        counts.bytes_read += more();
        counts.bytes_written += more();
        continue;
      }
      for (const auto count : kCacheCounts) level->repeated[tag].*count += more();
    }
  }
}

}  // namespace attnsim::machine
