// The best schedules in every format.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/report/schedule.h"

namespace attnsim::report {
namespace {

AlgorithmChoice choice(const std::string& name, std::int64_t Br, std::int64_t Bc) {
  AlgorithmChoice out;
  out.name = name;
  out.tiles.rule = TileRule::explicit_sizes;
  out.tiles.sizes["Br"] = Br;
  out.tiles.sizes["Bc"] = Bc;
  return out;
}

ScheduleReport one_row() {
  ScheduleReport report;
  report.workload = "seqlen 1024";
  ScheduleRow& row = report.rows.emplace_back();
  row.m_words = Words(25600);
  row.choice = choice("tiled_attention", 171, 1);
  row.choice.params.set("scores", std::string("at_once"));
  row.choice.params.set("held_blocks", std::int64_t{24});
  row.choice.params.set("key_groups", false);
  row.words = Words(902144);
  row.footprint = Words(25537);
  row.nests = 1497;
  row.bound = "LB2";
  row.bound_words = 451072;
  row.published = choice("flash_attention_2", 171, 11);
  row.published_words = Words(1353216);
  return report;
}

TEST(ScheduleReport, CsvHasOneLinePerSize) {
  ScheduleReport report = one_row();
  report.rows.push_back(report.rows[0]);
  report.rows[1].published.reset();
  EXPECT_EQ(to_csv(report),
            "m_words,words,footprint_words,nests,algorithm,choice,bound,bound_words,bound_ratio,"
            "published,published_words,published_ratio\n"
            "25600,902144,25537,1497,tiled_attention,\"at_once, Bc 1, Br 171, held_blocks 24\",LB2,"
            "451072,2,\"flash_attention_2, Bc 11, Br 171\",1353216,1.5\n"
            "25600,902144,25537,1497,tiled_attention,\"at_once, Bc 1, Br 171, held_blocks 24\",LB2,"
            "451072,2,,,\n");
}

TEST(ScheduleReport, JsonHasEveryFigure) {
  const nlohmann::json point = nlohmann::json::parse(to_json(one_row())).at("points").at(0);
  EXPECT_EQ(point.at("words"), 902144);
  EXPECT_EQ(point.at("nests"), 1497);
  EXPECT_EQ(point.at("algorithm").at("tiles").at("Br"), 171);
  EXPECT_EQ(point.at("algorithm").at("params").at("key_groups"), false);
  EXPECT_EQ(point.at("bound").at("ratio"), 2.0);
  EXPECT_EQ(point.at("published").at("algorithm").at("name"), "flash_attention_2");
  EXPECT_EQ(point.at("published").at("ratio"), 1.5);
  ScheduleReport alone = one_row();
  alone.rows[0].published.reset();
  EXPECT_TRUE(nlohmann::json::parse(to_json(alone)).at("points").at(0).at("published").is_null());
}

TEST(ScheduleReport, ATableOfOneSizeSaysHowToRunIt) {
  const std::string table = to_table(one_row());
  EXPECT_NE(table.find("25,600  902,144       x2.00  LB2"), std::string::npos) << table;
  EXPECT_NE(table.find("--set algorithm.tiles='{Bc: 1, Br: 171}'"), std::string::npos) << table;
  EXPECT_NE(table.find("--set algorithm.held_blocks=24"), std::string::npos) << table;
  ScheduleReport two = one_row();
  two.rows.push_back(two.rows[0]);
  EXPECT_EQ(to_table(two).find("run it"), std::string::npos);
}

}  // namespace
}  // namespace attnsim::report
