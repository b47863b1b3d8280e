// What every cache model promises, whatever its organisation and policy.
//
// Accesses come as runs of consecutive lines, and every count must equal, to the last line, what a
// simulation of the same accesses one line at a time gives. A line address is the byte address
// divided by the line size.
//
// Call protocol: any number of access(), then finish() once; counts() at any time. A model calls
// its Downstream during access() and finish(). Models are single-threaded; the Downstream outlives
// them.
#pragma once

#include <cstdint>
#include <iterator>

namespace attnsim::machine {

/// Lines first, first + 1, ..., first + count - 1.
struct LineRun {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// Lines touched once each, in ascending order.
struct LineAccess {
  LineRun lines;
  bool write = false;
  /// A write that covers every byte of every line: a write miss need not fetch.
  bool covers_lines = true;
  /// Whose lines they are (a tensor): counters are kept per tag. A line has one tag for all time.
  std::uint16_t tag = 0;
};

/// Equal rows of lines, `stride` apart: a tile of a row-major tensor. Rows ascend; within a row
/// lines ascend.
struct RectAccess {
  LineAccess row;
  std::uint64_t rows = 1;
  std::uint64_t stride = 0;  // in lines
};

/// In lines. misses = read_misses + write_misses = cold + capacity + conflict (the split is filled
/// by models that can tell; else all is in cold or capacity). write_backs leaves out final_dirty.
struct CacheCounts {
  std::uint64_t accesses = 0, hits = 0, misses = 0, read_misses = 0, write_misses = 0;
  std::uint64_t cold = 0, capacity = 0, conflict = 0;
  std::uint64_t fills = 0;      // lines fetched from below
  std::uint64_t evictions = 0;  // lines that left to make room
  std::uint64_t write_backs = 0;
  std::uint64_t final_dirty = 0;

  CacheCounts& operator+=(const CacheCounts& other);
  bool operator==(const CacheCounts&) const = default;
};

/// Every field of CacheCounts, for who treats all alike.
inline constexpr std::uint64_t CacheCounts::*kCacheCounts[] = {
    &CacheCounts::accesses,    &CacheCounts::hits,         &CacheCounts::misses,
    &CacheCounts::read_misses, &CacheCounts::write_misses, &CacheCounts::cold,
    &CacheCounts::capacity,    &CacheCounts::conflict,     &CacheCounts::fills,
    &CacheCounts::evictions,   &CacheCounts::write_backs,  &CacheCounts::final_dirty};
static_assert(sizeof(CacheCounts) == std::size(kCacheCounts) * sizeof(std::uint64_t));

/// What lies below a cache: another cache or a memory.
class Downstream {
 public:
  virtual ~Downstream() = default;
  /// Lines fetched, in the order of the misses. Per line, the write-back of its victim comes first;
  /// a model may merge lines into runs where no write-back falls between them. Where `ordered()` is
  /// false (a memory that only counts) runs may be merged freely.
  virtual void fetch(LineRun lines, std::uint16_t tag) = 0;
  virtual void write_back(LineRun lines, std::uint16_t tag) = 0;
  virtual bool ordered() const = 0;
};

class Recurring;

class CacheModel {
 public:
  virtual ~CacheModel() = default;
  virtual void access(const LineAccess& access) = 0;
  /// Row by row unless a model knows better.
  virtual void access(const RectAccess& access);
  /// Writes dirty lines back in ascending address order and counts them as final_dirty.
  virtual void finish() = 0;
  /// Counts of one tag; all tags together are their sum.
  virtual CacheCounts counts(std::uint16_t tag) const = 0;
  /// What a replay that leaves out copies works with; nullptr where the model takes no part.
  virtual Recurring* recurring() { return nullptr; }
};

}  // namespace attnsim::machine
