// For which algorithms a bound holds.
#pragma once

#include <string>

#include "sim/core/run_spec.h"

namespace attnsim::bounds {

/// What a bound asks of an algorithm beyond computing attention. See BoundClass for the words.
struct Needs {
  bool exact = true;
  bool standard_products = true;
  bool scores_formed = false;  // in every pass, none read that an earlier pass saved
  bool once_forward = false;   // no score formed twice in the forward pass
  bool once_backward = false;  // neither S nor dP formed twice in the backward pass
};

/// Of the bounds of its function; false where there are none. REQUIRES: the algorithm runs `pass`.
bool holds_for(const Needs& needs, const AlgorithmInfo& algorithm, Pass pass);

/// "standard products, scores once forward", for tables.
std::string class_text(const Needs& needs);

}  // namespace attnsim::bounds
