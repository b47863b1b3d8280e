#include "sim/machine/cache/opt_cache.h"

#include "sim/core/error.h"
#include "sim/machine/cache/opt_replay.h"

namespace attnsim::machine {

OptCache::OptCache(const OptConfig& config, Downstream& below) : config_(config), below_(below) {
  ATTNSIM_CHECK(config.sets > 0 && config.ways > 0, "a cache has at least one set and one way");
}

void OptCache::access(const LineAccess& access) {
  ATTNSIM_CHECK(!finished_, "access after finish");
  if (access.tag >= counts_.size()) counts_.resize(access.tag + std::size_t{1});
  counts_[access.tag].accesses += access.lines.count;
  counts_[access.tag].cold += touched_.mark(access.lines);
  uses_.record(access);
}

void OptCache::finish() {
  if (finished_) return;
  finished_ = true;
  uses_.prepare();
  OptLedger ledger(config_, below_, counts_);
  if (config_.sets == 1) {
    OptFullReplay(config_.ways, uses_, ledger).run();
  } else {
    OptSetReplay(config_, uses_, ledger).run();
  }
  uses_ = {};
}

CacheCounts OptCache::counts(std::uint16_t tag) const {
  if (tag >= counts_.size()) return {};
  CacheCounts out = counts_[tag];
  if (finished_) out.capacity = out.misses - out.cold;
  return out;
}

}  // namespace attnsim::machine
