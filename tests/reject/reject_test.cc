// Is a mistake refused with the right words? Every folder of cases/ is one mistake; the text of the
// UserError must be its expected.txt. With ATTNSIM_APPROVE=1 in the environment the texts are
// written instead of compared: read the diff before you keep it.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/config/study.h"
#include "sim/config/validation_files.h"
#include "sim/core/error.h"
#include "sim/trace/algorithm.h"
#include "tests/reject/reject_case.h"

namespace attnsim {
namespace {

/// A command line, as far as it concerns configuration.
struct Command {
  std::string verb{};
  std::optional<std::string> file{};
  config::Overrides overrides{};
  std::vector<std::string> caches{};
  std::string opt{};
  std::string algorithms{};
  std::string range{};
  std::optional<std::string> sources{};
};

Command parse(const std::vector<std::string>& words) {
  Command out;
  out.verb = words.at(0);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      out.file = word;
    } else if (word == "--set") {
      out.overrides.sets.push_back(words.at(++i));
    } else if (word == "--workload") {
      out.overrides.workload.push_back(words.at(++i));
    } else if (word == "--algorithm") {
      out.overrides.algorithm = words.at(++i);
    } else if (word == "--hardware") {
      out.overrides.hardware = words.at(++i);
    } else if (word == "--cache") {
      out.caches.push_back(words.at(++i));
    } else if (word == "--opt") {
      out.opt = words.at(++i);
    } else if (word == "--algorithms") {
      out.algorithms = words.at(++i);
    } else if (word == "--range") {
      out.range = words.at(++i);
    } else if (word == "--sources") {
      out.sources = words.at(++i);
    } else if (word != "--scratchpad") {
      throw std::runtime_error("unknown option in args: " + word);
    }
  }
  return out;
}

/// Reads what the command reads.
void load(const Command& command) {
  const config::SearchPath search{.share = ATTNSIM_SOURCE_DIR};
  if (command.verb == "check") {
    config::load_checks(command.file.value(), algorithm_catalogue(), search);
  } else if (command.verb == "validate") {
    config::load_measurements({command.file.value()});
    if (command.sources) {
      config::load_source_rules(*command.sources, algorithm_catalogue(), search);
    }
  } else if (command.verb == "sweep") {
    const config::Study study =
        config::load_study(command.file.value(), algorithm_catalogue(), search);
    for (std::uint64_t point = 0; point < study.points(); ++point) study.run(point);
  } else if (command.verb == "trace") {
    config::load_caches(command.caches);
  } else if (!command.opt.empty()) {
    config::load_capacities("--opt", command.opt, {.most = 64, .line = 64});
  } else if (!command.range.empty()) {
    config::load_capacity_range("--range", command.range, {.most = 2, .line = 2, .word_bits = 16});
  } else if (!command.algorithms.empty()) {
    config::load_fitted_algorithms("--algorithms", command.algorithms, algorithm_catalogue());
  } else {
    config::load_run(command.file, command.overrides, algorithm_catalogue(), search);
  }
}

/// What loading the command's configuration complains about.
std::string complaint(const Command& command) {
  try {
    load(command);
  } catch (const UserError& e) {
    return std::string(e.what()) + "\n";
  }
  return "accepted\n";
}

class Reject : public testing::TestWithParam<std::string> {
 protected:
  void TearDown() override { std::filesystem::current_path(home_); }
  std::filesystem::path home_ = std::filesystem::current_path();
};

TEST_P(Reject, ReportsTheExactFaults) {
  const reject::Workplace place(GetParam());
  std::filesystem::current_path(place.folder());
  const std::string actual = complaint(parse(place.arguments()));
  ASSERT_NE(actual, "accepted\n");
  if (std::getenv("ATTNSIM_APPROVE") != nullptr) {
    std::ofstream(reject::cases_folder() / GetParam() / "expected.txt") << actual;
    return;
  }
  EXPECT_EQ(actual, place.expected());
}

INSTANTIATE_TEST_SUITE_P(Cases, Reject, testing::ValuesIn(reject::case_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace attnsim
