// Measurement files: what a row becomes, and every fault at once.
#include <string>

#include <gtest/gtest.h>

#include "sim/config/validation_files.h"
#include "sim/core/error.h"

namespace attnsim::config {
namespace {

constexpr const char* kHeader =
    "id,source,ref,algorithm,variant,reference,pass,hardware,devices,clock_mhz,dtype,batch,heads,"
    "kv_heads,seqlen_q,seqlen_kv,head_dim,head_dim_v,causal,window,params,metric,value,exactness,"
    "note\n";

std::vector<Measurement> read(const std::string& rows) {
  return load_measurements_text(kHeader + rows, "m.csv");
}

std::string faults(const std::string& text) {
  try {
    load_measurements_text(text, "m.csv");
  } catch (const UserError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Measurements, ARowIsReadInFull) {
  const auto rows = read(
      "a-1,\"paper, 2023\",Table 1,flash_attention_2,flash-attn,1,backward,nvidia_h100_sxm,1,1830,"
      "bf16,2,16,4,1024,2048,192,128,1,512,dropout=0.1;mask=padding,tflops,312.5,table,\n");
  ASSERT_EQ(rows.size(), 1U);
  const Measurement& row = rows[0];
  EXPECT_EQ(row.id, "a-1");
  EXPECT_EQ(row.source, "paper, 2023");
  EXPECT_EQ(row.ref, "Table 1");
  EXPECT_EQ(row.algorithm, "flash_attention_2");
  EXPECT_EQ(row.variant, "flash-attn");
  EXPECT_TRUE(row.reference);
  EXPECT_EQ(row.hardware, "nvidia_h100_sxm");
  EXPECT_EQ(row.clock_mhz, 1830);
  EXPECT_EQ(row.dtype, "bf16");
  EXPECT_EQ(row.window, 512);
  EXPECT_EQ(row.params,
            (std::map<std::string, std::string>{{"dropout", "0.1"}, {"mask", "padding"}}));
  EXPECT_EQ(row.metric, Metric::tflops);
  EXPECT_EQ(row.value, 312.5);
  Workload expected;
  expected.batch = 2;
  expected.heads = 16;
  expected.kv_heads = 4;
  expected.seqlen_q = 1024;
  expected.seqlen_kv = 2048;
  expected.head_dim = 192;
  expected.head_dim_v = 128;
  expected.causal = true;
  expected.pass = Pass::backward;
  EXPECT_EQ(row.workload, expected) << "dtype, window and dropout are open until it is simulated";
}

TEST(Measurements, ColumnsMayStandInAnyOrderAndSomeHaveDefaults) {
  const auto rows = load_measurements_text(
      "value,metric,causal,head_dim,seqlen_kv,seqlen_q,heads,batch,dtype,hardware,pass,reference,"
      "algorithm,source,id\n"
      "2.5,runtime_ms,0,64,128,1,8,4,int4,x,forward,0,standard,s,i\n",
      "m.csv");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].workload.kv_heads, 8);
  EXPECT_EQ(rows[0].workload.head_dim_v, 64);
  EXPECT_EQ(rows[0].devices, 1);
  EXPECT_FALSE(rows[0].clock_mhz);
  EXPECT_FALSE(rows[0].window);
  EXPECT_EQ(rows[0].dtype, "int4");
}

TEST(Measurements, TellsEveryFaultOfTheHeader) {
  EXPECT_EQ(faults("id,source,algoritm,reference,pass,hardware,dtype,batch,heads,seqlen_q,id,"
                   "seqlen_kv,head_dim,causal,metric\n"),
            "m.csv:1:1: missing column 'algorithm' (text)\n"
            "m.csv:1:1: missing column 'value' (number above 0)\n"
            "m.csv:1:11: unknown column 'algoritm'; did you mean 'algorithm'?\n"
            "m.csv:1:71: duplicate column 'id'");
  EXPECT_EQ(faults(""), "m.csv: expected a header line with the columns, got an empty file");
}

TEST(Measurements, TellsEveryFaultOfARow) {
  EXPECT_EQ(
      faults(std::string(kHeader) +
             "a,s,,standard,,2,forwrd,x,0,-1,fp61,1,16,,1e3,512,64,,yes,,mask,tflop,0,,\n"
             ",s,,standard,,1,forward,x,1,,fp16,1,16,,512,512,64,,0,,,runtime_ms,,,\n"
             "b,s\n"),
      "m.csv:2:16: reference: expected 0 or 1, got '2'\n"
      "m.csv:2:18: pass: unknown pass 'forwrd'; did you mean 'forward'? (expected one of: forward, "
      "backward, forward_backward)\n"
      "m.csv:2:27: devices: expected an integer from 1 to 1048576, got '0'\n"
      "m.csv:2:29: clock_mhz: expected a number above 0, got '-1'\n"
      "m.csv:2:32: dtype: unknown dtype 'fp61'; did you mean 'fp16'? (expected one of: fp16, bf16, "
      "fp32, fp8, int8, int4, fp4)\n"
      "m.csv:2:43: seqlen_q: expected an integer from 1 to 1073741824, got '1e3'\n"
      "m.csv:2:55: causal: expected 0 or 1, got 'yes'\n"
      "m.csv:2:60: params: expected key=value;key=value, got 'mask'\n"
      "m.csv:2:65: metric: unknown metric 'tflop'; did you mean 'tflops'? (expected one of: "
      "runtime_ms, tflops, tops, latency_ms, speedup, gb_dram, matrix_unit_util_pct, "
      "lds_util_pct)\n"
      "m.csv:2:71: value: expected a number above 0, got '0'\n"
      "m.csv:3:1: id: expected text, got an empty field\n"
      "m.csv:3:68: value: expected number above 0, got an empty field\n"
      "m.csv:4:1: expected 25 fields as in the header, got 2");
}

TEST(Measurements, TellsWhatDoesNotGoTogether) {
  const std::string shape = ",1,16,5,512,512,64,,0,,";
  EXPECT_EQ(faults(std::string(kHeader) + "a,s,,standard,,0,forward,x,1,,fp16" + shape +
                   ",runtime_ms,1,,\n"),
            "m.csv:2:38: heads: expected a multiple of kv_heads (5), got '16'");
  const std::string fine = ",fp16,1,16,,512,512,64,,0,,";
  EXPECT_EQ(faults(std::string(kHeader) + "a,s,,standard,,0,forward,x,1," + fine +
                   ",runtime_ms,1,,\na,s,,standard,,0,forward,x,1," + fine + ",speedup,2,,\n" +
                   "b,s,,standard,,1,forward,x,1," + fine + ",lds_util_pct,2,,\n" +
                   "c,s,,standard,,0,forward,x,1," + fine + "dropout=1,runtime_ms,2,,\n"),
            "m.csv:3:1: id: duplicate id 'a', first in m.csv:2\n"
            "m.csv:3:1: params: missing baseline=ALGORITHM, which a speedup is over\n"
            "m.csv:4:16: reference: expected 0 for 'lds_util_pct', got '1'\n"
            "m.csv:5:57: params: expected a dropout of at least 0 and below 1, got '1'");
}

TEST(Measurements, FilesThatAreNotThereAreToldTogether) {
  try {
    load_measurements({"no_such.csv", "nor_this.csv"});
    FAIL() << "accepted";
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "no_such.csv: no such file\nnor_this.csv: no such file");
  }
}

}  // namespace
}  // namespace attnsim::config
