// Trace files that are damaged, cut or made to do harm: every one is refused, with the byte.
#include <cstring>

#include <gtest/gtest.h>

#include "sim/trace/file/byte_stream.h"
#include "tests/unit/trace_fixture.h"

namespace attnsim::trace_file {
namespace {

/// Blocks of one task each, so that there are boundaries to cut at.
std::string tiny_file(std::int64_t tasks, std::uint64_t block_ops = 1) {
  std::ostringstream out;
  TraceWriter writer(out, tiny_header(tasks), block_ops);
  for (std::int64_t n = 0; n < tasks; ++n) {
    TileOp drop;
    drop.op = Op::drop;
    drop.t[0] = 0;
    drop.m = 1;
    drop.n = 4;
    const TileOp ops[] = {tiny_load(n), drop};
    writer.add(ops);
    writer.end_task();
  }
  writer.finish();
  return out.str();
}

std::string starting(const std::string& text, const std::string& start) {
  return text.substr(0, start.size());
}

TEST(TraceCorrupt, TheFileItselfIsFine) {
  EXPECT_EQ(message_of_reading(tiny_file(4)), "");
  EXPECT_EQ(reader_of(tiny_file(4))->blocks().size(), 5U);
  EXPECT_EQ(tasks_of(*reader_of(tiny_file(4)))[3].at(0).row, 3);
}

TEST(TraceCorrupt, AnyByteChangedIsNoticed) {
  const std::string whole = tiny_file(3);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      EXPECT_EQ(starting(message_of_reading(damaged), "x.trace: byte "), "x.trace: byte ")
          << "byte " << at << " xor " << flip;
    }
  }
}

TEST(TraceCorrupt, AnyLengthButTheWholeIsNoticed) {
  const std::string whole = tiny_file(3);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(message_of_reading(whole.substr(0, size)), "") << size;
  }
  EXPECT_NE(message_of_reading(whole + '\0'), "");
}

TEST(TraceCorrupt, CutAtBlockBoundaries) {
  const std::string whole = tiny_file(3);
  const auto trace = reader_of(whole);
  for (const BlockEntry& block : trace->blocks()) {
    const std::string at = std::to_string(block.at - 32);
    EXPECT_EQ(
        message_of_reading(whole.substr(0, block.at)),
        "x.trace: byte " + at + ": no end mark: the file was cut, or its recording did not finish");
  }
  EXPECT_EQ(message_of_reading(""), "x.trace: byte 0: not a trace file of attnsim");
  EXPECT_EQ(message_of_reading(whole.substr(0, 16)), "x.trace: byte 16: the file ends early");
}

TEST(TraceCorrupt, PreambleSaysWhatIsWrong) {
  std::string file = tiny_file(1);
  file[8] = 2;
  EXPECT_EQ(message_of_reading(file),
            "x.trace: byte 8: format version 2, this attnsim reads version 1");
  file = tiny_file(1);
  std::swap(file[10], file[11]);
  EXPECT_EQ(message_of_reading(file), "x.trace: byte 10: wrong byte order");
  file = tiny_file(1);
  file[12] = 72;
  EXPECT_EQ(message_of_reading(file), "x.trace: byte 12: records of 72 bytes, expected 64");
  EXPECT_EQ(message_of_reading("\x89PNG\r\n\x1a\n and more"),
            "x.trace: byte 0: not a trace file of attnsim");
}

// --- files made with care
// -------------------------------------------------------------------------

std::string fixed(std::uint64_t value, int width) {
  ByteWriter out;
  out.fixed(value, width);
  return out.bytes();
}

/// A file of these parts, each correct in itself. Empty `block`: none.
std::string made(const std::string& header, const std::string& block_section,
                 const std::string& index) {
  Packer packer;
  std::string file = tiny_file(1).substr(0, kPreambleBytes);
  file += packer.pack(SectionKind::header, header) + block_section;
  const std::uint64_t index_at = file.size();
  file += packer.pack(SectionKind::index, index);
  const std::uint64_t size = file.size() + kSectionHeadBytes + 16;
  return file + packer.pack(SectionKind::end, fixed(index_at, 8) + fixed(size, 8));
}

