// What a Counter has gathered, as rows of a Result.
#include <algorithm>
#include <string>

#include "sim/replay/counts.h"

namespace attnsim::replay {
namespace {

Bytes bytes_of(std::uint64_t bits) { return Bytes((bits + 7) / 8); }

constexpr const char* kNoTensorName = "on-chip";

std::string part_of(TensorRole role) {
  switch (role) {
    case TensorRole::query:
    case TensorRole::key:
    case TensorRole::value:
    case TensorRole::prefix_key:
    case TensorRole::prefix_value:
    case TensorRole::d_output:
    case TensorRole::query_tokens:
    case TensorRole::value_tokens:
    case TensorRole::query_parameter:
    case TensorRole::value_parameter:
    case TensorRole::gate:
      return "inputs";
    case TensorRole::output:
    case TensorRole::lse:
    case TensorRole::row_max:
    case TensorRole::row_sum:
    case TensorRole::d_query:
    case TensorRole::d_key:
    case TensorRole::d_value:
    case TensorRole::d_query_parameter:
    case TensorRole::d_gate:
      return "outputs";
    case TensorRole::mask:
      return "masks";
    case TensorRole::workspace:
    case TensorRole::delta:
    case TensorRole::probabilities:
    case TensorRole::dropped_probabilities:
      return "workspace";
  }
  return "workspace";
}

void set_capacity(FootprintRow& row, const MemorySpec& memory, int word_bits) {
  if (!memory.capacity) return;
  row.capacity_bytes = Bytes(memory.capacity->bytes(word_bits));
  // Whole words that fit: a fraction of a word is no use.
  row.capacity_words = Words(row.capacity_bytes->count * 8 / static_cast<std::uint64_t>(word_bits));
  row.fits = row.peak_bytes <= *row.capacity_bytes;
}

}  // namespace

void Counter::add_path(Boundaries& to, std::size_t tensor, std::size_t from, std::size_t dest,
                       std::uint64_t bits) const {
  if (bits == 0) return;
  for (const machine::Crossing& crossing : hierarchy_.path(from, dest)) {
    BitCounts& counts = to[crossing.memory][tensor];
    (crossing.outwards ? counts.written : counts.read) += bits;
  }
}

Counter::Boundaries Counter::boundaries() const {
  const std::size_t tensors = program_.tensors().size();
  Boundaries out(machine_.memories.size(), std::vector<BitCounts>(tensors + 1));
  const std::size_t home = hierarchy_.home();
  for (std::size_t i = 0; i <= tensors; ++i) {
    const std::uint64_t bits =
        i < tensors ? element_bits_[static_cast<std::size_t>(program_.tensors()[i].dtype)] : 0;
    for (std::size_t r = 0; r < kRoleCount; ++r) {
      const Traffic& t = totals_.traffic[i][r];
      const std::size_t space = space_[r];
      add_path(out, i, home, space, t.read * bits);
      add_path(out, i, space, home, t.written * bits);
      if (t.init > 0) {
        for (const machine::Crossing& crossing : hierarchy_.path(space, home)) {
          out[crossing.memory][i].init += t.init * bits;
        }
      }
      // The matrix unit reads operands out of the scratchpad, each once per product.
      if (const auto registers = hierarchy_.registers_beside(space)) {
        add_path(out, i, space, *registers, t.port);
      }
    }
  }
  for (const Move& move : totals_.moves) {
    add_path(out, std::min<std::size_t>(move.origin, tensors),
             space_[static_cast<std::size_t>(move.from)], space_[static_cast<std::size_t>(move.to)],
             move.bits);
  }
  return out;
}

std::vector<IoRow> Counter::io(int word_bits) const {
  const Boundaries bits = boundaries();
  std::vector<IoRow> rows;
  for (std::size_t memory = machine_.memories.size(); memory-- > 0;) {
    const std::string& name = machine_.memories[memory].name;
    IoRow total{.memory = name, .tensor = "total"};
    const std::size_t first = rows.size();
    for (std::size_t i = 0; i < bits[memory].size(); ++i) {
      const BitCounts& c = bits[memory][i];
      if (c.read + c.written == 0) continue;
      IoRow row{
          .memory = name,
          .tensor = i < program_.tensors().size() ? program_.tensors()[i].name : kNoTensorName};
      row.read_bytes = bytes_of(c.read);
      row.write_bytes = bytes_of(c.written);
      row.init_bytes = bytes_of(c.init);
      row.read_words = to_words(row.read_bytes, word_bits);
      row.write_words = to_words(row.write_bytes, word_bits);
      row.init_words = to_words(row.init_bytes, word_bits);
      total += row;
      rows.push_back(std::move(row));
    }
    if (rows.size() > first) rows.push_back(std::move(total));
  }
  return rows;
}

std::vector<TensorFlow> Counter::flows() const {
  std::vector<TensorFlow> out;
  for (std::size_t i = 0; i < program_.tensors().size(); ++i) {
    const std::uint64_t bits = element_bits_[static_cast<std::size_t>(program_.tensors()[i].dtype)];
    for (std::size_t r = 0; r < kRoleCount; ++r) {
      const Traffic& t = totals_.traffic[i][r];
      if (t.read + t.written == 0) continue;
      out.push_back({i, space_[r], t.read * bits / 8, t.written * bits / 8});
    }
  }
  return out;
}

FootprintRow Counter::home_footprint(int word_bits) const {
  const MemorySpec& home = machine_.home();
  FootprintRow row{.space = home.name};
  for (const TensorDecl& t : program_.tensors()) {
    const std::uint64_t bits = static_cast<std::uint64_t>(t.planes * t.rows) *
                               static_cast<std::uint64_t>(t.cols) *
                               element_bits_[static_cast<std::size_t>(t.dtype)];
    row.peak_bytes += bytes_of(bits);
    row.parts[part_of(t.role)] += bytes_of(bits);
  }
  row.static_bytes = row.peak_bytes;
  row.peak_words = to_words(row.peak_bytes, word_bits);
  set_capacity(row, home, word_bits);
  return row;
}

std::vector<FootprintRow> Counter::footprint(int word_bits) const {
  std::vector<FootprintRow> rows;
  for (std::size_t memory = 0; memory < occupation_.size(); ++memory) {
    const Occupation& space = occupation_[memory];
    if (space.peak == 0) continue;
    FootprintRow row{.space = machine_.memories[memory].name};
    row.peak_bytes = bytes_of(space.peak);
    std::uint64_t slots = 0;
    for (const std::uint64_t bits : space.largest) slots += bits;
    row.static_bytes = bytes_of(slots);
    row.peak_words = to_words(row.peak_bytes, word_bits);
    set_capacity(row, machine_.memories[memory], word_bits);
    rows.push_back(std::move(row));
  }
  rows.push_back(home_footprint(word_bits));
  return rows;
}

}  // namespace attnsim::replay
