// Counts the traffic of linear attention with a decaying state element by element, to check the
// simulator's counts with. Like element_walker.h it knows no tile geometry and no closed form: a
// block is the set of the indices that fall into it, and a load or store costs one word for each
// element of the set that it names. Free of any include of the simulator.
//
//   lightning_forward            Qin et al., arXiv 2401.04658, Algorithm 1, the state on chip for
//                                some columns of V at a time, for which all of Q and K is read
//   lightning_backward           Algorithm 2: one loop over blocks for dQ, one for dK and dV
//   lightning_backward_released  the released kernels: what lies within blocks first, to which the
//                                loops add
//
//   simple_gated, retention      one decay by step and head, or by head: chunks as in Yang et al.,
//                                arXiv 2312.06635, Algorithms 1 and 2
//   gated                        a decay by step and row of the state, with secondary chunks, whose
//                                scores are in slow memory (A)
//
// Lightning reads a word "G" of the head each time that it makes powers of it: for full blocks and
// for the rest, within blocks and at their edges. Retention reads it once for each use in a chunk.
// Other gates are summed up first, from "G" to "b"; then each use in a chunk reads b at its steps,
// and for the decay over the whole chunk once more at its last step.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/support/element_walker.h"

namespace attnsim::walker {

enum class Recurrence {
  lightning_forward,
  lightning_backward,
  lightning_backward_released,
  simple_gated,
  retention,
  gated,
};

/// Q and K [planes, seqlen, head_dim], V [planes, seqlen, head_dim_v].
struct RecurrenceCase {
  Recurrence algorithm = Recurrence::lightning_forward;
  std::int64_t planes = 1;
  std::int64_t seqlen = 1;
  std::int64_t head_dim = 1;
  std::int64_t head_dim_v = 1;
  std::int64_t block = 1;       // steps; of `gated`, of a secondary chunk
  std::int64_t value_cols = 1;  // of V and O at a time, forward
  bool decays = true;           // lightning_*

  // Of the others: rows of the state at a time, where states go to slow memory (H); secondary
  // chunks of a chunk.
  bool states_in_memory = true;
  std::int64_t key_rows = 1;
  std::int64_t subchunks = 1;
};

/// Traffic by tensor name.
std::map<std::string, Traffic> walk(const RecurrenceCase& walk_case);

}  // namespace attnsim::walker
