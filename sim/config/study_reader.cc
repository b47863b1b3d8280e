#include "sim/config/study_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "sim/config/overrides.h"
#include "sim/config/run_reader.h"
#include "sim/config/scalar.h"
#include "sim/config/study.h"
#include "sim/config/value_range.h"

namespace attnsim::config {
namespace {

/// A value as a user writes it: {Br: 64, Bc: 128} for a map.
std::string text_of(const Node& node) {
  std::string out;
  switch (node.kind) {
    case NodeKind::null:
      return out;
    case NodeKind::scalar:
      return node.text;
    case NodeKind::sequence:
      for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + text_of(item);
      return "[" + out + "]";
    case NodeKind::map:
      break;
  }
  for (const Entry& e : node.entries) {
    out += (out.empty() ? "" : ", ") + e.key + ": " + text_of(e.value);
  }
  return "{" + out + "}";
}

/// Paths that vary already, and the line on which each was written.
class Paths {
 public:
  /// False, with a fault, when the path is none of a run or another axis sets the same.
  bool add(const Entry& entry, const std::string& section, Faults& faults) {
    const std::string fault = fault_of(entry.key);
    if (!fault.empty()) {
      faults.add(entry.at, section, fault);
      return false;
    }
    lines_.emplace(entry.key, entry.at.line);
    return true;
  }

 private:
  std::string fault_of(const std::string& path) const {
    if (!tree_at(path, {}, {})) {
      return "expected a path such as workload.seqlen, got " + quote(path);
    }
    static const std::array<std::string, 4> kSections = {"workload", "hardware", "algorithm",
                                                         "seed"};
    const std::string section = path.substr(0, path.find('.'));
    if (std::find(kSections.begin(), kSections.end(), section) == kSections.end()) {
      return "unknown section " + quote(section) + key_hint(section, kSections);
    }
    for (const auto& [other, line] : lines_) {
      const bool same = other == path;
      // A section by name and values within it go together, as with --set.
      const bool within = (contains(other, path) || contains(path, other)) &&
                          other.find('.') != std::string::npos &&
                          path.find('.') != std::string::npos;
      if (same || within) {
        return quote(path) + (same ? " is an axis already" : " overlaps the axis " + quote(other)) +
               " (line " + std::to_string(line) + ")";
      }
    }
    return "";
  }

  static bool contains(const std::string& outer, const std::string& path) {
    return path.size() > outer.size() && path.starts_with(outer) && path[outer.size()] == '.';
  }

  std::map<std::string, int> lines_;
};

/// The values of one path.
struct Values {
  std::vector<std::string> texts{};
  std::vector<Node> nodes{};

  void add(Node value) {
    texts.push_back(text_of(value));
    nodes.push_back(std::move(value));
  }
};

struct Reader {
  StudyDraft& out;
  Paths paths{};
  std::size_t values = 0;  // so far
};

void check_distinct(const Cursor& list, const std::vector<std::string>& texts) {
  std::vector<std::string> sorted = texts;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) list.fault("the value " + quote(*twice) + " is there twice");
}

void add_range(const Cursor& item, Values& out) {
  for (std::string& text : expand_range(item)) {
    out.add(make_scalar(std::move(text), item.node().at));
  }
}

/// The values of a list; empty with a fault when it has none.
Values read_values(const Cursor& list, bool distinct, Reader& reader) {
  Values out;
  const std::size_t before = list.faults().count();
  if (list.node().kind != NodeKind::sequence) {
    list.expected("a list such as [512, 1024] or [512 .. 4096 log2]");
    return out;
  }
  if (list.node().items.empty()) list.fault("expected at least one value");
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    const Cursor item = list.item(i);
    if (reader.values + out.texts.size() > kMostValues) {
      list.fault("a study has at most " + std::to_string(kMostValues) + " values on all axes");
      break;
    }
    if (is_range(item.node())) {
      add_range(item, out);
    } else {
      out.add(item.node());
    }
  }
  reader.values += out.texts.size();
  if (distinct) check_distinct(list, out.texts);
  return list.faults().count() == before ? out : Values{};
}

/// Paths that advance together as one axis. REQUIRES: equally many values.
AxisDraft axis_of(const std::vector<const Entry*>& entries, std::vector<Values> columns) {
  AxisDraft out;
  for (const Entry* entry : entries) {
    out.axis.paths.push_back(entry->key);
    out.at.push_back(entry->at);
  }
  for (std::size_t step = 0; step < columns[0].texts.size(); ++step) {
    out.axis.values.emplace_back();
    out.values.emplace_back();
    for (Values& column : columns) {
      out.axis.values.back().push_back(std::move(column.texts[step]));
      out.values.back().push_back(std::move(column.nodes[step]));
    }
  }
  return out;
}

