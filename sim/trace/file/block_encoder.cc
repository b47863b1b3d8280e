#include <cstring>

#include "sim/trace/file/block_codec.h"
#include "sim/trace/file/block_layout.h"

namespace attnsim::trace_file {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash ^= word;
  hash *= 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 32);
}

TileOp key_of(TileOp op) {
  op.row = 0;
  op.col = op.lo = op.hi = 0;
  return op;
}

}  // namespace

std::size_t BlockEncoder::KeyHash::operator()(const TileOp& key) const {
  std::uint64_t words[sizeof(TileOp) / sizeof(std::uint64_t)];
  std::memcpy(words, &key, sizeof key);
  std::uint64_t hash = 0;
  for (const std::uint64_t word : words) hash = mixed(hash, word);
  return hash;
}

bool BlockEncoder::KeyEqual::operator()(const TileOp& a, const TileOp& b) const {
  return std::memcmp(&a, &b, sizeof a) == 0;  // a record has no padding
}

void BlockEncoder::clear() {
  out_.clear();
  entries_.clear();
  numbers_.clear();
  previous_ = 0;
  ops_ = tasks_ended_ = 0;
}

void BlockEncoder::end_task() {
  out_.varint(kEndOfTask);
  ++tasks_ended_;
}

void BlockEncoder::add(const TileOp& op) {
  ++ops_;
  const TileOp key = key_of(op);
  std::uint32_t number = entries_.empty() ? 0 : entries_[previous_].followed_by;
  if (entries_.empty() || !KeyEqual{}(entries_[number].key, key)) {
    const auto next = static_cast<std::uint32_t>(entries_.size());
    const auto [it, inserted] = numbers_.try_emplace(key, next);
    number = it->second;
    if (inserted) {
      add_template(key, op);
    }
    entries_[previous_].followed_by = number;
    previous_ = number;
    if (inserted) return;
  } else {
    previous_ = number;
  }
  add_record(number, op);
}

void BlockEncoder::add_template(const TileOp& key, const TileOp& op) {
  out_.varint(kNewTemplate);
  for (const std::uint8_t field :
       {static_cast<std::uint8_t>(op.op), op.agent, op.flags, static_cast<std::uint8_t>(op.dtype),
        static_cast<std::uint8_t>(op.operand_dtype), static_cast<std::uint8_t>(op.role)}) {
    out_.byte(field);
  }
  out_.varint(op.tensor);
  for (const std::uint32_t slot : op.t) out_.varint(slot == kNoSlot ? 0 : std::uint64_t{slot} + 1);
  for (const std::int32_t extent : {op.m, op.n, op.k}) out_.zigzag(extent);
  out_.real(op.value);
  out_.zigzag(op.row);
  for (const std::int32_t place : {op.col, op.lo, op.hi}) out_.zigzag(place);
  entries_.push_back({.key = key, .state = {.last = op}});
}

void BlockEncoder::add_record(std::uint32_t number, const TileOp& op) {
  TemplateState& state = entries_[number].state;
  const std::int64_t row = wrapped_sum(state.last.row, state.row_step);
  const std::int32_t col = wrapped_sum(state.last.col, state.col_step);
  const std::int32_t lo = wrapped_sum(state.last.lo, state.lo_step);
  const std::int32_t hi = wrapped_sum(state.last.hi, state.hi_step);
  const int moved = (op.row != row ? kRowMoved : 0) | (op.col != col ? kColMoved : 0) |
                    (op.lo != lo ? kLoMoved : 0) | (op.hi != hi ? kHiMoved : 0);
  out_.varint(kFirstTemplate + 2 * std::uint64_t{number} + (moved != 0 ? 1 : 0));
  if (moved == 0) {
    state.last.row = row;
    state.last.col = col;
    state.last.lo = lo;
    state.last.hi = hi;
    return;
  }
  out_.byte(static_cast<std::uint8_t>(moved));
  if (op.row != row) out_.zigzag(wrapped_difference(op.row, row));
  if (op.col != col) out_.zigzag(wrapped_difference(op.col, col));
  if (op.lo != lo) out_.zigzag(wrapped_difference(op.lo, lo));
  if (op.hi != hi) out_.zigzag(wrapped_difference(op.hi, hi));
  move_to(state, op);
}

}  // namespace attnsim::trace_file
