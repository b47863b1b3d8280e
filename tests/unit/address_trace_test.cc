// Address traces: what is read, what is refused and in which words, what is written.
#include <sstream>

#include <gtest/gtest.h>

#include "sim/trace/file/trace_accesses.h"
#include "tests/unit/trace_fixture.h"

namespace attnsim::trace_file {
namespace {

std::vector<AddressEvent> read(const std::string& text, AddressFormat format,
                               const std::string& name) {
  std::istringstream in(text);
  AddressReader reader(in, name, format);
  std::vector<AddressEvent> events;
  for (AddressEvent event; reader.next(event);) events.push_back(event);
  return events;
}

std::string fault(const std::string& text, AddressFormat format, const std::string& name) {
  return message_of([&] { read(text, format, name); });
}

std::string din_fault(const std::string& text) {
  return fault(text, AddressFormat::din, "file.din");
}

using Events = std::vector<AddressEvent>;

TEST(AddressReader, Din) {
  EXPECT_EQ(read("0 1f40\n1 0xFFFFFFFFFFFFFFFF\n\n2\t8 \r\n  0 40 10", AddressFormat::din, "a"),
            (Events{{.address = 0x1f40},
                    {.address = ~std::uint64_t{0}, .write = true},
                    {.address = 8, .fetch = true},
                    {.address = 0x40, .bytes = 16}}));
  EXPECT_EQ(read("", AddressFormat::din, "a"), Events{});
}

TEST(AddressReader, DinGarbageOnLine17) {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "0 1000\n";
  EXPECT_EQ(din_fault(text + "x 1000\n0 1000\n"), "file.din:17: expected 0, 1 or 2, got 'x'");
  EXPECT_EQ(din_fault(text + "3 1000\n"), "file.din:17: expected 0, 1 or 2, got '3'");
  EXPECT_EQ(din_fault(text + "\x01\xff\n"), "file.din:17: expected 0, 1 or 2, got '\\x01\\xff'");
  EXPECT_EQ(din_fault(text + "1 zz\n"),
            "file.din:17: expected an address in hexadecimal, got 'zz'");
  EXPECT_EQ(din_fault(text + "1\n"), "file.din:17: expected an address in hexadecimal, got ''");
  EXPECT_EQ(din_fault(text + "1 -4\n"),
            "file.din:17: expected an address in hexadecimal, got '-4'");
  EXPECT_EQ(din_fault(text + "1 10000000000000000\n"),
            "file.din:17: an address '10000000000000000' does not fit in 64 bits");
  EXPECT_EQ(din_fault(text + "1 ffffffffffffffff 2\n"),
            "file.din:17: an access of 2 bytes at address 18446744073709551615 runs past the last "
            "address");
  EXPECT_EQ(din_fault(text + "1 0 0\n"),
            "file.din:17: an access of 0 bytes, expected 1 to 4294967296");
  EXPECT_EQ(din_fault(text + "1 0 4 7\n"), "file.din:17: expected the end of the line, got '7'");
  EXPECT_EQ(din_fault(text + std::string(5000, '0')),
            "file.din:17: a line of more than 4096 bytes");
}

TEST(AddressReader, Csv) {
  EXPECT_EQ(read("address,bytes,rw\n4096,128,r\n0x10, 4 ,w\n8,1,i\n", AddressFormat::csv, "a"),
            (Events{{.address = 4096, .bytes = 128},
                    {.address = 16, .bytes = 4, .write = true},
                    {.address = 8, .fetch = true}}));
  const auto csv = [](const std::string& text) { return fault(text, AddressFormat::csv, "a.csv"); };
  EXPECT_EQ(csv("1,2\n"), "a.csv:1: expected r, w or i, got ''");
  EXPECT_EQ(csv("1,2,r\n1,r\n"), "a.csv:2: expected a number of bytes as a whole number, got 'r'");
  EXPECT_EQ(csv("1,2,r,\n"), "a.csv:1: expected r, w or i, got 'r,'");
  EXPECT_EQ(csv("18446744073709551616,2,r\n"),
            "a.csv:1: an address '18446744073709551616' does not fit in 64 bits");
}

TEST(AddressReader, Lackey) {
  EXPECT_EQ(read("==12== Lackey\nI  0023C790,2\n L 1ffe,8\n S 2000,4\n M 3000,1\n--12-- end\n",
                 AddressFormat::lackey, "a"),
            (Events{{.address = 0x23c790, .bytes = 2, .fetch = true},
                    {.address = 0x1ffe, .bytes = 8},
                    {.address = 0x2000, .bytes = 4, .write = true},
                    {.address = 0x3000, .bytes = 1},
                    {.address = 0x3000, .bytes = 1, .write = true}}));
  EXPECT_EQ(fault(" L 1000\n", AddressFormat::lackey, "a.lackey"),
            "a.lackey:1: expected a number of bytes as a whole number, got ''");
  EXPECT_EQ(fault("hello\n", AddressFormat::lackey, "a.lackey"),
            "a.lackey:1: expected I, L, S or M, got 'hello'");
}

std::string written(const Events& events, AddressFormat format) {
  std::ostringstream out;
  AddressWriter writer(out, format);
  for (const AddressEvent& event : events) writer.add(event);
  return out.str();
}

TEST(AddressWriter, EveryFormat) {
  const Events events = {{.address = 100, .bytes = 100},
                         {.address = 192, .bytes = 1, .write = true},
                         {.address = 7, .bytes = 1, .fetch = true}};
  EXPECT_EQ(written(events, AddressFormat::din), "0 64\n0 80\n0 c0\n1 c0\n2 7\n");
  EXPECT_EQ(written(events, AddressFormat::csv), "address,bytes,rw\n100,100,r\n192,1,w\n7,1,i\n");
  EXPECT_EQ(written(events, AddressFormat::ramulator),
            "LD 0x40\nLD 0x80\nLD 0xc0\nST 0xc0\nLD 0x0\n");
  EXPECT_EQ(written(events, AddressFormat::dramsim3),
            "0x40 READ 0\n0x80 READ 1\n0xc0 READ 2\n0xc0 WRITE 3\n0x0 READ 4\n");
  EXPECT_EQ(read(written(events, AddressFormat::csv), AddressFormat::csv, "a"), events);
  EXPECT_EQ(written({{.address = ~std::uint64_t{0}}}, AddressFormat::din), "0 ffffffffffffffff\n");
}

TEST(TraceAccesses, RunsOfConsecutiveBytesInTheOrderOfTheLayout) {
  const std::vector<TensorDecl> tensors = {{"A", TensorRole::query, DType::f16, 2, 3, 4}};
  const TensorLayout layout(tensors);
  const auto accesses = [&](TileOp op) {
    Events events;
    EXPECT_TRUE(append_accesses(layout, op, events));
    return events;
  };
  TileOp op = tiny_load(1);
  op.m = 3;  // whole rows: one run, also over the border of planes
  EXPECT_EQ(accesses(op), (Events{{.address = 0x10000008, .bytes = 24}}));
  op.op = Op::store;
  op.n = 2;
  op.col = 2;
  EXPECT_EQ(accesses(op), (Events{{.address = 0x1000000c, .bytes = 4, .write = true},
                                  {.address = 0x10000014, .bytes = 4, .write = true},
                                  {.address = 0x1000001c, .bytes = 4, .write = true}}));
  op.op = Op::drop;
  EXPECT_EQ(accesses(op), Events{});
  op = tiny_load(6);
  Events events;
  EXPECT_FALSE(append_accesses(layout, op, events));
}

// --- the text form
// ---------------------------------------------------------------------------------

std::string text_fault(const std::string& body) {
  const std::string header =
      "attnsim-trace-text 1\n"
      "tensor \"T\" role=workspace dtype=fp16 planes=1 rows=8 cols=4 interleave=1 device=0\n"
      "kernel \"k\" device=0 \"i\"=1\n";
  return message_of([&] { binary_of(header + body); });
}

TEST(TextForm, FaultsNameTheLine) {
  EXPECT_EQ(text_fault("task 0\nend\n"), "");
  EXPECT_EQ(text_fault("task 0\nload creates t0=0 m=1 n=4\nend\n"), "");
  EXPECT_EQ(message_of([] { binary_of("hello\n"); }), "x.txt:1: expected 'attnsim-trace-text 1'");
  EXPECT_EQ(text_fault("tusk 0\n"),
            "x.txt:4: expected a line of the header, 'task' or 'end', got 'tusk'");
  EXPECT_EQ(text_fault("task 1\n"), "x.txt:4: expected task 0, got task 1");
  EXPECT_EQ(text_fault("end\n"), "x.txt:4: the trace ends after 0 tasks, the kernels have 1");
  EXPECT_EQ(text_fault("task 0\ntask 1\nend\n"),
            "x.txt:5: expected 'end': the kernels have no further task, got task 1");
  EXPECT_EQ(text_fault("task 0\n"), "x.txt:4: the file ends within a task: no 'end'");
  EXPECT_EQ(text_fault("task 0\nend\nmore\n"), "x.txt:6: expected the end of the file after 'end'");
  EXPECT_TRUE(text_fault("task 0\nlode t0=0\nend\n")
                  .starts_with("x.txt:5: unknown operation 'lode'; did you mean 'load'?"));
  EXPECT_EQ(text_fault("task 0\nload t9=0\nend\n"), "x.txt:5: unknown field 't9'");
  EXPECT_EQ(text_fault("task 0\nload t0=0 t0=1\nend\n"), "x.txt:5: field 't0' is given twice");
  EXPECT_EQ(text_fault("task 0\nload m=99999999999\nend\n"),
            "x.txt:5: the value: expected a whole number in range, got '99999999999'");
  EXPECT_EQ(text_fault("task 0\nload creates t0=0 m=1 n=4 tensor=1\nend\n"),
            "x.txt:5: load: tensor 1, there are 1");
  EXPECT_EQ(text_fault("task 0\nload t0=\"\nend\n"), "x.txt:5: a text has no closing quote");
  EXPECT_EQ(text_fault("resident role=operand dtype=fp16 rows=0 cols=1\ntask 0\nend\n"),
            "x.txt:5: a resident tile has no extent between 1 and 2147483647");
  EXPECT_TRUE(text_fault("task 0\nload creat t0=0\nend\n")
                  .starts_with("x.txt:5: unknown flag 'creat'; did you mean 'creates'?"));
}

}  // namespace
}  // namespace attnsim::trace_file
