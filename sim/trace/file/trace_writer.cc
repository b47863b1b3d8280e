#include "sim/trace/file/trace_writer.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim::trace_file {
namespace {

std::string preamble() {
  ByteWriter out;
  for (const char c : kMagic) out.byte(static_cast<std::uint8_t>(c));
  out.fixed(kFormatVersion, 2);
  out.fixed(kByteOrderMark, 2);
  out.fixed(sizeof(TileOp), 2);
  out.fixed(0, 2);
  return out.bytes();
}

}  // namespace

TraceWriter::TraceWriter(std::ostream& out, const TraceHeader& header, std::uint64_t block_ops)
    : out_(out),
      block_ops_(std::clamp<std::uint64_t>(
          block_ops, 1, kMostBlockOps / 4)),  // so that the worst block is no larger than a section
      tasks_left_(header.tasks()) {
  const std::string fault = header_fault(header);
  ATTNSIM_CHECK(fault.empty(), fault);
  put(preamble());
  put(packer_.pack(SectionKind::header, encode_header(header)));
}

void TraceWriter::put(std::string_view bytes) {
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes_ += bytes.size();
}

void TraceWriter::add(std::span<const TileOp> ops) {
  ops_ += ops.size();
  for (const TileOp& op : ops) {
    block_.add(op);
    if (block_.ops() >= 2 * block_ops_) close_block(true);
  }
}

void TraceWriter::end_task() {
  ATTNSIM_CHECK(tasks_left_ > 0, "more tasks than the kernels have");
  --tasks_left_;
  block_.end_task();
  if (block_.ops() >= block_ops_ || block_.tasks_ended() >= kMostBlockTasks) close_block(false);
}

void TraceWriter::close_block(bool task_goes_on) {
  const std::string section = packer_.pack(SectionKind::block, block_.bytes());
  index_.varint(section.size());
  index_.varint(block_.ops());
  index_.varint(2 * block_.tasks_ended() + (task_goes_on ? 1 : 0));
  ++blocks_;
  put(section);
  block_.clear();
}

void TraceWriter::finish() {
  ATTNSIM_CHECK(tasks_left_ == 0, "a trace ends before all its tasks");
  if (!block_.empty()) close_block(false);
  ByteWriter index;
  index.varint(blocks_);
  const std::uint64_t index_at = bytes_;
  put(packer_.pack(SectionKind::index, index.bytes() + index_.bytes()));
  ByteWriter end;
  end.fixed(index_at, 8);
  end.fixed(bytes_ + kSectionHeadBytes + 16, 8);
  put(packer_.pack(SectionKind::end, end.bytes()));
}

}  // namespace attnsim::trace_file
