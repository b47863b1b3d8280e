#include "sim/study/metric.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/spelling.h"

namespace attnsim::study {
namespace {

using Count = std::uint64_t;
using Names = std::vector<std::string>;

template <typename Row, typename Value = Count>
struct Field {
  std::string_view name;
  Value (*get)(const Row&);
};

constexpr Field<IoRow> kIoFields[] = {
    {"read_bytes", [](const IoRow& r) { return r.read_bytes.count; }},
    {"write_bytes", [](const IoRow& r) { return r.write_bytes.count; }},
    {"bytes", [](const IoRow& r) { return r.bytes().count; }},
    {"read_words", [](const IoRow& r) { return r.read_words.count; }},
    {"write_words", [](const IoRow& r) { return r.write_words.count; }},
    {"words", [](const IoRow& r) { return r.words().count; }},
    {"init_bytes", [](const IoRow& r) { return r.init_bytes.count; }},
    {"init_words", [](const IoRow& r) { return r.init_words.count; }},
};

template <typename Tag>
std::optional<Count> optional_count(const std::optional<Amount<Tag>>& amount) {
  return amount ? std::optional(amount->count) : std::nullopt;
}

constexpr Field<FootprintRow, std::optional<Count>> kFootprintFields[] = {
    {"peak_bytes", [](const FootprintRow& r) { return std::optional(r.peak_bytes.count); }},
    {"peak_words", [](const FootprintRow& r) { return std::optional(r.peak_words.count); }},
    {"static_bytes", [](const FootprintRow& r) { return std::optional(r.static_bytes.count); }},
    {"capacity_bytes", [](const FootprintRow& r) { return optional_count(r.capacity_bytes); }},
    {"capacity_words", [](const FootprintRow& r) { return optional_count(r.capacity_words); }},
    {"fits", [](const FootprintRow& r) { return std::optional<Count>(r.fits ? 1 : 0); }},
};

constexpr Field<CacheRow> kCacheFields[] = {
    {"accesses", [](const CacheRow& r) { return r.accesses; }},
    {"hits", [](const CacheRow& r) { return r.hits; }},
    {"misses", [](const CacheRow& r) { return r.misses; }},
    {"read_misses", [](const CacheRow& r) { return r.read_misses; }},
    {"write_misses", [](const CacheRow& r) { return r.write_misses; }},
    {"cold", [](const CacheRow& r) { return r.cold; }},
    {"capacity", [](const CacheRow& r) { return r.capacity; }},
    {"conflict", [](const CacheRow& r) { return r.conflict; }},
    {"fills", [](const CacheRow& r) { return r.fills; }},
    {"evictions", [](const CacheRow& r) { return r.evictions; }},
    {"write_backs", [](const CacheRow& r) { return r.write_backs; }},
    {"final_dirty", [](const CacheRow& r) { return r.final_dirty; }},
};

constexpr Field<BoundRow, double> kBoundFields[] = {
    {"words", [](const BoundRow& r) { return r.words; }},
    {"bytes", [](const BoundRow& r) { return r.bytes; }},
    {"ratio", [](const BoundRow& r) { return r.ratio; }},
};

constexpr Field<WorkSummary> kWorkFields[] = {
    {"matrix_flops", [](const WorkSummary& w) { return w.matrix_flops; }},
    {"exp_ops", [](const WorkSummary& w) { return w.exp_ops; }},
    {"vector_ops", [](const WorkSummary& w) { return w.vector_ops; }},
    {"operations", [](const WorkSummary& w) { return w.operations; }},
    {"tasks", [](const WorkSummary& w) { return w.tasks; }},
};

constexpr Field<TimeReport, double> kTimeFields[] = {
    {"seconds", [](const TimeReport& t) { return t.seconds; }},
    {"tflops", [](const TimeReport& t) { return t.tflops; }},
    {"flops", [](const TimeReport& t) { return t.flops; }},
};

constexpr Field<LaneRow, double> kLaneFields[] = {
    {"busy_seconds", [](const LaneRow& r) { return r.busy_seconds; }},
    {"utilisation", [](const LaneRow& r) { return r.utilisation; }},
};

[[noreturn]] void unknown(const std::string& what, std::string_view name, const Names& candidates) {
  throw UserError("unknown " + what + " '" + std::string(name) + "'" +
                  suggestion(name, candidates));
}

template <typename Row, typename Value, std::size_t kCount>
Value field_value(const Row& row, std::string_view name,
                  const Field<Row, Value> (&fields)[kCount]) {
  Names names;
  for (const auto& field : fields) {
    if (field.name == name) return field.get(row);
    names.emplace_back(field.name);
  }
  unknown("field", name, names);
}

void require_known(const std::string& what, const std::string& name, const Names& known) {
  if (std::find(known.begin(), known.end(), name) == known.end()) unknown(what, name, known);
}

void add_name(Names& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// A row of all devices. A tensor without a row here may have crossed another boundary only.
IoRow io_sum(const Result& result, const IoPath& path) {
  IoRow sum;
  Names memories, tensors;
  for (const IoRow& row : result.io) {
    add_name(memories, row.memory);
    add_name(tensors, row.tensor);
    if (row.memory == path.memory && row.tensor == path.tensor) sum += row;
  }
  if (std::find(memories.begin(), memories.end(), path.memory) == memories.end()) {
    if (result.run.machine.memory(path.memory) != nullptr) {
      throw UserError("nothing crosses a boundary at '" + path.memory + "'" +
                      suggestion("", memories));
    }
    unknown("memory", path.memory, memories);
  }
  require_known("tensor", path.tensor, tensors);
  return sum;
}

MetricValue footprint_value(const Result& result, const std::string& space,
                            const std::string& field) {
  const FootprintRow* row = result.footprint_row(space);
  if (row == nullptr) {
    Names spaces;
    for (const FootprintRow& r : result.footprint) add_name(spaces, r.space);
    unknown("space", space, spaces);
  }
  const auto count = field_value(*row, field, kFootprintFields);
  if (!count) throw UserError("the capacity of '" + space + "' is unlimited or unknown");
  return MetricValue::of_count(*count);
}

/// A tensor without a row here may have passed other caches only, or none.
MetricValue cache_value(const Result& result, const std::string& cache, const std::string& tensor,
                        const std::string& field) {
  if (result.caches.empty()) {
    throw UserError("no cache is simulated: none of '" + result.run.machine.id +
                    "' names a policy");
  }
  Names caches, tensors;
  CacheRow row;
  for (const CacheRow& r : result.caches) {
    add_name(caches, r.name);
    add_name(tensors, r.tensor);
    if (r.name == cache && r.tensor == tensor) row = r;
  }
  for (const IoRow& r : result.io) add_name(tensors, r.tensor);
  require_known("simulated cache", cache, caches);
  require_known("tensor", tensor, tensors);
  return MetricValue::of_count(field_value(row, field, kCacheFields));
}

MetricValue bound_value(const Result& result, const std::string& id, const std::string& field) {
  const double value = field_value(bound_row(result, id), field, kBoundFields);
  return field == "ratio" ? MetricValue{.value = value} : MetricValue::of_value(value);
}

const TimeReport& time_of(const Result& result) {
  if (result.time) return *result.time;
  throw UserError("the run has no time: " +
                  (result.no_time.empty() ? "it was not asked for" : result.no_time));
}

double lane_value(const Result& result, const std::string& lane, const std::string& field) {
  Names lanes;
  for (const LaneRow& row : time_of(result).lanes) {
    if (row.lane == lane) return field_value(row, field, kLaneFields);
    add_name(lanes, row.lane);
  }
  unknown("lane", lane, lanes);
}

double energy_value(const Result& result, const std::string& memory) {
  Names memories;
  for (const EnergyRow& row : result.energy) {
    if (row.memory == memory) return row.joules;
    add_name(memories, row.memory);
  }
  if (memories.empty()) {
    throw UserError("'" + result.run.machine.id + "' states the energy of no memory");
  }
  unknown("memory with an energy", memory, memories);
}

/// The forms a path may have, by its first part.
struct Form {
  std::string_view group;
  std::size_t least, most;  // parts
  const char* text;
};

constexpr Form kForms[] = {
    {"io", 4, 4, "io.<memory>.<tensor>.<field>"},
    {"footprint", 3, 3, "footprint.<space>.<field>"},
    {"bounds", 3, 3, "bounds.<id>.<field>"},
    {"caches", 3, 4, "caches.<name>.<field> or caches.<name>.<tensor>.<field>"},
    {"work", 2, 2, "work.<field>"},
    {"time", 2, 3, "time.<field> or time.<lane>.<field>"},
    {"energy", 2, 2, "energy.<memory>"},
};

Names split(std::string_view path) {
  Names parts;
  for (std::size_t begin = 0;;) {
    const std::size_t dot = path.find('.', begin);
    parts.emplace_back(path.substr(begin, dot - begin));
    if (dot == std::string_view::npos) return parts;
    begin = dot + 1;
  }
}

Names checked_parts(std::string_view path) {
  Names parts = split(path);
  Names groups;
  for (const Form& form : kForms) {
    groups.emplace_back(form.group);
    if (form.group != parts[0]) continue;
    if (parts.size() >= form.least && parts.size() <= form.most) return parts;
    throw UserError("expected " + std::string(form.text));
  }
  unknown("group of metrics", parts[0], groups);
}

MetricValue value_at(const Result& result, std::string_view path) {
  const Names parts = checked_parts(path);
  if (parts[0] == "io") return io_value(result, {parts[1], parts[2], parts[3]});
  if (parts[0] == "footprint") return footprint_value(result, parts[1], parts[2]);
  if (parts[0] == "caches") {
    return cache_value(result, parts[1], parts.size() == 4 ? parts[2] : "total", parts.back());
  }
  if (parts[0] == "bounds") return bound_value(result, parts[1], parts[2]);
  if (parts[0] == "energy") return {.value = energy_value(result, parts[1])};
  if (parts[0] == "time" && parts.size() == 3) {
    return {.value = lane_value(result, parts[1], parts[2])};
  }
  if (parts[0] == "time") return {.value = field_value(time_of(result), parts[1], kTimeFields)};
  return MetricValue::of_count(field_value(result.work, parts[1], kWorkFields));
}

}  // namespace

MetricValue MetricValue::of_value(double value) {
  constexpr double kTwoTo64 = 18446744073709551616.0;
  MetricValue out{.value = value};
  if (value >= 0 && value < kTwoTo64 && std::trunc(value) == value) {
    out.count = static_cast<Count>(value);
  }
  return out;
}

bool MetricValue::operator==(const MetricValue& other) const {
  return count && other.count ? *count == *other.count : value == other.value;
}

bool MetricValue::operator<(const MetricValue& other) const {
  return count && other.count ? *count < *other.count : value < other.value;
}

bool is_about_time(std::string_view path) { return split(path)[0] == "time"; }

std::optional<IoPath> io_path(std::string_view path) {
  const Names parts = split(path);
  if (parts.size() != 4 || parts[0] != "io") return std::nullopt;
  return IoPath{parts[1], parts[2], parts[3]};
}

MetricValue evaluate(const Result& result, std::string_view path) {
  try {
    return value_at(result, path);
  } catch (const UserError& error) {
    throw UserError(std::vector<Diagnostic>{
        {.file = {}, .path = std::string(path), .message = error.diagnostics().front().message}});
  }
}

MetricValue io_value(const Result& result, const IoPath& path) {
  return MetricValue::of_count(field_value(io_sum(result, path), path.field, kIoFields));
}

const BoundRow& bound_row(const Result& result, std::string_view id) {
  Names ids;
  for (const BoundRow& row : result.bounds) {
    if (row.id == id) return row;
    add_name(ids, row.id);
  }
  unknown("bound", id, ids);
}

}  // namespace attnsim::study
