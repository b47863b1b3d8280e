// Counting a program, with everything that repeats counted once.
#pragma once

#include "sim/core/progress.h"
#include "sim/replay/counts.h"

namespace attnsim::replay {

/// Runs all tasks of a program into a counter, like run_program, but leaves out and counts tasks
/// and iterations that are checked copies of others; the counts are the same. For iterations see
/// loop_repetition.h.
///
/// Along a dimension of a grid, tasks with one coordinate form a slice. When three slices in a row
/// have equal counts, and no body has asked for the coordinate's number (sim/trace/index.h), the
/// slices up to the last are copies; the last one, which may be clipped, is always run. Between
/// tasks nothing is kept that a count depends on.
///
/// A TraceError leaves with the task's name in front. Progress counts tasks.
void count_program(const Program& program, Counter& counter, Progress* progress = nullptr);

}  // namespace attnsim::replay
