#include "sim/trace/file/trace_reader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "sim/core/error.h"
#include "sim/trace/file/byte_stream.h"
#include "sim/trace/file/trace_writer.h"

namespace attnsim::trace_file {
namespace {

constexpr std::uint64_t kEndBytes = kSectionHeadBytes + 16;

/// Runs a step; a fault in the bytes that it reads, which lie at `at` in the file, leaves as a
/// UserError. `inside`: they are unpacked ones, so that a position in them is none in the file.
template <typename Step>
auto located(const std::string& file, std::uint64_t at, const std::string& inside,
             const Step& step) {
  try {
    return step();
  } catch (const DecodeFault& fault) {
    if (inside.empty()) fail_at_byte(file, at + fault.at(), fault.what());
    fail_at_byte(file, at,
                 inside + ", unpacked byte " + std::to_string(fault.at()) + ": " + fault.what());
  }
}

}  // namespace

std::unique_ptr<TraceReader> TraceReader::open(const std::string& path) {
  std::error_code fault;
  if (std::filesystem::is_directory(path, fault)) {
    throw UserError(path + ": expected a file, got a folder");
  }
  auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*stream) {
    throw UserError(path +
                    (std::filesystem::exists(path, fault) ? ": cannot be read" : ": no such file"));
  }
  return std::make_unique<TraceReader>(std::move(stream), path);
}

TraceReader::TraceReader(std::unique_ptr<std::istream> stream, std::string name)
    : name_(std::move(name)), stream_(std::move(stream)) {
  stream_->seekg(0, std::ios::end);
  const std::streamoff size = stream_->tellg();
  if (size < 0) throw UserError(name_ + ": cannot be positioned; a trace is read from a file");
  file_bytes_ = static_cast<std::uint64_t>(size);
  check_preamble();
  const std::uint64_t first_block = read_header();
  read_index(first_block, read_end());
}

std::string TraceReader::bytes(std::uint64_t at, std::uint64_t size) const {
  if (at > file_bytes_ || size > file_bytes_ - at) {
    fail_at_byte(name_, file_bytes_, "the file ends early");
  }
  std::string out(size, '\0');
  stream_->clear();
  stream_->seekg(static_cast<std::streamoff>(at));
  stream_->read(out.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::uint64_t>(stream_->gcount()) != size) {
    fail_at_byte(name_, at + static_cast<std::uint64_t>(stream_->gcount()), "cannot be read");
  }
  return out;
}

void TraceReader::check_preamble() const {
  const std::string magic = bytes(0, std::min<std::uint64_t>(kMagic.size(), file_bytes_));
  if (magic != kMagic) fail_at_byte(name_, 0, "not a trace file of attnsim");
  const std::string rest = bytes(kMagic.size(), kPreambleBytes - kMagic.size());
  ByteReader in(rest);
  const std::uint64_t version = in.fixed(2);
  if (version != kFormatVersion) {
    fail_at_byte(name_, 8,
                 "format version " + std::to_string(version) + ", this attnsim reads version " +
                     std::to_string(kFormatVersion));
  }
  if (in.fixed(2) != kByteOrderMark) fail_at_byte(name_, 10, "wrong byte order");
  const std::uint64_t record = in.fixed(2);
  if (record != sizeof(TileOp)) {
    fail_at_byte(name_, 12,
                 "records of " + std::to_string(record) + " bytes, expected " +
                     std::to_string(sizeof(TileOp)));
  }
  if (in.fixed(2) != 0) fail_at_byte(name_, 14, "expected two zero bytes");
}

std::string TraceReader::section(std::uint64_t at, std::uint64_t size, SectionKind kind) const {
  const std::string whole = bytes(at, size);
  return located(name_, at, "", [&] { return unpacker_.unpack(whole, kind); });
}

std::uint64_t TraceReader::read_header() {
  const std::string head = bytes(kPreambleBytes, kSectionHeadBytes);
  const SectionHead found =
      located(name_, kPreambleBytes, "", [&] { return Unpacker::head(head, SectionKind::header); });
  const std::uint64_t size = kSectionHeadBytes + std::uint64_t{found.stored};
  const std::string plain = section(kPreambleBytes, size, SectionKind::header);
  header_ = located(name_, kPreambleBytes, "header", [&] { return decode_header(plain, maps_); });
  return kPreambleBytes + size;
}

