// Trace events as text: valid JSON whatever the names, and times exact to the picosecond.
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/report/timeline.h"

namespace attnsim::report {
namespace {

using nlohmann::json;

TEST(TimelineWriter, AnEmptyOneIsADocument) {
  std::ostringstream out;
  TimelineWriter writer(out);
  writer.finish();
  EXPECT_TRUE(json::parse(out.str()).at("traceEvents").empty());
}

TEST(TimelineWriter, WritesTracksAndEvents) {
  std::ostringstream out;
  TimelineWriter writer(out);
  writer.name_process(3, "core \"2\"");
  writer.name_track(3, 1, "matrix unit");
  writer.add({.process = 3,
              .track = 1,
              .name = "matmul",
              .from_ps = 1'234'567'890'123,
              .to_ps = 1'234'567'890'124,
              .details = {{"shape", "64 x \xff"}}});
  writer.add({.process = 3,
              .track = 2,
              .name = "load K",
              .from_ps = 5,
              .to_ps = 2'000'005,
              .overlaps = true});
  writer.finish();
  EXPECT_EQ(writer.events(), 2u);
  EXPECT_NE(out.str().find(R"("ts":1234567.890123,"dur":0.000001)"), std::string::npos)
      << out.str();
  const json events = json::parse(out.str()).at("traceEvents");
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0].at("args").at("name"), "core \"2\"");
  EXPECT_EQ(events[1].at("name"), "thread_name");
  EXPECT_EQ(events[3].at("ph"), "X");
  EXPECT_EQ(events[4].at("ph"), "b");
  EXPECT_EQ(events[5].at("ph"), "e");
  EXPECT_EQ(events[4].at("id"), events[5].at("id"));
  EXPECT_NEAR(events[5].at("ts").get<double>(), 2.000005, 1e-12);
}

}  // namespace
}  // namespace attnsim::report
