// Spans of time and of cores, as options give them.
#include <string>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/core/error.h"

namespace attnsim::config {
namespace {

template <typename Load>
std::string fault(Load load) {
  try {
    load();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no fault";
}

TEST(TimeSpan, TakesTwoTimesWithUnits) {
  const TimeSpan span = load_time_span("--w", "10 us-1.5ms");
  EXPECT_DOUBLE_EQ(span.from, 10e-6);
  EXPECT_DOUBLE_EQ(span.to, 1.5e-3);
  EXPECT_EQ(load_time_span("--w", "0 s - 1 ns").from, 0);
}

TEST(TimeSpan, RefusesWhatIsNone) {
  EXPECT_EQ(fault([] { load_time_span("--w", "20 us-10 us"); }),
            "--w 20 us-10 us: expected FROM-TO such as 10 us-20 us, got '20 us-10 us'");
  EXPECT_EQ(fault([] { load_time_span("--w", "10 us"); }),
            "--w 10 us: expected FROM-TO such as 10 us-20 us, got '10 us'");
  EXPECT_EQ(fault([] { load_time_span("--w", "10-20 us"); }),
            "--w 10-20 us: expected a time with a unit (ps, ns, us, ms, s), got '10'");
}

TEST(CoreSpan, TakesOneCoreOrARange) {
  EXPECT_EQ(load_core_span("--c", "3-12").first, 3);
  EXPECT_EQ(load_core_span("--c", "3-12").last, 12);
  EXPECT_EQ(load_core_span("--c", "7").first, 7);
  EXPECT_EQ(load_core_span("--c", "7").last, 7);
}

TEST(CoreSpan, RefusesWhatIsNone) {
  for (const std::string text : {"3-1", "x", "-1", "1-", "", "1-2-3"}) {
    EXPECT_EQ(fault([&] { load_core_span("--c", text); }),
              "--c " + text + ": expected cores such as 0-3 or 7, got '" + text + "'");
  }
}

}  // namespace
}  // namespace attnsim::config
