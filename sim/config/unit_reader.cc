#include "sim/config/unit_reader.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "sim/config/scalar.h"
#include "sim/core/spelling.h"

namespace attnsim::config {
namespace {

constexpr Range kCount{.min = 1, .max = 1 << 24};

void read_matrix(const Cursor& value, UnitSpec& out) {
  if (!value.require_map()) return;
  const auto dtypes = dtype_names();
  const std::vector<std::string> names(dtypes.begin(), dtypes.end());
  for (const Entry& entry : value.node().entries) {
    const std::optional<DType> dtype = dtype_from_name(entry.key);
    if (!dtype) {
      value.faults().add(entry.at, value.path(),
                         "unknown dtype " + quote(entry.key) + suggestion(entry.key, names));
    } else if (const auto rate = value.child(entry).quantity(Quantity::flop_rate)) {
      out.matrix[*dtype] = *rate;
    }
  }
}

std::span<const Field<UnitSpec>> unit_table() {
  static const Field<UnitSpec> kFields[] = {
      {{.key = "matrix",
        .type = "map of dtype to FLOP rate",
        .doc = "dense matrix products, all cores together; a multiply-add is 2"},
       read_matrix},
      {{.key = "vector", .type = "FLOP rate", .doc = "fp32 arithmetic, all cores together"},
       [](const Cursor& v, UnitSpec& out) { out.vector = v.quantity(Quantity::flop_rate); }},
      {{.key = "exp", .type = "operation rate", .doc = "exponentials, all cores together"},
       [](const Cursor& v, UnitSpec& out) { out.exp = v.quantity(Quantity::op_rate); }},
      {{.key = "copy",
        .type = "byte rate",
        .doc = "between the cores and the memory outside them, all cores together"},
       [](const Cursor& v, UnitSpec& out) { out.copy = v.quantity(Quantity::byte_rate); }},
      {{.key = "clock",
        .type = "frequency",
        .fallback = "clock of the machine",
        .doc = "that vector, exp, copy and the bandwidth of the scratchpad are stated at"},
       [](const Cursor& v, UnitSpec& out) { out.clock = v.quantity(Quantity::frequency); }},
      {{.key = "matrix_clock",
        .type = "frequency",
        .fallback = "units.clock",
        .doc = "that matrix is stated at"},
       [](const Cursor& v, UnitSpec& out) { out.matrix_clock = v.quantity(Quantity::frequency); }},
  };
  return kFields;
}

std::span<const Field<CoreSpec>> core_table() {
  static const Field<CoreSpec> kFields[] = {
      {{.key = "partitions",
        .type = "integer 1..2^24",
        .fallback = "1",
        .doc = "parts with an issue slot and units of their own; a warp belongs to one"},
       [](const Cursor& v, CoreSpec& out) { out.partitions = v.integer(kCount).value_or(1); }},
      {{.key = "threads", .type = "integer 1..2^24", .doc = "resident at once"},
       [](const Cursor& v, CoreSpec& out) { out.threads = v.integer(kCount); }},
      {{.key = "registers", .type = "integer 1..2^24", .doc = "of 32 bits"},
       [](const Cursor& v, CoreSpec& out) { out.registers = v.integer(kCount); }},
      {{.key = "tasks", .type = "integer 1..2^24", .doc = "CTAs resident at once"},
       [](const Cursor& v, CoreSpec& out) { out.tasks = v.integer(kCount); }},
      {{.key = "lanes",
        .type = "integer 1..2^24",
        .fallback = "half the FLOP per clock of units.vector",
        .doc = "elementwise operations issued per clock, over all pipes"},
       [](const Cursor& v, CoreSpec& out) { out.lanes = v.integer(kCount); }},
  };
  return kFields;
}

std::span<const Field<LoadSpec>> load_table() {
  static const Field<LoadSpec> kFields[] = {
      {{.key = "clock", .type = "frequency", .doc = "that the power limit sustains; absent: any"},
       [](const Cursor& v, LoadSpec& out) { out.clock = v.quantity(Quantity::frequency); }},
      {{.key = "contention",
        .type = "percentage",
        .fallback = "0 %",
        .doc = "of the shorter of two units' work that is not hidden under the longer, because "
               "they share issue slots, register ports and power"},
       [](const Cursor& v, LoadSpec& out) { out.contention = v.quantity(Quantity::percent); }},
      {{.key = "synchronous_matrix",
        .type = "percentage",
        .fallback = "100 %",
        .doc = "of the matrix rate that instructions reach which their warp waits for (mma.sync)"},
       [](const Cursor& v, LoadSpec& out) {
         out.synchronous_matrix = v.quantity(Quantity::share);
       }},
      {{.key = "port",
        .type = "percentage",
        .fallback = "100 %",
        .doc = "of a product's reads of the scratchpad that it feels; the others are served beside "
               "the multiply-adds before them"},
       [](const Cursor& v, LoadSpec& out) { out.port = v.quantity(Quantity::percent); }},
      {{.key = "memory",
        .type = "percentage",
        .fallback = "100 %",
        .doc = "of the outermost memory's rate (that of a stream) that kernels reach which do more "
               "than stream"},
       [](const Cursor& v, LoadSpec& out) { out.memory = v.quantity(Quantity::share); }},
      {{.key = "stage_latency",
        .type = "number of clocks",
        .fallback = "0 clk",
        .doc = "from the end of an operation to the start of those that depend on it"},
       [](const Cursor& v, LoadSpec& out) { out.stage_latency = v.quantity(Quantity::clocks); }},
      {{.key = "task_start",
        .type = "number of clocks",
        .fallback = "0 clk",
        .doc = "from a free place on a core to the first operation of the next task"},
       [](const Cursor& v, LoadSpec& out) { out.task_start = v.quantity(Quantity::clocks); }},
  };
  return kFields;
}

}  // namespace

void read_units(const Cursor& value, UnitSpec& out) { read_map(value, unit_table(), out); }
void read_core(const Cursor& value, CoreSpec& out) { read_map(value, core_table(), out); }
void read_load(const Cursor& value, LoadSpec& out) { read_map(value, load_table(), out); }

std::vector<FieldDoc> unit_fields() { return docs_of(unit_table()); }
std::vector<FieldDoc> core_fields() { return docs_of(core_table()); }
std::vector<FieldDoc> load_fields() { return docs_of(load_table()); }

}  // namespace attnsim::config
