// The traffic of a run as text, and what the other sections of its table share with it. Private to
// this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/result.h"
#include "sim/report/format.h"

namespace attnsim::report {

/// The tensor name of the row that sums a memory.
inline constexpr std::string_view kTotal = "total";

/// The unit of a run's amounts: exact words where every element is one, else bytes.
class Unit {
 public:
  explicit Unit(const MachineSpec& machine) : words_(machine.uniform_words) {}

  bool words() const { return words_; }
  std::string_view singular() const { return words_ ? "word" : "byte"; }
  std::uint64_t pick(Bytes bytes, Words words) const { return words_ ? words.count : bytes.count; }
  std::string text(std::uint64_t amount) const {
    return words_ ? thousands(amount) : human_bytes(Bytes(amount));
  }
  std::string text(Bytes bytes, Words words) const { return text(pick(bytes, words)); }

 private:
  bool words_;
};

/// The rows of one memory of one device.
struct IoGroup {
  std::string memory;
  int device = 0;
  std::vector<const IoRow*> tensors;
  const IoRow* total = nullptr;
};

/// The io rows by memory and device, in order of appearance.
std::vector<IoGroup> io_groups(const Result& result);

/// A part as a percentage of the whole; "-" when the whole is nothing.
std::string share(std::uint64_t part, std::uint64_t whole);

/// The guesses a result rests on, the first few by name; "" where there are none.
std::string guesses_text(const std::vector<std::string>& estimated_inputs);

/// One section per memory: its tensors, its total, and how far that is above compulsory traffic.
std::string io_table(const Result& result);

}  // namespace attnsim::report
