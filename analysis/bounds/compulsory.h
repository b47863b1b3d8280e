// LB0: the traffic that no algorithm avoids, however large its memory.
#pragma once

#include "analysis/bounds/visible.h"
#include "analysis/bounds/wide.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// Elements of the workload's dtype, all heads together. Every row of Q that sees a key, and every
/// row of K and V that some query sees, is read at least once (K, V per KV head); every row of O is
/// written once. Backward reads dO like Q and writes dQ, dK, dV in full. Statistics (L, l, m) are
/// not counted: an algorithm may do without them.
struct Compulsory {
  Wide reads = 0;
  Wide writes = 0;
  const char* formula = "";

  Wide elements() const { return reads + writes; }
};

Compulsory compulsory_elements(const Workload& workload, const Visible& seen);

/// Of dX (sim/trace/parameter_tensors.h): the rows of A1 and dO that see a key and the rows of A2
/// and A3 that some query sees; X and Y of the planes that see anything; dX is written in full.
Compulsory compulsory_of_parameter_gradient(const Workload& workload, const Visible& seen);

/// Of linear attention with a decaying state (sim/trace/recurrence_tensors.h): Q, K and V, backward
/// dO, are read; O, backward dQ, dK and dV, are written. Gates are not counted: one for each head
/// may be all there are.
Compulsory compulsory_of_recurrence(const Workload& workload);

}  // namespace attnsim::bounds
