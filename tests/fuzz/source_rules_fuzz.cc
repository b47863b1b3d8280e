// Tables of sources: a rule either simulates or says why not, and matching its patterns ends.
#include "sim/config/validation_files.h"
#include "sim/trace/algorithm.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attnsim;
  static const Catalogue catalogue = algorithm_catalogue();
  return fuzz::expect_result_or_refusal([&] {
    const std::vector<SourceRule> rules =
        config::load_source_rules_text(fuzz::text_of(data, size), "x.yaml", catalogue);
    for (const SourceRule& rule : rules) {
      if (rule.simulate.empty() == rule.unsupported.empty()) __builtin_trap();
      const bool known = catalogue.algorithm(rule.simulate) != nullptr;
      if (known && (!rule.forward || !rule.backward)) __builtin_trap();
      if (find_rule(rules, rule.source, rule.algorithm, rule.variant, rule.hardware) == nullptr) {
        __builtin_trap();
      }
    }
  });
}
