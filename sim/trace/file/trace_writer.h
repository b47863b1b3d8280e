// Writes a trace file, task by task. Memory is one block, whatever the length of the trace.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>

#include "sim/trace/file/block_codec.h"
#include "sim/trace/file/section.h"
#include "sim/trace/file/trace_header.h"

namespace attnsim::trace_file {

/// The eight bytes a trace file starts with.
inline constexpr std::string_view kMagic =
    "\x89"
    "ATNS\r\n\x1a";
inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr std::uint16_t kByteOrderMark = 0x0102;  // stored low byte first, like all numbers
inline constexpr std::size_t kPreambleBytes = 16;

/// All tasks of all kernels must be written, in issue order. Failures of the stream are left to its
/// owner to look for.
class TraceWriter {
 public:
  /// A block is closed at the end of the task that brings it to `block_ops` records, or within a
  /// task at twice as many. REQUIRES: header_fault(header) is empty; the stream outlives the
  /// writer.
  TraceWriter(std::ostream& out, const TraceHeader& header, std::uint64_t block_ops = 1 << 13);

  void add(std::span<const TileOp> ops);
  void end_task();
  /// Writes index and end mark. REQUIRES: every task has ended.
  void finish();

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t ops() const { return ops_; }

 private:
  void put(std::string_view bytes);
  void close_block(bool task_goes_on);

  std::ostream& out_;
  Packer packer_;
  BlockEncoder block_;
  ByteWriter index_;
  std::uint64_t block_ops_;
  std::uint64_t blocks_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t ops_ = 0;
  std::uint64_t tasks_left_;
};

}  // namespace attnsim::trace_file
