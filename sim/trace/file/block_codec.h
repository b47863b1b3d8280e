// The records of consecutive tasks as bytes: a template table that builds itself, and deltas.
//
// Records that differ only in row, col, lo and hi share a template. A template remembers its last
// position and the last step; a record that goes on by the same step is its template's number and
// nothing else: one byte in a steady loop. What remains repeats, and zstd takes care of it. Blocks
// share no state: each can be read alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/trace/file/byte_stream.h"
#include "sim/trace/file/trace_header.h"
#include "sim/trace/tile_op.h"

namespace attnsim::trace_file {

/// A block holds no more, so that unpacked it stays small.
inline constexpr std::uint64_t kMostBlockOps = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kMostBlockTasks = std::uint64_t{1} << 16;

/// Where the records of a template stand, and where the next is expected.
struct TemplateState {
  TileOp last{};
  std::int64_t row_step = 0;
  std::int32_t col_step = 0, lo_step = 0, hi_step = 0;
};

class BlockEncoder {
 public:
  void add(const TileOp& op);
  void end_task();

  std::uint64_t ops() const { return ops_; }
  std::uint64_t tasks_ended() const { return tasks_ended_; }
  bool empty() const { return out_.size() == 0; }
  const std::string& bytes() const { return out_.bytes(); }
  /// Starts the next block.
  void clear();

 private:
  struct Entry {
    TileOp key;  // without its position
    TemplateState state;
    std::uint32_t followed_by = 0;  // the template that came after it last time
  };
  struct KeyHash {
    std::size_t operator()(const TileOp& key) const;
  };
  struct KeyEqual {
    bool operator()(const TileOp& a, const TileOp& b) const;
  };

  void add_template(const TileOp& key, const TileOp& op);
  void add_record(std::uint32_t number, const TileOp& op);

  ByteWriter out_;
  std::vector<Entry> entries_;
  std::unordered_map<TileOp, std::uint32_t, KeyHash, KeyEqual> numbers_;
  std::uint32_t previous_ = 0;
  std::uint64_t ops_ = 0;
  std::uint64_t tasks_ended_ = 0;
};

/// A block, unpacked. The last records belong to no entry of `task_ends` when their task goes on in
/// the next block.
struct Block {
  std::vector<TileOp> ops;
  std::vector<std::uint32_t> task_ends;  // one past the last record of each task that ends here
};

/// What the index says of a block.
struct BlockContent {
  std::uint64_t ops = 0;
  std::uint64_t task_ends = 0;
  bool task_goes_on = false;  // the last records belong to a task that does not end here
};

/// The inverse of BlockEncoder. Every record is checked by record_fault. Throws DecodeFault, also
/// when the block does not hold what the index says.
Block decode_block(std::string_view bytes, const NameMaps& maps, std::size_t tensors,
                   const BlockContent& expected);

}  // namespace attnsim::trace_file
