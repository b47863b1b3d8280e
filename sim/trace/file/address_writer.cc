#include "sim/trace/file/address_writer.h"

#include <array>
#include <bit>
#include <charconv>

#include "sim/core/error.h"

namespace attnsim::trace_file {
namespace {

void append_number(std::string& out, std::uint64_t value, int base) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

}  // namespace

AddressWriter::AddressWriter(std::ostream& out, AddressFormat format, std::uint64_t line)
    : out_(out), format_(format), line_(line) {
  ATTNSIM_CHECK(std::has_single_bit(line), "lines are a power of two");
  ATTNSIM_CHECK(format != AddressFormat::lackey, "this format is only read");
  if (format == AddressFormat::csv) out_ << "address,bytes,rw\n";
}

void AddressWriter::add(const AddressEvent& event) {
  if (format_ == AddressFormat::csv) return add_piece(event.address, event);
  const std::uint64_t last = (event.address + event.bytes - 1) & ~(line_ - 1);
  std::uint64_t at = event.address & ~(line_ - 1);
  add_piece(format_ == AddressFormat::din ? event.address : at, event);
  while (at != last) {
    at += line_;
    add_piece(at, event);
  }
}

void AddressWriter::add_piece(std::uint64_t address, const AddressEvent& event) {
  text_.clear();
  switch (format_) {
    case AddressFormat::din:
      text_ += event.write ? "1 " : event.fetch ? "2 " : "0 ";
      append_number(text_, address, 16);
      break;
    case AddressFormat::csv:
      append_number(text_, address, 10);
      text_ += ',';
      append_number(text_, event.bytes, 10);
      text_ += event.write ? ",w" : event.fetch ? ",i" : ",r";
      break;
    case AddressFormat::ramulator:
      text_ += event.write ? "ST 0x" : "LD 0x";
      append_number(text_, address, 16);
      break;
    case AddressFormat::dramsim3:
      text_ += "0x";
      append_number(text_, address, 16);
      text_ += event.write ? " WRITE " : " READ ";
      append_number(text_, written_, 10);
      break;
    case AddressFormat::lackey:
      break;
  }
  text_ += '\n';
  out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
  ++written_;
}

}  // namespace attnsim::trace_file
