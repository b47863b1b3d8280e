// The lines of an address file.
#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <utility>

#include "sim/replay/line_source.h"
#include "sim/trace/file/input_file.h"

namespace attnsim::replay {
namespace {

constexpr std::uint64_t kEventsPerStep = 1 << 16;

/// Cuts accesses into lines, and joins those that go on where the one before ended.
class LineJoiner {
 public:
  LineJoiner(std::uint64_t line_bytes, const LineSource::Receiver& receive)
      : line_bytes_(line_bytes),
        shift_(std::has_single_bit(line_bytes) ? std::countr_zero(line_bytes) : -1),
        receive_(receive) {}

  void add(const trace_file::AddressEvent& event) {
    const std::uint64_t first = line_of(event.address);
    const std::uint64_t last = line_of(event.address + (event.bytes - 1));
    const bool covers = !event.write || covers_lines(event);
    if (run_.lines.count != 0 && run_.lines.first + run_.lines.count == first &&
        run_.write == event.write && run_.covers_lines == covers) {
      run_.lines.count += last - first + 1;
      return;
    }
    flush();
    run_ = {.lines = {first, last - first + 1}, .write = event.write, .covers_lines = covers};
  }

  void flush() {
    if (run_.lines.count != 0) receive_(run_);
    run_ = {};
  }

 private:
  std::uint64_t line_of(std::uint64_t address) const {
    return shift_ >= 0 ? address >> shift_ : address / line_bytes_;
  }
  bool covers_lines(const trace_file::AddressEvent& event) const {
    if (event.bytes < line_bytes_) return false;
    return event.bytes % line_bytes_ == 0 && event.address % line_bytes_ == 0;
  }

  std::uint64_t line_bytes_;
  int shift_;  // log2 of line_bytes_, or -1
  const LineSource::Receiver& receive_;
  machine::LineAccess run_{};
};

}  // namespace

AddressLines::AddressLines(std::string file, trace_file::AddressFormat format,
                           std::uint64_t line_bytes)
    : file_(std::move(file)), format_(format), line_bytes_(line_bytes) {
  trace_file::open_input(file_);
}

void AddressLines::replay(const Receiver& receive, Progress* progress) const {
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(file_, unknown);
  std::ifstream in = trace_file::open_input(file_);
  trace_file::AddressReader reader(in, file_, format_);
  LineJoiner joiner(line_bytes_, receive);
  events_ = 0;
  for (trace_file::AddressEvent event; reader.next(event);) {
    joiner.add(event);
    if (++events_ % kEventsPerStep == 0 && progress != nullptr && !unknown) {
      progress->step(std::min<std::uint64_t>(reader.bytes(), size), size, "");
    }
  }
  joiner.flush();
}

}  // namespace attnsim::replay