std::string made_of_block(const std::string& block, std::uint64_t ops, std::uint64_t tasks = 1) {
  Packer packer;
  const std::string section = packer.pack(SectionKind::block, block);
  ByteWriter index;
  for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{section.size()}, ops, 2 * tasks}) {
    index.varint(n);
  }
  return made(encode_header(tiny_header(1)), section, index.bytes());
}

/// The bytes of a block with one record, whose template is changed.
std::string block_of(const TileOp& op) {
  BlockEncoder encoder;
  encoder.add(op);
  encoder.end_task();
  return encoder.bytes();
}

/// What reading a block with this one record says, after "x.trace: byte N: block 0, unpacked byte
/// ".
std::string fault_of(const TileOp& op) {
  const std::string message = message_of_reading(made_of_block(block_of(op), 1));
  const std::string start = "unpacked byte ";
  const std::size_t at = message.find(start);
  return at == std::string::npos ? message : message.substr(at + start.size());
}

TEST(TraceCorrupt, RecordsThatNothingMayTrust) {
  EXPECT_EQ(fault_of(tiny_load(0)), "");
  TileOp op = tiny_load(0);
  op.tensor = 7;
  EXPECT_EQ(fault_of(op), "0: load: tensor 7, there are 1");
  op = tiny_load(0);
  op.t[0] = 64;
  EXPECT_EQ(fault_of(op), "0: load: slot 64, the last is 63");
  op = tiny_load(0);
  op.n = 0;
  EXPECT_EQ(fault_of(op), "0: load: m=1 n=0 k=0 is no shape");
  op = tiny_load(0);
  op.flags = 32;
  EXPECT_EQ(fault_of(op), "0: load: flags 32 have a bit without a meaning");
  op = tiny_load(std::int64_t{1} << 61);
  EXPECT_EQ(fault_of(op), "0: load: row 2305843009213693952, column 0 is out of range");
  op = tiny_load(0);
  op.col = 0x7fffffff;
  EXPECT_EQ(fault_of(op), "0: load: row 0, column 2147483647 is out of range");
  op = tiny_load(0);
  op.value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(fault_of(op), "0: load: the value is not a number");
  op = tiny_load(0);
  op.op = Op::band;
  EXPECT_EQ(fault_of(op), "0: band: m=1 n=4 k=0 is no shape");
  op = tiny_load(0);
  op.op = Op::scale_rows;
  op.t[1] = 0;
  EXPECT_EQ(fault_of(op), "0: scale_rows: t0 and t1 are the same slot, and one of them is changed");
}

TEST(TraceCorrupt, BlocksThatDoNotHoldWhatTheySay) {
  const std::string block = block_of(tiny_load(0));
  const auto fault = [](const std::string& file) {
    const std::string message = message_of_reading(file);
    return message.substr(std::min(message.find("block 0"), message.size()));
  };
  EXPECT_EQ(fault(made_of_block(block, 2)),
            "block 0, unpacked byte 28: 1 operations and 1 ends of tasks, where the index says 2 "
            "and 1");
  EXPECT_EQ(fault(made_of_block(block, 1000)),
            "block 0, unpacked byte 0: 1000 operations cannot lie in 28 bytes");
  std::string unknown = block;
  unknown[1] = 99;
  EXPECT_EQ(fault(made_of_block(unknown, 1)),
            "block 0, unpacked byte 1: operation 99 is not in the file's list of " +
                std::to_string(kOpCount));
  std::string code = block;
  code[0] = 9;  // a template that was not declared
  EXPECT_EQ(fault(made_of_block(code, 1)), "block 0, unpacked byte 0: template 3, there are 0");
  EXPECT_EQ(fault(made_of_block(block.substr(0, 9), 1)),
            "block 0, unpacked byte 9: the data end early");
}

TEST(TraceCorrupt, NamesThisProgramDoesNotKnow) {
  std::string header = encode_header(tiny_header(1));
  const std::size_t at = header.find("softmax_stats");
  header.replace(at, 13, "softmax_twice");
  const std::string message = message_of_reading(made(header, "", std::string(1, '\0')));
  EXPECT_NE(message.find("unknown operation 'softmax_twice': the file was written by another "
                         "version of attnsim"),
            std::string::npos)
      << message;
}

