// The `memories` of a machine: one map per memory, inner to outer.
#pragma once

#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/schema.h"
#include "sim/core/machine_spec.h"

namespace attnsim::config {

/// True for memories whose contents a program places itself: the ones roles may map to.
bool explicitly_managed(MemoryKind kind);

/// Reads the map of memories into `out`, defaults of `per` and `parent` filled in. Words are a unit
/// of capacity only where `uniform_words`. A memory listed after the parent it names moves to just
/// inside it. What is wrong is recorded, and `out` then incomplete.
void read_memories(const Cursor& map, bool uniform_words, std::vector<MemorySpec>& out);

/// The keys of one memory, for the manual.
std::vector<FieldDoc> memory_fields();

}  // namespace attnsim::config
