#include "sim/trace/file/line_reader.h"

#include "sim/trace/file/fault.h"

namespace attnsim::trace_file {

bool LineReader::next(std::string& line) {
  line.clear();
  std::streambuf* buffer = in_.rdbuf();
  int c = buffer->sbumpc();
  if (c == std::char_traits<char>::eof()) return false;
  ++number_;
  for (; c != std::char_traits<char>::eof() && c != '\n'; c = buffer->sbumpc()) {
    if (line.size() == most_) fail("a line of more than " + std::to_string(most_) + " bytes");
    line += static_cast<char>(c);
  }
  return true;
}

void LineReader::fail(const std::string& message) const { fail_at_line(name_, number_, message); }

}  // namespace attnsim::trace_file
