#include "sim/trace/file/line_reader.h"

#include <algorithm>

#include "sim/trace/file/fault.h"

namespace attnsim::trace_file {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;

}  // namespace

/// The buffer holds no whole line.
bool LineReader::next_over_edge(std::string_view& line) {
  for (std::size_t searched = end_ - begin_; refill(); searched = end_ - begin_) {
    const auto first = buffer_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto last = buffer_.begin() + static_cast<std::ptrdiff_t>(end_);
    const auto stop = std::find(first + static_cast<std::ptrdiff_t>(searched), last, '\n');
    if (stop != last) return take(line, static_cast<std::size_t>(stop - first), 1);
    if (end_ - begin_ > most_) {
      ++number_;
      fail_too_long();
    }
  }
  line = {};
  return begin_ != end_ && take(line, end_ - begin_, 0);
}

/// Moves the rest to the front and reads behind it; false at the end of the file.
bool LineReader::refill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  buffer_.resize(std::max(buffer_.size(), end_ + kChunk));
  const auto room = static_cast<std::streamsize>(buffer_.size() - end_);
  const std::streamsize read = in_.rdbuf()->sgetn(buffer_.data() + end_, room);
  end_ += static_cast<std::size_t>(std::max<std::streamsize>(read, 0));
  return read > 0;
}

void LineReader::fail(const std::string& message) const { fail_at_line(name_, number_, message); }

void LineReader::fail_too_long() const {
  fail("a line of more than " + std::to_string(most_) + " bytes");
}

}  // namespace attnsim::trace_file
