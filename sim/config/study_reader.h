// The text of a study: base run, axes and zips, with the positions of every value.
#pragma once

#include <optional>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/resolve.h"
#include "sim/config/schema.h"
#include "sim/core/study.h"

namespace attnsim::config {

/// An axis with everything that a fault about a value has to know.
struct AxisDraft {
  StudyAxis axis{};
  std::vector<Position> at{};               // of the paths
  std::vector<std::vector<Node>> values{};  // by step, then by path
};

struct StudyDraft {
  Resolver& resolver;
  std::optional<Node> base{};  // in long form, with default sections
  bool time = false;
  std::vector<AxisDraft> axes{};  // none without a value
};

/// Reads the root of a study file. What is wrong is recorded, and the result then incomplete.
void read_study(const Cursor& root, StudyDraft& out);

/// The keys of a study file, for the manual.
std::vector<FieldDoc> study_fields();

}  // namespace attnsim::config
