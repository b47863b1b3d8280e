// Reads a trace file: its header at once, its blocks when a task in them is asked for.
//
// Nothing in a file is trusted: sizes, counts and numbers are checked before use, and memory is
// bounded by the blocks of the tasks being read. Every fault is a UserError with file and byte.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "sim/trace/file/block_codec.h"
#include "sim/trace/file/section.h"
#include "sim/trace/file/trace_header.h"

namespace attnsim::trace_file {

/// Where a block lies and what it holds.
struct BlockEntry {
  std::uint64_t at = 0;      // byte of its section
  std::uint64_t stored = 0;  // bytes of its section
  BlockContent content{};
  std::uint64_t ended_before = 0;   // tasks that end in earlier blocks
  std::uint64_t starts_before = 0;  // tasks that start in earlier blocks
};

/// Safe to read from several threads at once.
class TraceReader {
 public:
  /// Opens a file; reads header, index and end mark.
  static std::unique_ptr<TraceReader> open(const std::string& path);
  /// The same for any stream that can be positioned; `name` stands for it in messages.
  TraceReader(std::unique_ptr<std::istream> stream, std::string name);

  const TraceHeader& header() const { return header_; }
  const std::string& name() const { return name_; }
  const std::vector<BlockEntry>& blocks() const { return index_; }
  std::uint64_t file_bytes() const { return file_bytes_; }
  std::uint64_t ops() const;

  /// A block, unpacked; the one read last, and those in use elsewhere, are not unpacked again.
  std::shared_ptr<const Block> block(std::size_t number) const;

 private:
  std::string bytes(std::uint64_t at, std::uint64_t size) const;
  void check_preamble() const;
  std::uint64_t read_header();
  std::uint64_t read_end() const;
  void read_index(std::uint64_t first_block, std::uint64_t index_at);
  void decode_index(std::string_view plain, std::uint64_t first_block, std::uint64_t index_at);
  std::string section(std::uint64_t at, std::uint64_t size, SectionKind kind) const;

  std::string name_;
  mutable std::mutex mutex_;  // of the members below that reading a block changes
  std::unique_ptr<std::istream> stream_;
  mutable Unpacker unpacker_;
  mutable std::map<std::size_t, std::weak_ptr<const Block>> in_use_;
  mutable std::shared_ptr<const Block> last_;
  std::uint64_t file_bytes_ = 0;
  NameMaps maps_;
  TraceHeader header_;
  std::vector<BlockEntry> index_;
};

/// Walks the records of one task. The reader outlives it.
class TaskCursor {
 public:
  /// `task` counts over all kernels. REQUIRES: there is such a task.
  TaskCursor(const TraceReader& reader, std::uint64_t task);

  /// The next records of the task; empty at its end. Valid until the next call.
  std::span<const TileOp> next();

 private:
  const TraceReader& reader_;
  std::size_t number_ = 0;
  std::size_t piece_ = 0;  // of the block: the task's position among those in it
  bool done_ = false;
  std::shared_ptr<const Block> block_;
};

}  // namespace attnsim::trace_file
