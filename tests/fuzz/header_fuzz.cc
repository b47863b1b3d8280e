// Unpacked headers: behind checksums and compression, where a fuzzer of whole files seldom gets.
#include "sim/trace/file/byte_stream.h"
#include "sim/trace/file/trace_header.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attnsim::trace_file;
  try {
    NameMaps maps;
    const TraceHeader header = decode_header(attnsim::fuzz::text_of(data, size), maps);
    header.tasks();
    NameMaps again;
    decode_header(encode_header(header), again);
  } catch (const DecodeFault&) {
  }
  return 0;
}
