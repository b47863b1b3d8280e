#include <limits>

#include "sim/trace/file/block_codec.h"
#include "sim/trace/file/block_layout.h"
#include "sim/trace/file/record_check.h"

namespace attnsim::trace_file {
namespace {

class BlockDecoder {
 public:
  BlockDecoder(std::string_view bytes, const NameMaps& maps, std::size_t tensors)
      : in_(bytes), maps_(maps), tensors_(tensors) {}

  Block decode(const BlockContent& expected) {
    if (expected.ops > in_.left()) {  // a record takes a byte or more
      throw DecodeFault(0, std::to_string(expected.ops) + " operations cannot lie in " +
                               std::to_string(in_.left()) + " bytes");
    }
    block_.ops.resize(expected.ops);
    while (!in_.at_end()) entry();
    if (size_ != expected.ops || block_.task_ends.size() != expected.task_ends) {
      throw DecodeFault(in_.at(), std::to_string(size_) + " operations and " +
                                      std::to_string(block_.task_ends.size()) +
                                      " ends of tasks, where the index says " +
                                      std::to_string(expected.ops) + " and " +
                                      std::to_string(expected.task_ends));
    }
    const std::size_t last_end = block_.task_ends.empty() ? 0 : block_.task_ends.back();
    if ((last_end < size_) != expected.task_goes_on) {
      throw DecodeFault(in_.at(), "the last task of the block ends where the index says otherwise");
    }
    return std::move(block_);
  }

 private:
  void entry() {
    const std::size_t at = in_.at();
    const std::uint64_t code = in_.varint();
    if (code >= kFirstTemplate) {
      const std::uint64_t number = (code - kFirstTemplate) / 2;
      if (number >= templates_.size()) {
        throw DecodeFault(at, "template " + std::to_string(number) + ", there are " +
                                  std::to_string(templates_.size()));
      }
      TemplateState& state = templates_[number];
      if (((code - kFirstTemplate) & 1) != 0) {
        move(state);
      } else {
        go_on(state, at);
      }
      append(state.last, at);
    } else if (code == kEndOfTask) {
      if (block_.task_ends.size() == kMostBlockTasks) throw DecodeFault(at, "too many tasks");
      block_.task_ends.push_back(static_cast<std::uint32_t>(size_));
    } else {
      new_template(at);
    }
  }

  void append(const TileOp& op, std::size_t at) {
    if (size_ == block_.ops.size()) {
      throw DecodeFault(at, "more operations than the index says (" + std::to_string(size_) + ")");
    }
    block_.ops[size_++] = op;
  }

  /// The next record by the template's step.
  void go_on(TemplateState& state, std::size_t at) {
    TileOp& op = state.last;
    op.row = wrapped_sum(op.row, state.row_step);
    op.col = wrapped_sum(op.col, state.col_step);
    op.lo = wrapped_sum(op.lo, state.lo_step);
    op.hi = wrapped_sum(op.hi, state.hi_step);
    if (!position_in_range(op)) out_of_range(at);
  }

  void move(TemplateState& state) {
    const std::size_t at = in_.at();
    const std::uint8_t moved = in_.byte();
    if (moved == 0 || moved > (kRowMoved | kColMoved | kLoMoved | kHiMoved)) {
      throw DecodeFault(at, "a moved record says " + std::to_string(moved) + " moves");
    }
    TileOp op = state.last;
    op.row = wrapped_sum(op.row, state.row_step);
    if ((moved & kRowMoved) != 0) op.row = wrapped_sum(op.row, in_.zigzag());
    op.col = place(op.col, state.col_step, (moved & kColMoved) != 0);
    op.lo = place(op.lo, state.lo_step, (moved & kLoMoved) != 0);
    op.hi = place(op.hi, state.hi_step, (moved & kHiMoved) != 0);
    move_to(state, op);
    if (!position_in_range(op)) out_of_range(at);
  }

  std::int32_t place(std::int32_t last, std::int32_t step, bool moved) {
    const std::int32_t expected = wrapped_sum(last, step);
    return moved ? wrapped_sum(expected, int32()) : expected;
  }

  [[noreturn]] static void out_of_range(std::size_t at) {
    throw DecodeFault(at, "row or column is out of range");
  }

  std::int32_t int32() {
    const std::size_t at = in_.at();
    const std::int64_t value = in_.zigzag();
    if (value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max()) {
      throw DecodeFault(at, std::to_string(value) + " does not fit in 32 bits");
    }
    return static_cast<std::int32_t>(value);
  }

  template <typename Enum>
  Enum named(const std::vector<std::uint8_t>& map, const char* what) {
    const std::size_t at = in_.at();
    const std::uint8_t number = in_.byte();
    if (number >= map.size()) {
      throw DecodeFault(at, std::string(what) + " " + std::to_string(number) +
                                " is not in the file's list of " + std::to_string(map.size()));
    }
    return static_cast<Enum>(map[number]);
  }

  void new_template(std::size_t at) {
    TileOp op;
    op.op = named<Op>(maps_.ops, "operation");
    op.agent = in_.byte();
    op.flags = in_.byte();
    op.dtype = named<DType>(maps_.dtypes, "dtype");
    op.operand_dtype = named<DType>(maps_.dtypes, "dtype");
    op.role = named<Role>(maps_.roles, "role");
    op.tensor = static_cast<std::uint16_t>(in_.at_most(0xffff, "a tensor's number"));
    for (std::uint32_t& slot : op.t) {
      const std::uint64_t number = in_.at_most(0xffffffff, "a slot's number");
      slot = number == 0 ? kNoSlot : static_cast<std::uint32_t>(number - 1);
    }
    for (std::int32_t* extent : {&op.m, &op.n, &op.k}) *extent = int32();
    op.value = in_.real();
    op.row = in_.zigzag();
    for (std::int32_t* where : {&op.col, &op.lo, &op.hi}) *where = int32();
    const std::string fault = record_fault(op, tensors_);
    if (!fault.empty()) throw DecodeFault(at, fault);
    templates_.push_back({.last = op});
    append(op, at);
  }

  ByteReader in_;
  const NameMaps& maps_;
  std::size_t tensors_;
  std::vector<TemplateState> templates_;
  Block block_;
  std::size_t size_ = 0;
};

}  // namespace

Block decode_block(std::string_view bytes, const NameMaps& maps, std::size_t tensors,
                   const BlockContent& expected) {
  return BlockDecoder(bytes, maps, tensors).decode(expected);
}

}  // namespace attnsim::trace_file
