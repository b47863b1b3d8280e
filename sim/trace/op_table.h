// One row per operation: what it needs (operands and their shapes), what it costs (unit work, port
// bytes) and what it means on numbers. Legality checks, work counters and documentation all read
// this table; the numeric executor implements its `meaning` column, one case per row.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "sim/trace/tile_op.h"

namespace attnsim {

/// How an operation uses an operand. Port bytes follow from it: a read or a written operand passes
/// the port of its memory once, an updated one twice.
enum class Access : std::uint8_t {
  none,     // slot unused
  read,     // must hold a value
  write,    // gets a value; `kCreates` says whether the storage is new
  update,   // read and written in place
  release,  // drop
};

/// A symbolic extent, resolved by the record's m, n, k.
enum class Dim : std::uint8_t { one, m, n, k };

struct Operand {
  Access access = Access::none;
  Dim rows = Dim::m;
  Dim cols = Dim::n;
};

/// Work of one unit as coefficients of mn, m, mk and mnk.
struct UnitWork {
  std::uint8_t mn = 0, m = 0, mk = 0, mnk = 0;
};

enum class OpClass : std::uint8_t { storage, traffic, compute, structure };

struct OpRow {
  Op op;
  std::string_view name;
  OpClass kind;
  std::array<Operand, 4> operands;
  UnitWork matrix;  // in multiply-adds
  UnitWork exp;     // in exponentials and logarithms
  UnitWork vector;  // in elementwise operations
  std::string_view meaning;
};

/// The table, indexed by Op.
std::span<const OpRow, kOpCount> op_table();

inline const OpRow& op_row(Op op) { return op_table()[static_cast<std::size_t>(op)]; }

/// Evaluates one unit's work from sums over records of mn, m, mk and mnk.
struct WorkSums {
  std::uint64_t records = 0, mn = 0, m = 0, mk = 0, mnk = 0;

  std::uint64_t of(const UnitWork& unit) const {
    return unit.mn * mn + unit.m * m + unit.mk * mk + unit.mnk * mnk;
  }
};

}  // namespace attnsim
