// A workload as the references are told of it: nothing of theirs is shared with what made a trace.
#pragma once

#include "sim/core/workload.h"
#include "sim/replay/reference/attention.h"
#include "sim/replay/reference/block_mask.h"

namespace attnsim::replay {

/// Shapes, mask, scale and dropout of the workload. Keeps no reference to it.
reference::AttentionProblem attention_problem(const Workload& workload);

/// The workload's block mask. REQUIRES: it has one.
reference::BlockMaskProblem block_mask_problem(const Workload& workload);

}  // namespace attnsim::replay
