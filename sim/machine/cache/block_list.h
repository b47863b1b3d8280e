// Lines in order of their last use, as blocks: runs of consecutive lines whose order of use is
// ascending address and that share one state. This is the whole state of an LRU cache over tiles,
// and of the LRU stack of all lines ever used.
//
// A block lies within one page, so that every search is local to a page; a longer run is several
// blocks. Every operation is O(1) beyond the page lookup.
//
// State is a small value with
//   bool joins(const State& next, std::uint32_t length) const;  // may a block of this state and
//       // `length` lines be lengthened by lines in state `next` that follow it?
//   State skip(std::uint32_t lines) const;  // of a block that lost its first lines
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/machine/cache/growing_array.h"
#include "sim/machine/cache/start_index.h"

namespace attnsim::machine {

template <class State>
class BlockList {
 public:
  /// 0 is no block.
  using Id = std::uint32_t;

  struct Block {
    std::uint32_t end() const { return begin + length; }

    StartPage* page = nullptr;
    Id newer = 0;
    Id older = 0;
    std::uint32_t begin = 0;  // within the page
    std::uint32_t length = 0;
    State state{};
  };

  /// nodes_[0] closes the ring: the newest is what is older than it, the oldest what is newer.
  BlockList() { nodes_.push_back({}); }

  StartPage& page(std::uint64_t number) { return index_.page(number); }
  const Block& operator[](Id id) const { return nodes_[id]; }
  std::size_t size() const { return size_; }
  Id newest() const { return nodes_[0].older; }
  Id oldest() const { return nodes_[0].newer; }

  /// The block that holds the line, or 0.
  Id find(const StartPage& page, std::uint32_t line) const {
    const std::uint32_t start = page.starts.at_or_before(line);
    if (start == LineBitmap::kNone) return 0;
    const Id id = page.id_at(start);
    return line < nodes_[id].end() ? id : 0;
  }

  /// The lines become the newest; they are in no block.
  void push(StartPage& page, std::uint32_t begin, std::uint32_t end, const State& state) {
    if (lengthen(page, begin, end - begin, state)) return;
    const Id id = make();
    nodes_[id].page = &page;
    nodes_[id].begin = begin;
    nodes_[id].length = end - begin;
    nodes_[id].state = state;
    index_.set(page, begin, id);
    link_newest(id);
  }

  /// The whole block becomes the newest, in a new state.
  void promote(Id id, const State& state) {
    if (id != newest()) {
      const Block& block = nodes_[id];
      if (lengthen(*block.page, block.begin, block.length, state)) {
        erase(id);
        return;
      }
      unlink(id);
      link_newest(id);
    }
    nodes_[id].state = state;
  }

  /// Lines [begin, end) leave the block; what remains keeps its place in the order.
  void take(Id id, std::uint32_t begin, std::uint32_t end) {
    const Block block = nodes_[id];
    if (begin == block.begin) {
      drop_low(id, end - begin);
      return;
    }
    nodes_[id].length = begin - block.begin;
    if (end != block.end()) split_off(id, end, block.end(), block.state.skip(end - block.begin));
  }

  /// The first lines leave the block, at most all of them.
  void drop_low(Id id, std::uint32_t lines) {
    Block& block = nodes_[id];
    if (lines == block.length) {
      erase(id);
      return;
    }
    index_.set(*block.page, block.begin + lines, id);
    index_.clear(*block.page, block.begin);
    block.begin += lines;
    block.length -= lines;
    block.state = block.state.skip(lines);
  }

  void set_state(Id id, const State& state) { nodes_[id].state = state; }

 private:
  /// Appends to the newest block if that is exact.
  bool lengthen(const StartPage& page, std::uint32_t begin, std::uint32_t length,
                const State& state) {
    Block& newest_block = nodes_[newest()];
    if (newest_block.page != &page || newest_block.end() != begin ||
        !newest_block.state.joins(state, newest_block.length)) {
      return false;
    }
    newest_block.length += length;
    return true;
  }

  /// A block right after `id` in the order.
  void split_off(Id id, std::uint32_t begin, std::uint32_t end, const State& state) {
    const Id rest = make();
    const Id newer = nodes_[id].newer;
    nodes_[rest] = {nodes_[id].page, newer, id, begin, end - begin, state};
    nodes_[id].newer = rest;
    nodes_[newer].older = rest;
    index_.set(*nodes_[rest].page, begin, rest);
  }

  void erase(Id id) {
    index_.clear(*nodes_[id].page, nodes_[id].begin);
    unlink(id);
    nodes_[id].newer = free_;
    free_ = id;
    --size_;
  }

  Id make() {
    ++size_;
    if (free_ == 0) {
      nodes_.push_back({});
      return static_cast<Id>(nodes_.size() - 1);
    }
    const Id id = free_;
    free_ = nodes_[id].newer;
    return id;
  }

  void unlink(Id id) {
    nodes_[nodes_[id].newer].older = nodes_[id].older;
    nodes_[nodes_[id].older].newer = nodes_[id].newer;
  }

  void link_newest(Id id) {
    const Id second = newest();
    nodes_[id].older = second;
    nodes_[id].newer = 0;
    nodes_[second].newer = id;
    nodes_[0].older = id;
  }

  StartIndex index_;
  GrowingArray<Block> nodes_;
  std::size_t size_ = 0;
  Id free_ = 0;  // chained through `newer`
};

}  // namespace attnsim::machine
