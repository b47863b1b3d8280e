// The reject cases through the real program: exit code 2, the exact faults on stderr, nothing else.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/program.h"
#include "tests/reject/reject_case.h"

namespace attnsim::e2e {
namespace {

class RejectCase : public testing::TestWithParam<std::string> {};

TEST_P(RejectCase, IsRefusedInExactlyTheseWords) {
  const reject::Workplace place(GetParam());
  std::string line = reject::read_file(place.folder() / "args");
  while (line.ends_with('\n')) line.pop_back();
  const Outcome outcome = attnsim(line, place.folder());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, place.expected());
}

INSTANTIATE_TEST_SUITE_P(Cases, RejectCase, testing::ValuesIn(reject::case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace attnsim::e2e
