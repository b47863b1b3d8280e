// LB1 to LB5: what a memory of M words forces. Derived in docs/bounds.md; no paper states them with
// these constants.
//
//     id          work counted in phases                        about, for d_v = d
//     LB1         scores                                        P d^2 / M           loads
//     LB2         scores, each with all its products p_ij v_j   2 P d^2 / M         loads
//     LB3-rec     scores and dP                                 2 P d^2 / M         loads
//     LB3-norec   dS, each with all its products                4 P d^2 / M         loads
//     LB4-rec     products of the scores (backward: and dP)     sqrt(2) P d / sqrt(M)   all I/O
//     LB4-norec   products of the whole pass                    2 sqrt(2) P d / sqrt(M) all I/O
//     LB5         entries of Q K^T, by any algebra              P d^2 / 4 M         loads
//
// `rec` forms hold whether or not scores are formed again; LB2 and the `norec` forms ask that each
// is formed once within the pass. Where both passes run, one after the other, their bounds add up.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/bounds/bound_class.h"
#include "analysis/bounds/levels.h"
#include "analysis/bounds/phases.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// One pass's share of a bound.
struct PhaseTerm {
  std::shared_ptr<const PhaseCapacity> capacity;
  Wide work = 0;
  Wide held = 1;          // multiples of M a phase may use beside its transfers
  Wide added_stores = 0;  // stores the argument adds to the algorithm, taken off again

  /// Words that cross the boundary. REQUIRES: m_words >= 1.
  Wide transfers(Wide m_words, Wide parts) const;
};

struct PhaseBound {
  std::string id;
  Needs needs;
  bool all_io = false;  // bounds loads and stores together; otherwise loads
  std::vector<PhaseTerm> terms;
  std::string formula;

  Wide transfers(Wide m_words, Wide parts) const;
};

/// The bounds of the workload's pass. `pairs`: visible (query row, key) pairs of all heads.
std::vector<PhaseBound> phase_bounds(const Workload& workload, Wide pairs);

/// Those of the backward pass that also hold for dX (sim/trace/parameter_tensors.h): all but
/// LB4-norec, which counts results of dQ that need not be kept here.
std::vector<PhaseBound> parameter_gradient_bounds(const Workload& workload, Wide pairs);

}  // namespace attnsim::bounds
