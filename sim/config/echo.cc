// echo(): a resolved run as canonical YAML.
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/config/config.h"

namespace attnsim::config {
namespace {

std::string text_of(std::int64_t value) { return std::to_string(value); }
std::string text_of(std::uint64_t value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "true" : "false"; }

/// The shortest text that reads back as the same double.
std::string text_of(double value) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, result.ptr};
}

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Writes `key: value` lines, two blanks deeper inside each map.
class Writer {
 public:
  void open(std::string_view key) {
    line(std::string(key) + ":");
    ++depth_;
  }
  void close() { --depth_; }
  void put(std::string_view key, const std::string& value) {
    line(std::string(key) + ": " + value);
  }
  /// A value with its unit; nothing when it is absent.
  template <typename T>
  void put(std::string_view key, const std::optional<T>& value, std::string_view unit = "") {
    if (!value) return;
    put(key, text_of(*value) + (unit.empty() ? "" : " ") + std::string(unit));
  }
  /// Quoted text; nothing when it is empty.
  void put_text(std::string_view key, const std::string& value) {
    if (!value.empty()) put(key, double_quoted(value));
  }

  std::string take() { return std::move(out_); }

 private:
  void line(const std::string& text) {
    out_.append(2 * static_cast<std::size_t>(depth_), ' ');
    out_ += text + "\n";
  }

  std::string out_;
  int depth_ = 0;
};

