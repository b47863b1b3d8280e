// The text of a study: base run, axes and zips, with the positions of every value.
#pragma once

#include <optional>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/resolve.h"
#include "sim/config/schema.h"
#include "sim/core/study.h"

namespace attnsim::config {

/// What one step of an axis sets: a tree of maps for each of its paths.
using Assignment = std::vector<Node>;

struct StudyDraft {
  Resolver& resolver;
  std::optional<Node> base{};  // in long form, with default sections
  bool time = false;
  std::vector<StudyAxis> axes{};                       // none empty
  std::vector<std::vector<Assignment>> assignments{};  // by axis, then by step
};

/// Reads the root of a study file. What is wrong is recorded, and the result then incomplete.
void read_study(const Cursor& root, StudyDraft& out);

/// The keys of a study file, for the manual.
std::vector<FieldDoc> study_fields();

}  // namespace attnsim::config
