// Study files: what is accepted has points, and every one of them is a run or is refused.
#include "sim/config/study.h"
#include "sim/trace/algorithm.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attnsim;
  static const Catalogue catalogue = algorithm_catalogue();
  static const config::SearchPath share{ATTNSIM_SOURCE_DIR};
  return fuzz::expect_result_or_refusal([&] {
    const config::Study study =
        config::load_study_text(fuzz::text_of(data, size), "x.yaml", catalogue, share);
    if (study.points() == 0 || study.points() > config::kMostPoints) __builtin_trap();
    std::size_t paths = 0;
    for (const StudyAxis& axis : study.axes()) paths += axis.paths.size();
    if (study.values(study.points() - 1).size() != paths) __builtin_trap();
    config::echo(study.run(study.points() - 1));
  });
}
