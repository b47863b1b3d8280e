// Which of a machine's guessed values an answer rests on: a result names those, and no others.
#pragma once

#include "sim/core/result.h"

namespace attnsim::replay {

/// Sets provenance.estimated_inputs: the guesses that touch what the result holds, in the order of
/// the preset. Counts depend on capacities only, energy on the energies per byte, and time on how
/// fast everything is, too. Called again where a reading is added.
void name_guesses(Result& result);

}  // namespace attnsim::replay