/// The byte of the index.
std::uint64_t TraceReader::read_end() const {
  if (file_bytes_ < kPreambleBytes + kEndBytes) {
    fail_at_byte(name_, file_bytes_, "the file ends early");
  }
  const std::uint64_t at = file_bytes_ - kEndBytes;
  if (!bytes(at, 4).starts_with("DONE")) {
    fail_at_byte(name_, at, "no end mark: the file was cut, or its recording did not finish");
  }
  const std::string plain = section(at, kEndBytes, SectionKind::end);
  ByteReader in(plain);
  const std::uint64_t index_at = in.fixed(8);
  const std::uint64_t size = in.fixed(8);
  if (size != file_bytes_) {
    fail_at_byte(name_, at,
                 "the end mark is of a file of " + std::to_string(size) + " bytes, this one has " +
                     std::to_string(file_bytes_));
  }
  if (index_at < kPreambleBytes || index_at > at) {
    fail_at_byte(
        name_, at,
        "the index is said to be at byte " + std::to_string(index_at) + ", outside the file");
  }
  return index_at;
}

void TraceReader::read_index(std::uint64_t first_block, std::uint64_t index_at) {
  const std::uint64_t end = file_bytes_ - kEndBytes;
  const std::string plain = section(index_at, end - index_at, SectionKind::index);
  located(name_, index_at, "index", [&] { decode_index(plain, first_block, index_at); });
}

void TraceReader::decode_index(std::string_view plain, std::uint64_t first_block,
                               std::uint64_t index_at) {
  ByteReader in(plain);
  const std::uint64_t count = in.at_most(in.left() / 3, "the number of blocks");
  index_.reserve(count);
  BlockEntry next{.at = first_block};
  bool goes_on = false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t start = in.at();
    BlockEntry entry = next;
    entry.stored = in.varint();
    if (entry.at > index_at || entry.stored < kSectionHeadBytes ||
        entry.stored > index_at - entry.at) {
      throw DecodeFault(start, "block " + std::to_string(i) + " of " +
                                   std::to_string(entry.stored) + " bytes at byte " +
                                   std::to_string(entry.at) + " lies beyond the blocks");
    }
    entry.content.ops = in.at_most(kMostBlockOps, "operations of a block");
    const std::uint64_t ends = in.at_most(2 * kMostBlockTasks + 1, "tasks of a block");
    entry.content.task_ends = ends / 2;
    entry.content.task_goes_on = (ends & 1) != 0;
    next.at = entry.at + entry.stored;
    next.ended_before += entry.content.task_ends;
    goes_on = entry.content.task_goes_on;
    next.starts_before = next.ended_before + (goes_on ? 1 : 0);
    index_.push_back(entry);
  }
  if (!in.at_end()) throw DecodeFault(in.at(), "bytes after the last block");
  if (next.at != index_at) throw DecodeFault(in.at(), "bytes between the blocks and the index");
  if (goes_on || next.ended_before != header_.tasks()) {
    throw DecodeFault(in.at(), "the blocks hold " + std::to_string(next.ended_before) +
                                   " whole tasks, the kernels have " +
                                   std::to_string(header_.tasks()));
  }
}

std::uint64_t TraceReader::ops() const {
  std::uint64_t sum = 0;
  for (const BlockEntry& entry : index_) sum += entry.content.ops;
  return sum;
}

std::shared_ptr<const Block> TraceReader::block(std::size_t number) const {
  constexpr std::size_t kSweepAt = 64;
  const std::lock_guard lock(mutex_);
  if (const auto it = in_use_.find(number); it != in_use_.end()) {
    if (auto found = it->second.lock()) return found;
  }
  const BlockEntry& entry = index_[number];
  const std::string plain = section(entry.at, entry.stored, SectionKind::block);
  last_.reset();
  last_ = located(name_, entry.at, "block " + std::to_string(number), [&] {
    return std::make_shared<const Block>(
        decode_block(plain, maps_, header_.tensors.size(), entry.content));
  });
  if (in_use_.size() >= kSweepAt) {
    std::erase_if(in_use_, [](const auto& item) { return item.second.expired(); });
  }
  in_use_[number] = last_;
  return last_;
}

TaskCursor::TaskCursor(const TraceReader& reader, std::uint64_t task) : reader_(reader) {
  const std::vector<BlockEntry>& blocks = reader.blocks();
  const auto after = std::ranges::upper_bound(blocks, task, {}, &BlockEntry::starts_before);
  ATTNSIM_CHECK(after != blocks.begin(), "a trace has no such task");
  number_ = static_cast<std::size_t>(after - blocks.begin()) - 1;
  piece_ = static_cast<std::size_t>(task - blocks[number_].ended_before);
}

std::span<const TileOp> TaskCursor::next() {
  while (!done_) {
    block_ = reader_.block(number_);
    const std::vector<std::uint32_t>& ends = block_->task_ends;
    const std::size_t begin = piece_ == 0 ? 0 : ends[piece_ - 1];
    const bool ends_here = piece_ < ends.size();
    const std::size_t end = ends_here ? ends[piece_] : block_->ops.size();
    done_ = ends_here;
    ++number_;
    piece_ = 0;
    if (end > begin) return std::span(block_->ops).subspan(begin, end - begin);
  }
  return {};
}

}  // namespace attnsim::trace_file
