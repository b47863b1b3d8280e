// What one operation costs the core it runs on, by unit: the work of op_table.h and the bytes of
// its operands, at the rates of the machine.
#pragma once

#include <cstdint>

#include "sim/replay/time/rates.h"
#include "sim/trace/op_table.h"
#include "sim/trace/program.h"

namespace attnsim::replay::time {

/// The queue an operation waits in. `vector` takes elementwise and exp work alike: a softmax needs
/// the one for the other.
enum class Unit : std::uint8_t { none, matrix, vector, copy_in, copy_out };

/// Where an operand of a product lies, as far as the scratchpad's port is concerned.
struct OperandPlace {
  bool in_scratchpad = true;
};

/// Work in picoseconds of a core's units, each by itself.
struct UnitWorkSums {
  double matrix = 0, port = 0, exp = 0, vector = 0;

  UnitWorkSums& operator+=(const UnitWorkSums& other) {
    matrix += other.matrix;
    port += other.port;
    exp += other.exp;
    vector += other.vector;
    return *this;
  }
  UnitWorkSums& operator*=(double factor) {
    for (double* part : {&matrix, &port, &exp, &vector}) *part *= factor;
    return *this;
  }
};

/// Work of an operation, all its warps together.
struct OpCost : UnitWorkSums {
  Unit unit = Unit::none;
  double busy = 0;  // of the unit's queue: of the parts, what does not overlap
};

/// `longer` and `shorter` work of two units that contend: what the pair takes.
double contended(double a, double b, double contention);

/// REQUIRES: a compute record or one that sets storage. `a` and `b` are the operands of a product,
/// `warps` those of the agent that issues it; `to_scratchpad`: a result created there.
OpCost cost_of(const TileOp& op, const OperandPlace& a, const OperandPlace& b, const Launch& launch,
               std::int64_t warps, const CoreRates& rates, bool to_scratchpad = false);

}  // namespace attnsim::replay::time
