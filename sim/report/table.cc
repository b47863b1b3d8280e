#include "sim/report/table.h"

#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "sim/report/format.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

constexpr Align kLeft = Align::left;
constexpr Align kRight = Align::right;

/// What the cases of one algorithm and pass add up to.
struct VerifySummary {
  std::uint64_t cases = 0;
  std::uint64_t failed = 0;
  double worst_error = 0;  // NaN once a case had one
};

void add_case(VerifySummary& summary, const VerifyCase& c) {
  ++summary.cases;
  if (!c.ok) ++summary.failed;
  if (std::isnan(c.max_abs_error) || c.max_abs_error > summary.worst_error) {
    summary.worst_error = c.max_abs_error;
  }
}

std::string verdict(std::uint64_t passed, std::uint64_t failed) {
  return fmt::format("{} passed, {} failed\n", thousands(passed), thousands(failed));
}

std::string failures(const VerifyReport& report) {
  std::string out;
  for (const VerifyCase& c : report.cases) {
    if (c.ok) continue;
    out += fmt::format("FAIL  {} {}  {}\n", c.algorithm, c.pass, c.name);
    out +=
        fmt::format("      max abs error {:.3g}, tolerance {:.3g}", c.max_abs_error, c.tolerance);
    out += c.message.empty() ? "\n" : fmt::format(": {}\n", c.message);
  }
  return out;
}

// Formulas and sources, each id once however many memories it is evaluated for.
std::string bound_sources(const std::vector<BoundRow>& bounds) {
  TextTable table({kLeft, kLeft});
  std::map<std::string, std::pair<std::string, std::string>> seen;
  for (const BoundRow& b : bounds) {
    const auto text = std::pair(b.formula, b.source);
    const auto [it, inserted] = seen.try_emplace(b.id, text);
    if (!inserted && it->second == text) continue;
    table.add_row({b.id, b.formula});
    if (!b.source.empty()) table.add_row({"", b.source});
  }
  return table.text();
}

std::string bound_status(const BoundRow& b) {
  if (!b.applies) return "does not apply";
  return b.rigorous ? "rigorous" : "shape only";
}

}  // namespace

std::string to_table(const VerifyReport& report) {
  // In the order in which algorithms first appear.
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, VerifySummary> summaries;
  for (const VerifyCase& c : report.cases) {
    const auto [it, inserted] = summaries.try_emplace({c.algorithm, c.pass});
    if (inserted) order.push_back(it->first);
    add_case(it->second, c);
  }
  TextTable table({kLeft, kLeft, kRight, kRight, kRight});
  if (!order.empty()) table.add_row({"algorithm", "pass", "cases", "failed", "worst error"});
  for (const auto& key : order) {
    const VerifySummary& s = summaries.at(key);
    table.add_row({key.first, key.second, thousands(s.cases), thousands(s.failed),
                   fmt::format("{:.3g}", s.worst_error)});
  }
  return table.text() + failures(report) + verdict(report.passed(), report.failed());
}

std::string to_table(const std::vector<BoundRow>& bounds) {
  if (bounds.empty()) return "no bound is known for this workload\n";
  TextTable table({kLeft, kLeft, kLeft, kRight, kRight, kRight, kRight, kLeft, kLeft, kLeft});
  table.add_row({"bound", "kind", "memory", "M words", "words", "bytes", "run over it", "status",
                 "class", "regime"});
  for (const BoundRow& b : bounds) {
    table.add_row({b.id, b.kind, b.memory, b.m_words ? thousands(b.m_words->count) : "-",
                   number(b.words), human_bytes(b.bytes), ratio(b.ratio), bound_status(b),
                   b.holds_for, b.regime});
  }
  return table.text() + "\n" + bound_sources(bounds);
}

std::string to_table(const CheckReport& report) {
  TextTable table({kLeft, kLeft, kLeft, kLeft, kRight});
  for (const CheckRow& row : report.rows) {
    table.add_row(
        {row.ok ? "PASS" : "FAIL", row.check, row.metric, row.expectation, number(row.value)});
    if (!row.ok && !row.message.empty()) table.add_line("      " + row.message);
  }
  return table.text() + verdict(report.passed(), report.failed());
}

}  // namespace attnsim::report