void read_zip(const Cursor& group, Reader& reader) {
  if (!group.require_map()) return;
  if (group.node().entries.empty()) group.fault("expected at least one path");
  const std::size_t before = group.faults().count();
  std::vector<const Entry*> entries;
  std::vector<Values> columns;
  for (const Entry& entry : group.node().entries) {
    reader.paths.add(entry, group.path(), group.faults());
    Values values = read_values(group.child(entry), false, reader);
    if (values.texts.empty()) continue;
    if (!columns.empty() && values.texts.size() != columns[0].texts.size()) {
      group.child(entry).fault(
          "zipped values are equally many: got " + std::to_string(values.texts.size()) + ", and " +
          std::to_string(columns[0].texts.size()) + " of " + quote(entries[0]->key));
    }
    entries.push_back(&entry);
    columns.push_back(std::move(values));
  }
  if (columns.empty() || group.faults().count() > before) return;
  reader.out.axes.push_back(axis_of(entries, std::move(columns)));
}

void read_axis(const Entry& entry, const Cursor& axes, Reader& reader) {
  const bool fresh = reader.paths.add(entry, axes.path(), axes.faults());
  Values values = read_values(axes.child(entry), true, reader);
  if (!fresh || values.texts.empty()) return;
  std::vector<Values> columns;
  columns.push_back(std::move(values));
  reader.out.axes.push_back(axis_of({&entry}, std::move(columns)));
}

void read_axes(const Cursor& value, Reader& reader) {
  if (!value.require_map()) return;
  for (const Entry& entry : value.node().entries) read_axis(entry, value, reader);
}

void read_zips(const Cursor& value, Reader& reader) {
  if (!value.require_sequence()) return;
  for (std::size_t i = 0; i < value.node().items.size(); ++i) read_zip(value.item(i), reader);
}

void read_base(const Cursor& value, Reader& reader) {
  reader.out.base = run_section(value, reader.out.resolver);
}

std::span<const Field<Reader>> study_table() {
  static const Field<Reader> kFields[] = {
      {{.key = "description", .type = "text", .doc = "free text, ignored"},
       [](const Cursor&, Reader&) {}},
      {{.key = "base",
        .type = "run, usually {extends: FILE}",
        .required = true,
        .doc = "the run that values are set in; a file name alone will do"},
       read_base},
      {{.key = "time",
        .type = "true or false",
        .fallback = "false",
        .doc = "estimate runtimes, beside counts"},
       [](const Cursor& v, Reader& r) { r.out.time = v.boolean().value_or(false); }},
      {{.key = "axes",
        .type = "map of paths, as --set takes them, to lists of values",
        .doc = "a grid: every value of a list with every value of the others; an item may be a "
               "range: 1 .. 9 step 2, 1 .. 9 linear 5, 1 .. 64 log2, 1 .. 64 log2 5"},
       read_axes},
      {{.key = "zip",
        .type = "list of maps of paths to lists of values",
        .doc = "the lists of a map are equally long and advance together: one more axis"},
       read_zips},
  };
  return kFields;
}

/// The product of the axes, as long as it is sane.
void check_points(const Cursor& root, const StudyDraft& draft) {
  double points = 1;
  for (const AxisDraft& axis : draft.axes) points *= static_cast<double>(axis.values.size());
  if (points <= static_cast<double>(kMostPoints)) return;
  const bool exact = points < 1e15;
  root.child("axes").fault(
      "expected at most " + std::to_string(kMostPoints) + " points, got " +
      (exact ? std::to_string(static_cast<std::int64_t>(points)) : "more than 10^15"));
}

}  // namespace

void read_study(const Cursor& root, StudyDraft& out) {
  Reader reader{.out = out};
  read_map(root, study_table(), reader);
  if (!root.node().is_map()) return;
  const bool has_axes = root.node().find("axes") != nullptr || root.node().find("zip") != nullptr;
  if (!has_axes) root.fault("missing key 'axes' (map of paths to lists of values)");
  check_points(root, out);
}

std::vector<FieldDoc> study_fields() { return docs_of(study_table()); }

}  // namespace attnsim::config
