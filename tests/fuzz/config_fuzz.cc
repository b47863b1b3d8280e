// Run files: what can be read is echoed, and the echo reads back as the same run.
#include "sim/config/config.h"
#include "sim/trace/algorithm.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attnsim;
  static const Catalogue catalogue = algorithm_catalogue();
  static const config::SearchPath share{ATTNSIM_SOURCE_DIR};
  return fuzz::expect_result_or_refusal([&] {
    const RunSpec run =
        config::load_run_text(fuzz::text_of(data, size), "x.yaml", {}, catalogue, share);
    const std::string text = config::echo(run);
    if (config::echo(config::load_run_text(text, "echo", {}, catalogue, share)) != text) {
      __builtin_trap();
    }
  });
}