std::string param_text(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return double_quoted(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return text_of(*integer);
  if (const auto* real = std::get_if<double>(&value)) return text_of(*real);
  return text_of(std::get<bool>(value));
}

std::string list_text(const std::vector<std::int64_t>& numbers) {
  std::string out;
  for (const std::int64_t n : numbers) out += (out.empty() ? "" : ", ") + text_of(n);
  return "[" + out + "]";
}

void write_mask(Writer& out, const MaskSpec& mask) {
  out.open("mask");
  out.put("kind", mask.kind);
  out.put("block", text_of(mask.block));
  out.put("seed", text_of(mask.seed));
  for (const auto& [param, value] : mask.params.all()) out.put(param, param_text(value));
  if (!mask.recorded.empty()) {
    std::string planes;
    for (const BlockLists& plane : mask.recorded) {
      planes += std::string(planes.empty() ? "" : ", ") + "{row_ptr: " + list_text(plane.row_ptr) +
                ", col_idx: " + list_text(plane.col_idx) + "}";
    }
    out.put("planes", "[" + planes + "]");
  }
  out.close();
}

void write_workload(Writer& out, const Workload& w) {
  out.open("workload");
  out.put("batch", text_of(w.batch));
  out.put("heads", text_of(w.heads));
  out.put("kv_heads", text_of(w.kv_heads));
  out.put("seqlen_q", text_of(w.seqlen_q));
  out.put("seqlen_kv", text_of(w.seqlen_kv));
  if (w.prefix > 0) out.put("prefix", text_of(w.prefix));
  out.put("head_dim", text_of(w.head_dim));
  out.put("head_dim_v", text_of(w.head_dim_v));
  out.put("dtype", std::string(name(w.dtype)));
  out.put("causal", text_of(w.causal));
  if (w.window_left || w.window_right) {
    out.open("window");
    out.put("left", w.window_left);
    out.put("right", w.window_right);
    out.close();
  }
  if (w.mask) write_mask(out, *w.mask);
  if (w.dropout) {
    out.open("dropout");
    out.put("probability", text_of(w.dropout.probability));
    out.put("seed", text_of(w.dropout.seed));
    out.close();
  }
  out.put("pass", std::string(name(w.pass)));
  out.close();
}

/// What differs from the defaults.
void write_cache(Writer& out, const CacheRules& rules) {
  const CacheRules usual;
  if (!rules.policy.empty()) out.put("policy", rules.policy);
  if (rules.index != usual.index) out.put("index", std::string(name(rules.index)));
  if (rules.slices != usual.slices) out.put("slices", text_of(rules.slices));
  if (rules.write_through) out.put("write", "through");
  if (!rules.write_allocate) out.put("allocate", "false");
  if (rules.fetch_covered) out.put("fetch_covered", "true");
  if (rules.classify) out.put("classify", "true");
  if (rules.inclusion != usual.inclusion) out.put("inclusion", std::string(name(rules.inclusion)));
}

void write_memory(Writer& out, const MemorySpec& m) {
  out.open(m.name);
  out.put("kind", std::string(name(m.kind)));
  out.put("per", m.per_core ? "core" : "device");
  if (!m.parent.empty()) out.put("parent", m.parent);
  if (m.capacity) {
    out.put("capacity", text_of(m.capacity->amount) + (m.capacity->in_words ? " words" : " B"));
  }
  out.put("bandwidth", m.bandwidth, "B/s");
  out.put("read_bandwidth", m.read_bandwidth, "B/s");
  out.put("write_bandwidth", m.write_bandwidth, "B/s");
  out.put("latency", m.latency, "s");
  out.put("line", m.line, "B");
  out.put("sector", m.sector, "B");
  out.put("ways", m.ways);
  if (m.kind == MemoryKind::cache) write_cache(out, m.cache);
  out.put("energy", m.energy, "J/B");
  out.close();
}

void write_units(Writer& out, const UnitSpec& units) {
  const bool rates = !units.matrix.empty() || units.vector || units.exp || units.copy;
  if (!rates && !units.clock && !units.matrix_clock) return;
  out.open("units");
  if (!units.matrix.empty()) {
    out.open("matrix");
    for (const auto& [dtype, rate] : units.matrix) out.put(name(dtype), text_of(rate) + " FLOP/s");
    out.close();
  }
  out.put("vector", units.vector, "FLOP/s");
  out.put("exp", units.exp, "op/s");
  out.put("copy", units.copy, "B/s");
  out.put("clock", units.clock, "Hz");
  out.put("matrix_clock", units.matrix_clock, "Hz");
  out.close();
}

void write_core(Writer& out, const CoreSpec& core) {
  out.open("core");
  out.put("partitions", text_of(core.partitions));
  out.put("threads", core.threads);
  out.put("registers", core.registers);
  out.put("tasks", core.tasks);
  out.put("lanes", core.lanes);
  out.close();
}

void write_load(Writer& out, const LoadSpec& load) {
  const auto percent = [](const std::optional<double>& share) {
    return share ? std::optional(*share * 100) : std::nullopt;
  };
  if (!load.clock && !load.contention && !load.synchronous_matrix && !load.port && !load.memory &&
      !load.stage_latency && !load.task_start) {
    return;
  }
  out.open("load");
  out.put("clock", load.clock, "Hz");
  out.put("contention", percent(load.contention), "%");
  out.put("synchronous_matrix", percent(load.synchronous_matrix), "%");
  out.put("port", percent(load.port), "%");
  out.put("memory", percent(load.memory), "%");
  out.put("stage_latency", load.stage_latency, "clk");
  out.put("task_start", load.task_start, "clk");
  out.close();
}

void write_machine(Writer& out, const MachineSpec& machine) {
  out.open("hardware");
  out.put_text("id", machine.id);
  out.put_text("name", machine.name);
  out.put_text("arch", machine.arch);
  out.put("uniform_words", text_of(machine.uniform_words));
  out.put("cores", text_of(machine.cores));
  out.put("clock", machine.clock, "Hz");
  out.open("memories");
  for (const MemorySpec& m : machine.memories) write_memory(out, m);
  out.close();
  out.open("roles");
  for (int i = 0; i < kRoleCount; ++i) {
    out.put(name(static_cast<Role>(i)), machine.roles[static_cast<std::size_t>(i)]);
  }
  out.close();
  write_units(out, machine.units);
  write_core(out, machine.core);
  write_load(out, machine.load);
  out.put("launch", machine.launch, "s");
  out.put("launch_next", machine.launch_next, "s");
  if (!machine.estimated.empty()) {
    std::string list;
    for (const std::string& path : machine.estimated) {
      list += (list.empty() ? "" : ", ") + double_quoted(path);
    }
    out.put("estimated", "[" + list + "]");
  }
  out.close();
}

void write_algorithm(Writer& out, const AlgorithmChoice& algorithm) {
  out.open("algorithm");
  out.put("name", algorithm.name);
  if (algorithm.tiles.rule == TileRule::explicit_sizes) {
    out.open("tiles");
    for (const auto& [tile, size] : algorithm.tiles.sizes) out.put(tile, text_of(size));
    out.close();
  } else {
    out.put("tiles", std::string(name(algorithm.tiles.rule)));
  }
  for (const auto& [param, value] : algorithm.params.all()) out.put(param, param_text(value));
  out.close();
}

}  // namespace

std::string echo(const RunSpec& run) {
  Writer out;
  write_workload(out, run.workload);
  write_machine(out, run.machine);
  write_algorithm(out, run.algorithm);
  out.put("seed", text_of(run.seed));
  return out.take();
}

}  // namespace attnsim::config