TEST(TraceCorrupt, NumbersAreTakenByName) {
  std::string header = encode_header(tiny_header(1));
  const std::size_t fill = header.find(
      "\x04"
      "fill");
  const std::size_t load = header.find(
      "\x04"
      "load\x09");
  ASSERT_NE(fill, std::string::npos);
  ASSERT_NE(load, std::string::npos);
  header.replace(fill, 5,
                 "\x04"
                 "load");
  header.replace(load, 5,
                 "\x04"
                 "fill");
  Packer packer;
  const std::string section = packer.pack(SectionKind::block, block_of(tiny_load(0)));
  ByteWriter index;
  for (const std::uint64_t n :
       {std::uint64_t{1}, std::uint64_t{section.size()}, std::uint64_t{1}, std::uint64_t{2}}) {
    index.varint(n);
  }
  EXPECT_EQ(tasks_of(*reader_of(made(header, section, index.bytes())))[0].at(0).op, Op::fill);
}

TEST(TraceCorrupt, AnIndexThatLeavesTheFile) {
  ByteWriter index;
  for (const std::uint64_t n : {1U, 4000000U, 1U, 2U}) index.varint(n);
  const std::string header = encode_header(tiny_header(1));
  std::string message = message_of_reading(made(header, "", index.bytes()));
  EXPECT_NE(message.find("index, unpacked byte 1: block 0 of 4000000 bytes at byte "),
            std::string::npos)
      << message;
  EXPECT_NE(message.find(" lies beyond the blocks"), std::string::npos) << message;
  message = message_of_reading(made(header, "", std::string(1, '\0')));
  EXPECT_NE(message.find("the blocks hold 0 whole tasks, the kernels have 1"), std::string::npos)
      << message;
}

TEST(TraceCorrupt, DecompressionBombs) {
  // A frame that unpacks to more than its section declares, with a checksum that fits.
  Packer packer;
  const std::string zeros(1 << 22, '\0');
  std::string section = packer.pack(SectionKind::block, zeros);
  const std::string small = fixed(100, 4);
  section.replace(8, 4, small);
  const std::uint32_t crc =
      crc32(std::string_view(section).substr(16), crc32(std::string_view(section).substr(0, 12)));
  section.replace(12, 4, fixed(crc, 4));
  Unpacker unpacker;
  try {
    unpacker.unpack(section, SectionKind::block);
    FAIL();
  } catch (const DecodeFault& fault) {
    EXPECT_STREQ(fault.what(),
                 "the zstd frame does not unpack to the 100 bytes that the section declares");
  }
  // One that declares too much is not even looked into.
  section.replace(8, 4, fixed(kMostPlainBytes + 1, 4));
  try {
    unpacker.unpack(section, SectionKind::block);
    FAIL();
  } catch (const DecodeFault& fault) {
    EXPECT_STREQ(fault.what(),
                 "the section declares 67108865 unpacked bytes, the most is 67108864");
  }
  // Many tasks in few bytes: a block holds a bounded number.
  EXPECT_NE(message_of_reading(made_of_block(std::string(100000, '\1'), 0, 1)), "");
}

TEST(TraceCorrupt, HeadersWithNumbersThatOverflow) {
  const auto fault = [](const TraceHeader& header) {
    const std::string message =
        message_of_reading(made(encode_header(header), "", std::string(1, '\0')));
    return message.substr(std::min(message.rfind("byte "), message.size()));
  };
  TraceHeader header = tiny_header(1);
  header.tensors[0].rows = 0;
  EXPECT_NE(fault(header).find("tensor 'T': planes, rows and cols must be from 1 to 2147483647"),
            std::string::npos);
  header = tiny_header(1);
  header.tensors[0].planes = header.tensors[0].rows = header.tensors[0].cols = 0x7fffffff;
  EXPECT_NE(fault(header).find("tensor 'T': more than 2^56 elements"), std::string::npos);
  header = tiny_header(1);
  header.tensors[0].interleave = 3;
  EXPECT_NE(fault(header).find("interleave 3 does not divide its rows"), std::string::npos);
  header = tiny_header(1);
  header.kernels[0].grid = {{"i", std::int64_t{1} << 30}, {"j", std::int64_t{1} << 30}};
  EXPECT_NE(fault(header).find("kernel 'k': more than 2^40 tasks"), std::string::npos);
}

}  // namespace
}  // namespace attnsim::trace_file
