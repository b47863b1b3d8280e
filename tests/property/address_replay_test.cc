// Address files through chains of caches, against the obvious cache of one unit at a time: cutting
// and joining of accesses, and what each key of a cache means.
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "sim/machine/cache_chain.h"
#include "sim/replay/line_source.h"
#include "sim/trace/file/address_writer.h"
#include "tests/support/reference_cache_line.h"

namespace attnsim::test {
namespace {

using machine::CacheCounts;
using machine::LineAccess;
using trace_file::AddressEvent;
using trace_file::AddressFormat;

/// A file with the accesses, removed at the end.
class AddressFile {
 public:
  explicit AddressFile(const std::vector<AddressEvent>& events)
      : path_(std::filesystem::temp_directory_path() /
              ("attnsim_addresses_" + std::to_string(::getpid()) + ".csv")) {
    std::ofstream out(path_);
    trace_file::AddressWriter writer(out, AddressFormat::csv);
    for (const AddressEvent& event : events) writer.add(event);
  }
  AddressFile(const AddressFile&) = delete;
  AddressFile& operator=(const AddressFile&) = delete;
  ~AddressFile() { std::filesystem::remove(path_); }
  std::string name() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Accesses of a few lines of 16 bytes, whole and in part, some at the very end of the addresses.
std::vector<AddressEvent> random_events() {
  const auto parts = rc::gen::tuple(rc::gen::inRange<std::uint64_t>(0, 60),
                                    rc::gen::inRange<std::uint64_t>(1, 200),
                                    rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>(),
                                    rc::gen::weightedElement<bool>({{9, false}, {1, true}}));
  const auto event = rc::gen::map(parts, [](const auto& p) {
    const auto [first, bytes, aligned, write, last] = p;
    AddressEvent e{.address = first * 8, .bytes = bytes, .write = write};
    if (aligned) e = {.address = first / 2 * 16, .bytes = (bytes + 15) / 16 * 16, .write = write};
    if (last) e.address = ~std::uint64_t{0} - (e.bytes - 1) - (aligned ? 0 : 3);
    return e;
  });
  return *rc::gen::container<std::vector<AddressEvent>>(event);
}

/// The units of every access, one by one.
std::vector<UnitAccess> units_of(const std::vector<AddressEvent>& events, std::uint64_t unit) {
  std::vector<UnitAccess> out;
  for (const AddressEvent& e : events) {
    const std::uint64_t last = e.address + (e.bytes - 1);
    const bool whole = e.address % unit == 0 && last % unit == unit - 1;
    for (std::uint64_t u = e.address / unit; u <= last / unit; ++u) {
      out.push_back({u, e.write, whole, 0});
    }
  }
  return out;
}

ReferenceLineCache reference(const CacheSpec& spec, const std::vector<UnitAccess>& trace) {
  ReferenceLineCache cache;
  const CacheRules& rules = spec.rules;
  cache.c.sets = static_cast<std::uint32_t>(spec.sets());
  cache.c.ways = static_cast<std::uint32_t>(spec.ways.value_or(spec.lines()));
  cache.c.sectors = static_cast<std::uint32_t>(spec.line / spec.unit());
  cache.c.policy = rules.policy;
  cache.c.index = rules.index == CacheIndex::hash ? machine::IndexKind::hashed
                  : rules.slices > 1              ? machine::IndexKind::sliced
                                                  : machine::IndexKind::modulo;
  cache.c.slices = static_cast<std::uint32_t>(rules.slices);
  cache.c.write_through = rules.write_through;
  cache.c.write_allocate = rules.write_allocate;
  cache.c.fetch_covered_writes = rules.fetch_covered;
  if (rules.policy == "opt") cache.trace = trace;
  for (std::size_t i = 0; i < trace.size(); ++i) cache.access(trace[i], i);
  cache.finish();
  return cache;
}

/// Whatever the reference does not keep is taken over.
void expect_same(CacheCounts expected, const CacheCounts& counts, const std::string& what) {
  expected.cold = counts.cold;
  expected.capacity = counts.capacity;
  expected.conflict = counts.conflict;
  RC_LOG() << what << '\n';
  RC_ASSERT(counts == expected);
  RC_ASSERT(counts.misses == counts.cold + counts.capacity + counts.conflict);
}

CacheSpec random_cache() {
  CacheSpec spec{.name = "l1", .line = 16};
  CacheRules& rules = spec.rules;
  const std::uint64_t ways = *rc::gen::inRange<std::uint64_t>(1, 6);
  const std::uint64_t sets = *rc::gen::element<std::uint64_t>(1, 2, 3, 4);
  rules.policy = *rc::gen::element<std::string>("lru", "lru", "fifo", "opt");
  if (sets > 1 || *rc::gen::arbitrary<bool>()) spec.ways = ways;
  if (sets > 1) rules.index = *rc::gen::element(CacheIndex::modulo, CacheIndex::hash);
  if (sets == 4 && rules.index == CacheIndex::modulo) rules.slices = *rc::gen::element(1, 2);
  rules.fetch_covered = *rc::gen::arbitrary<bool>();
  if (rules.policy != "opt") {
    if (*rc::gen::arbitrary<bool>()) spec.sector = 8;
    rules.write_through = *rc::gen::arbitrary<bool>();
    rules.write_allocate = *rc::gen::arbitrary<bool>();
  }
  spec.capacity = sets * ways * spec.line;
  return spec;
}

RC_GTEST_PROP(AddressReplay, EveryCacheCountsWhatOneUnitAtATimeCounts, ()) {
  const std::vector<AddressEvent> events = random_events();
  const CacheSpec spec = random_cache();
  const AddressFile file(events);
  const replay::AddressLines lines(file.name(), AddressFormat::csv, spec.unit());
  machine::CacheChain chain({{.cache = spec}});
  lines.replay([&](const LineAccess& access) { chain.access(access); }, nullptr);
  chain.finish();
  RC_ASSERT(lines.events() == events.size());
  const ReferenceLineCache cache = reference(spec, units_of(events, spec.unit()));
  const auto at = cache.counts.find(0);
  const CacheCounts expected = at == cache.counts.end() ? CacheCounts{} : at->second;
  expect_same(expected, chain.counts(0), spec.rules.policy);
  const std::uint64_t written = expected.write_backs + expected.final_dirty;
  RC_ASSERT(chain.memory_counts().bytes_read == expected.fills * spec.unit());
  RC_ASSERT(chain.memory_counts().bytes_written == written * spec.unit());
}

/// What the inner cache sends out, its last dirty lines included, are the accesses of the outer.
RC_GTEST_PROP(AddressReplay, ACacheFeedsTheOneOutsideIt, ()) {
  const std::vector<AddressEvent> events = random_events();
  CacheSpec inner = random_cache();
  CacheSpec outer = random_cache();
  inner.sector = outer.sector = {};
  outer.name = "l2";
  const AddressFile file(events);
  const replay::AddressLines lines(file.name(), AddressFormat::csv, inner.unit());
  machine::CacheChain chain({{.cache = inner}, {.cache = outer}});
  lines.replay([&](const LineAccess& access) { chain.access(access); }, nullptr);
  chain.finish();
  ReferenceLineCache first = reference(inner, units_of(events, inner.unit()));
  std::vector<UnitAccess> between;
  for (const BelowEvent& e : first.below.events)
    between.push_back({e.unit, e.what == 'W', true, 0});
  ReferenceLineCache second = reference(outer, between);
  expect_same(first.counts[0], chain.counts(0), "l1 " + inner.rules.policy);
  expect_same(second.counts[0], chain.counts(1), "l2 " + outer.rules.policy);
}

}  // namespace
}  // namespace attnsim::test
