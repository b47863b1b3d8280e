#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/report/json.h"

namespace attnsim::report {
namespace {

TEST(BoundsJson, HasNoNumberThatIsNone) {
  BoundRow bound;
  bound.id = "LB3";
  bound.memory = "l2";
  bound.applies = false;
  bound.words = std::nan("");
  bound.bytes = 0.5;
  EXPECT_EQ(to_json(std::vector{bound}), R"({
  "schema_version": 1,
  "bounds": [
    {
      "id": "LB3",
      "kind": "lower",
      "memory": "l2",
      "m_words": null,
      "rigorous": false,
      "applies": false,
      "words": null,
      "bytes": 0.5,
      "ratio": null,
      "class": "",
      "regime": "",
      "formula": "",
      "source": ""
    }
  ]
}
)");
  EXPECT_EQ(to_json(std::vector<BoundRow>{}), "{\n  \"schema_version\": 1,\n  \"bounds\": []\n}\n");
}

TEST(VerifyJson, CountsAndListsCases) {
  VerifyReport report;
  report.cases = {{"standard", "forward", "seqlen 8", 0.5, 0.25, false, "O differs"}};
  EXPECT_EQ(to_json(report), R"({
  "schema_version": 1,
  "passed": 0,
  "failed": 1,
  "skipped": 0,
  "cases": [
    {
      "algorithm": "standard",
      "pass": "forward",
      "case": "seqlen 8",
      "max_abs_error": 0.5,
      "ok": false,
      "message": "O differs",
      "tolerance": 0.25
    }
  ]
}
)");
}

TEST(CheckJson, CountsAndListsExpectations) {
  CheckReport report;
  report.rows = {{"small", "io.hbm.total.bytes", "<= 1 KiB", 2048, 1023.5, false, "K grew"}};
  EXPECT_EQ(to_json(report), R"({
  "schema_version": 1,
  "passed": 0,
  "failed": 1,
  "checks": [
    {
      "check": "small",
      "metric": "io.hbm.total.bytes",
      "expectation": "<= 1 KiB",
      "value": 2048,
      "limit": 1023.5,
      "ok": false,
      "message": "K grew"
    }
  ]
}
)");
}

TEST(ListJson, DescribesAlgorithms) {
  AlgorithmInfo info{.id = "standard", .summary = "three kernels", .source = "folklore"};
  info.passes = {Pass::forward, Pass::backward};
  info.tiles = {{"Br", "rows"}};
  info.params = {{"stages", ParamType::integer, "tiles", "2", "in flight"},
                 {"order", ParamType::choice, "", "a", "which", {"a", "b"}}};
  EXPECT_EQ(to_json(Catalogue{{info}}), R"({
  "schema_version": 1,
  "algorithms": [
    {
      "id": "standard",
      "summary": "three kernels",
      "source": "folklore",
      "function": "attention",
      "passes": [
        "forward",
        "backward"
      ],
      "tiles": [
        {
          "name": "Br",
          "doc": "rows"
        }
      ],
      "params": [
        {
          "name": "stages",
          "type": "integer",
          "unit": "tiles",
          "default": "2",
          "minimum": 0,
          "doc": "in flight"
        },
        {
          "name": "order",
          "type": "choice",
          "unit": "",
          "default": "a",
          "choices": [
            "a",
            "b"
          ],
          "doc": "which"
        }
      ]
    }
  ]
}
)");
}

TEST(ListJson, DescribesMachinesAsResultsDo) {
  MemorySpec sram{.name = "sram", .kind = MemoryKind::scratchpad, .per_core = true};
  sram.parent = "hbm";
  sram.capacity = Capacity{1000, true};
  MemorySpec hbm{.name = "hbm", .kind = MemoryKind::dram};
  hbm.capacity = Capacity{4096, false};
  hbm.bandwidth = 2e12;
  hbm.latency = 0.5;
  MachineSpec machine{.id = "tiny", .name = "Tiny", .arch = "sm80"};
  machine.clock = 1.41e9;
  machine.memories = {sram, hbm};
  EXPECT_EQ(to_json(std::vector{machine}), R"({
  "schema_version": 1,
  "hardware": [
    {
      "id": "tiny",
      "name": "Tiny",
      "arch": "sm80",
      "uniform_words": false,
      "cores": 1,
      "clock_hertz": 1410000000,
      "memories": [
        {
          "name": "sram",
          "kind": "scratchpad",
          "per_core": true,
          "parent": "hbm",
          "capacity_words": 1000
        },
        {
          "name": "hbm",
          "kind": "dram",
          "per_core": false,
          "parent": null,
          "capacity_bytes": 4096,
          "bandwidth_bytes_per_second": 2000000000000,
          "latency_seconds": 0.5
        }
      ]
    }
  ]
}
)");
}

TEST(ListJson, ListsNames) {
  EXPECT_EQ(names_to_json("policies", {"fifo", "lru"}),
            "{\n  \"schema_version\": 1,\n  \"policies\": [\n    \"fifo\",\n    \"lru\"\n  ]\n}\n");
}

}  // namespace
}  // namespace attnsim::report
