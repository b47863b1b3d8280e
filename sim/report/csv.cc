#include "sim/report/csv.h"

#include <cmath>
#include <concepts>
#include <optional>

#include <fmt/format.h>

#include "sim/report/format.h"

namespace attnsim::report {
namespace {

// Overloads for every type that a cell of ours has.
std::string cell(std::string_view text) { return csv_field(text); }
template <std::integral Integer>
std::string cell(Integer value) {
  if constexpr (std::same_as<Integer, bool>) return value ? "true" : "false";
  return std::to_string(value);
}
std::string cell(double value) {
  if (!std::isfinite(value)) return "";
  if (is_exact_integer(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{}", value);
}
template <typename Tag>
std::string cell(Amount<Tag> amount) {
  return std::to_string(amount.count);
}
template <typename Value>
std::string cell(const std::optional<Value>& value) {
  return value ? cell(*value) : "";
}

template <typename... Values>
void add_line(std::string& out, const Values&... values) {
  const char* separator = "";
  ((out += separator, out += cell(values), separator = ","), ...);
  out += '\n';
}

template <typename Items, typename Text>
std::string joined(const Items& items, Text text) {
  std::vector<std::string> parts;
  for (const auto& item : items) parts.emplace_back(text(item));
  return join(parts, " ");
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_real(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string to_csv(const Result& result) {
  std::string out =
      "algorithm,hardware,seqlen_q,seqlen_kv,head_dim,batch,heads,memory,device,tensor,read_bytes,"
      "write_bytes,bytes,read_words,write_words,words,init_bytes,init_words,seconds,tflops,"
      "limiter\n";
  const Workload& w = result.run.workload;
  const TimeReport* time = result.time ? &*result.time : nullptr;
  const std::optional<double> seconds = time ? std::optional(time->seconds) : std::nullopt;
  const std::optional<double> tflops = time ? std::optional(time->tflops) : std::nullopt;
  for (const IoRow& row : result.io) {
    add_line(out, result.run.algorithm.name, result.run.machine.id, w.seqlen_q, w.seqlen_kv,
             w.head_dim, w.batch, w.heads, row.memory, row.device, row.tensor, row.read_bytes,
             row.write_bytes, row.bytes(), row.read_words, row.write_words, row.words(),
             row.init_bytes, row.init_words, seconds, tflops, time ? time->limiter : "");
  }
  return out;
}

std::string to_csv(const VerifyReport& report) {
  std::string out = "algorithm,pass,case,max_abs_error,tolerance,ok,message\n";
  for (const VerifyCase& c : report.cases) {
    add_line(out, c.algorithm, c.pass, c.name, c.max_abs_error, c.tolerance, c.ok, c.message);
  }
  return out;
}

std::string to_csv(const std::vector<BoundRow>& bounds) {
  std::string out =
      "id,kind,memory,m_words,rigorous,applies,words,bytes,ratio,class,regime,formula,source\n";
  for (const BoundRow& b : bounds) {
    const std::optional<double> ratio = b.ratio > 0 ? std::optional(b.ratio) : std::nullopt;
    add_line(out, b.id, b.kind, b.memory, b.m_words, b.rigorous, b.applies, b.words, b.bytes, ratio,
             b.holds_for, b.regime, b.formula, b.source);
  }
  return out;
}

std::string to_csv(const CheckReport& report) {
  std::string out = "check,metric,expectation,value,limit,ok,message\n";
  for (const CheckRow& row : report.rows) {
    add_line(out, row.check, row.metric, row.expectation, row.value, row.limit, row.ok,
             row.message);
  }
  return out;
}

std::string to_csv(const Catalogue& catalogue) {
  std::string out = "id,passes,tiles,params,function,summary,source\n";
  for (const AlgorithmInfo& info : catalogue.algorithms) {
    add_line(out, info.id, joined(info.passes, [](Pass pass) { return name(pass); }),
             joined(info.tiles, [](const TileSpec& tile) { return tile.name; }),
             joined(info.params, [](const ParamSpec& param) { return param.name; }), info.function,
             info.summary, info.source);
  }
  return out;
}

std::string to_csv(const std::vector<MachineSpec>& machines) {
  std::string out =
      "hardware,name,cores,memory,kind,per_core,capacity_bytes,capacity_words,bandwidth\n";
  for (const MachineSpec& machine : machines) {
    for (const MemorySpec& memory : machine.memories) {
      std::optional<std::uint64_t> bytes, words;
      if (memory.capacity) (memory.capacity->in_words ? words : bytes) = memory.capacity->amount;
      add_line(out, machine.id, machine.name, machine.cores, memory.name, name(memory.kind),
               memory.per_core, bytes, words, memory.bandwidth);
    }
  }
  return out;
}

std::string names_to_csv(std::string_view kind, const std::vector<std::string>& names) {
  std::string out;
  add_line(out, kind);
  for (const std::string& name : names) add_line(out, name);
  return out;
}

}  // namespace attnsim::report
