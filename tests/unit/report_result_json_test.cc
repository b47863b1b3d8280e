#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "sim/report/json.h"

namespace attnsim::report {
namespace {

// One memory above another, one tensor, and every optional of a result once present, once absent.
Result small_result() {
  Result r;
  r.run.workload.window_left = 7;
  r.run.machine.id = "tiny";
  r.run.machine.name = "Tiny";
  r.run.machine.arch = "sm80";
  r.run.machine.clock = 1.41e9;
  MemorySpec sram{.name = "sram", .kind = MemoryKind::scratchpad, .per_core = true};
  sram.parent = "hbm";
  sram.capacity = Capacity{1000, true};
  MemorySpec hbm{.name = "hbm", .kind = MemoryKind::dram};
  hbm.capacity = Capacity{4096, false};
  hbm.bandwidth = 2e12;
  hbm.latency = 0.5;
  r.run.machine.memories = {sram, hbm};
  r.run.algorithm.name = "standard";
  r.run.algorithm.params.set("scale", 0.5);
  r.run.algorithm.params.set("order", std::string("rows"));
  r.tile_rule = "fit";
  r.tiles = {{"Br", 8}, {"Bc", 4}};
  IoRow q{"hbm", 0, "Q"};
  q.read_words = Words(UINT64_MAX);
  q.read_bytes = Bytes(6);
  q.write_bytes = q.init_bytes = Bytes(4);
  IoRow total = q;
  total.tensor = "total";
  r.io = {q, total};
  r.closed_form = {{"hbm", "Q", Bytes(10), Words(5), false},
                   {"hbm", "total", Bytes(12), Words(6), true}};
  FootprintRow fast{.space = "sram", .peak_bytes = Bytes(10), .static_bytes = Bytes(12)};
  fast.peak_words = Words(5);
  fast.capacity_bytes = Bytes(8);
  fast.capacity_words = Words(4);
  fast.fits = false;
  FootprintRow home{.space = "hbm"};
  home.parts = {{"inputs", Bytes(96)}};
  r.footprint = {fast, home};
  BoundRow bound;
  bound.id = "LB2";
  bound.memory = "hbm";
  bound.m_words = Words(100);
  bound.rigorous = true;
  bound.words = 3;
  bound.bytes = 1e300;
  bound.ratio = 1.25;
  bound.holds_for = "standard products";
  bound.regime = "any M";
  bound.formula = "N d";
  bound.source = "S";
  r.bounds = {bound};
  r.work = {1, 2, 3, 4, 5};
  r.provenance = {"abcd", 1, "attnsim run \"x\"\xff", {"hbm.latency"}};
  return r;
}

TEST(ResultJson, WritesEverySectionInOrder) {
  EXPECT_EQ(to_json(small_result()),
            R"({
  "schema_version": 1,
  "tool": {
    "name": "attnsim",
    "version": ")" +
                std::string(tool_version()) + R"("
  },
  "run": {
    "workload": {
      "batch": 1,
      "heads": 1,
      "kv_heads": 1,
      "seqlen_q": 1,
      "seqlen_kv": 1,
      "head_dim": 64,
      "head_dim_v": 64,
      "dtype": "fp16",
      "causal": false,
      "window": {
        "left": 7,
        "right": null
      },
      "pass": "forward"
    },
    "hardware": {
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
    },
    "algorithm": {
      "name": "standard",
      "tiles": "fit",
      "params": {
        "Br": 8,
        "Bc": 4,
        "order": "rows",
        "scale": 0.5
      }
    }
  },
  "io": [
    {
      "memory": "hbm",
      "device": 0,
      "tensor": "Q",
      "read_bytes": 6,
      "write_bytes": 4,
      "bytes": 10,
      "read_words": 18446744073709551615,
      "write_words": 0,
      "words": 18446744073709551615,
      "init_bytes": 4,
      "init_words": 0
    },
    {
      "memory": "hbm",
      "device": 0,
      "tensor": "total",
      "read_bytes": 6,
      "write_bytes": 4,
      "bytes": 10,
      "read_words": 18446744073709551615,
      "write_words": 0,
      "words": 18446744073709551615,
      "init_bytes": 4,
      "init_words": 0
    }
  ],
  "closed_form": [
    {
      "memory": "hbm",
      "words": 6,
      "equals": true,
      "bytes": 12,
      "tensors": [
        {
          "tensor": "Q",
          "words": 5,
          "equals": false,
          "bytes": 10
        }
      ]
    }
  ],
  "footprint": [
    {
      "space": "sram",
      "peak_bytes": 10,
      "peak_words": 5,
      "capacity_bytes": 8,
      "capacity_words": 4,
      "fits": false,
      "static_bytes": 12
    },
    {
      "space": "hbm",
      "peak_bytes": 0,
      "peak_words": 0,
      "capacity_bytes": null,
      "capacity_words": null,
      "fits": true,
      "static_bytes": 0,
      "inputs_bytes": 96
    }
  ],
  "bounds": [
    {
      "id": "LB2",
      "kind": "lower",
      "memory": "hbm",
      "m_words": 100,
      "rigorous": true,
      "applies": true,
      "words": 3,
      "bytes": 1e+300,
      "ratio": 1.25,
      "class": "standard products",
      "regime": "any M",
      "formula": "N d",
      "source": "S"
    }
  ],
  "work": {
    "matrix_flops": 1,
    "exp_ops": 2,
    "vector_ops": 3,
    "operations": 4,
    "tasks": 5
  },
  "provenance": {
    "config_hash": "abcd",
    "seed": 1,
    "command": "attnsim run \"x\"�",
    "estimated_inputs": [
      "hbm.latency"
    ]
  }
}
)");
}

TEST(ResultJson, IsDeterministic) { EXPECT_EQ(to_json(small_result()), to_json(small_result())); }

TEST(ResultJson, LeavesTheTotalOfAClosedFormNullWhereThereIsNone) {
  Result r;
  r.closed_form = {{"l2", "Q", Bytes(2), Words(1), true}};
  EXPECT_NE(to_json(r).find(R"("memory": "l2",
      "words": null,
      "equals": null,)"),
            std::string::npos);
}

}  // namespace
}  // namespace attnsim::report
