#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "sim/report/csv.h"

namespace attnsim::report {
namespace {

TEST(CsvField, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("plain text; here"), "plain text; here");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field("\r"), "\"\r\"");
}

TEST(ResultCsv, RepeatsTheRunOnEveryRow) {
  Result r;
  r.run.workload.batch = 2;
  r.run.workload.heads = 3;
  r.run.workload.seqlen_q = 8;
  r.run.workload.seqlen_kv = 16;
  r.run.machine.id = "tiny";
  r.run.algorithm.name = "standard";
  IoRow q{"hbm", 0, "Q"};
  q.read_bytes = Bytes(UINT64_MAX);
  q.read_words = Words(5);
  IoRow total{"hbm", 1, "total"};
  total.read_bytes = Bytes(6);
  total.write_bytes = Bytes(4);
  total.init_bytes = Bytes(2);
  total.read_words = Words(3);
  total.write_words = Words(2);
  total.init_words = Words(1);
  r.io = {q, total};
  EXPECT_EQ(to_csv(r),
            "algorithm,hardware,seqlen_q,seqlen_kv,head_dim,batch,heads,memory,device,tensor,"
            "read_bytes,write_bytes,bytes,read_words,write_words,words,init_bytes,init_words,"
            "seconds,tflops,limiter\n"
            "standard,tiny,8,16,64,2,3,hbm,0,Q,18446744073709551615,0,18446744073709551615,5,0,5,"
            "0,0,,,\n"
            "standard,tiny,8,16,64,2,3,hbm,1,total,6,4,10,3,2,5,2,1,,,\n");
}

TEST(VerifyCsv, WritesOneLinePerCase) {
  VerifyReport report;
  report.cases = {{"standard", "forward", "seqlen 8, Br 4", 1e-15, 0.25, true, ""},
                  {"standard", "backward", "x", std::nan(""), 1, false, "dQ, \"dK\" differ"}};
  EXPECT_EQ(to_csv(report),
            "algorithm,pass,case,max_abs_error,tolerance,ok,message\n"
            "standard,forward,\"seqlen 8, Br 4\",1e-15,0.25,true,\n"
            "standard,backward,x,,1,false,\"dQ, \"\"dK\"\" differ\"\n");
}

TEST(BoundsCsv, LeavesAbsentFieldsEmpty) {
  BoundRow exact;
  exact.id = "LB0";
  exact.memory = "hbm";
  exact.m_words = Words(7);
  exact.rigorous = true;
  exact.words = 1e15;
  exact.bytes = 2e15;
  exact.ratio = 1.5;
  exact.holds_for = "any algorithm";
  exact.regime = "any M";
  exact.formula = "a, b";
  BoundRow shape;
  shape.id = "LB3";
  shape.kind = "upper";
  shape.memory = "l2";
  shape.applies = false;
  shape.words = 0.1;
  shape.bytes = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_csv(std::vector{exact, shape}),
            "id,kind,memory,m_words,rigorous,applies,words,bytes,ratio,class,regime,"
            "formula,source\n"
            "LB0,lower,hbm,7,true,true,1000000000000000,2000000000000000,1.5,any algorithm,any M,"
            "\"a, b\",\n"
            "LB3,upper,l2,,false,false,0.1,,,,,,\n");
}

TEST(CheckCsv, WritesOneLinePerExpectation) {
  CheckReport report;
  report.rows = {{"small", "io.hbm.total.bytes", "<= 1 KiB", 2048, 1024, false, "K grew"}};
  EXPECT_EQ(to_csv(report),
            "check,metric,expectation,value,limit,ok,message\n"
            "small,io.hbm.total.bytes,<= 1 KiB,2048,1024,false,K grew\n");
}

TEST(ListCsv, WritesOneLinePerAlgorithm) {
  AlgorithmInfo info{.id = "standard", .summary = "three kernels, in order", .source = "folklore"};
  info.passes = {Pass::forward, Pass::backward};
  info.tiles = {{"Br", "rows"}, {"Bc", "columns"}};
  EXPECT_EQ(to_csv(Catalogue{{info}}),
            "id,passes,tiles,params,function,summary,source\n"
            "standard,forward backward,Br Bc,,attention,\"three kernels, in order\",folklore\n");
}

TEST(ListCsv, WritesOneLinePerMemory) {
  MemorySpec sram{.name = "sram", .kind = MemoryKind::scratchpad, .per_core = true};
  sram.capacity = Capacity{25600, true};
  MemorySpec hbm{.name = "hbm", .kind = MemoryKind::dram};
  hbm.capacity = Capacity{4096, false};
  hbm.bandwidth = 2e12;
  MachineSpec machine{.id = "tiny", .name = "Tiny"};
  machine.memories = {sram, hbm};
  EXPECT_EQ(to_csv(std::vector{machine}),
            "hardware,name,cores,memory,kind,per_core,capacity_bytes,capacity_words,bandwidth\n"
            "tiny,Tiny,1,sram,scratchpad,true,,25600,\n"
            "tiny,Tiny,1,hbm,dram,false,4096,,2000000000000\n");
}

TEST(ListCsv, WritesNames) {
  EXPECT_EQ(names_to_csv("policy", {"fifo", "lru"}), "policy\nfifo\nlru\n");
}

}  // namespace
}  // namespace attnsim::report
