// The text form; what can be read is written, read and written again, and must be the same.
#include <memory>

#include "sim/trace/file/text_form.h"
#include "tests/fuzz/fuzz.h"

namespace attnsim::trace_file {
namespace {

std::string binary_of(const std::string& text) {
  std::istringstream in(text);
  TextReader reader(in, "x.txt");
  if (reader.header().tasks() > 10000) return {};
  std::ostringstream out;
  write_binary(reader, out);
  return out.str();
}

void read(const std::string& text) {
  const std::string binary = binary_of(text);
  if (binary.empty()) return;
  const TraceReader trace(std::make_unique<std::istringstream>(binary), "x.trace");
  std::ostringstream again;
  write_text(trace, again);
  if (binary_of(again.str()) != binary) __builtin_trap();
}

}  // namespace
}  // namespace attnsim::trace_file

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return attnsim::fuzz::expect_result_or_refusal(
      [&] { attnsim::trace_file::read(attnsim::fuzz::text_of(data, size)); });
}
