// What tests of the program expect of most commands.
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace attnsim::e2e {

/// A command that must succeed without a word on stderr.
inline std::string output_of(const std::string& arguments,
                             const std::filesystem::path& folder = ATTNSIM_SOURCE_DIR) {
  const Outcome outcome = attnsim(arguments, folder);
  EXPECT_EQ(outcome.code, 0) << arguments << '\n' << outcome.err;
  EXPECT_EQ(outcome.err, "") << arguments;
  return outcome.out;
}

/// A command that must be refused in exactly these words.
inline void expect_refused(const std::string& arguments, const std::string& message,
                           const std::filesystem::path& folder = ATTNSIM_SOURCE_DIR) {
  const Outcome outcome = attnsim(arguments, folder);
  EXPECT_EQ(outcome.code, 2) << arguments;
  EXPECT_EQ(outcome.out, "") << arguments;
  EXPECT_EQ(outcome.err, message + "\n") << arguments;
}

}  // namespace attnsim::e2e
