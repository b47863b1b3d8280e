#include "sim/report/io_table.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

constexpr std::size_t kMaxEstimates = 3;

constexpr Align kLeft = Align::left;
constexpr Align kRight = Align::right;
constexpr std::string_view kCompulsory = "LB0";  // every input read once, every output written once

bool same_rows(const IoGroup& a, const IoGroup& b) {
  const auto figures = [](const IoRow* r) {
    return std::tuple(r->tensor, r->read_bytes, r->write_bytes, r->init_bytes, r->read_words,
                      r->write_words, r->init_words);
  };
  const auto same = [&](const IoRow* x, const IoRow* y) { return figures(x) == figures(y); };
  return a.device == b.device && a.total != nullptr && b.total != nullptr &&
         same(a.total, b.total) &&
         std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(), same);
}

// "hbm <-> l2": the two sides of the boundary just inside `memory`.
std::string boundary(const MachineSpec& machine, const std::string& memory) {
  const MemorySpec* outer = machine.memory(memory);
  for (const MemorySpec& inner : machine.memories) {
    if (outer == nullptr || inner.parent != memory) continue;
    const bool cores = inner.per_core && !outer->per_core && machine.cores > 1;
    return fmt::format(" ({} <-> {})", memory, cores ? "cores" : inner.name);
  }
  return "";
}

// What a heading says when the rows are those of the memory before it.
std::string repeat_text(const MachineSpec& machine, const std::string& before) {
  const MemorySpec* memory = machine.memory(before);
  const bool cache = memory != nullptr && memory->kind == MemoryKind::cache;
  return fmt::format(": every row as {}{}", before,
                     cache ? ", which passes everything through" : "");
}

std::string compulsory_ratio(const Result& result, const IoRow& total) {
  for (const BoundRow& b : result.bounds) {
    if (b.id == kCompulsory && b.memory == total.memory && b.applies && b.words > 0) {
      return ratio(static_cast<double>(total.words().count) / b.words);
    }
  }
  return "";
}

std::vector<std::string> io_cells(const Unit& unit, const IoRow& row, std::uint64_t whole) {
  return {"  " + row.tensor, unit.text(row.read_bytes, row.read_words),
          unit.text(row.write_bytes, row.write_words), unit.text(row.bytes(), row.words()),
          share(unit.pick(row.bytes(), row.words()), whole)};
}

void add_group(TextTable& table, const Result& result, const IoGroup& group,
               const IoGroup* before) {
  const Unit unit(result.run.machine);
  const bool repeats = before != nullptr && same_rows(group, *before);
  std::string heading = group.memory;
  if (group.device != 0) heading += fmt::format(" of device {}", group.device);
  heading += boundary(result.run.machine, group.memory);
  if (repeats) heading += repeat_text(result.run.machine, before->memory);
  table.add_line(heading);
  const std::uint64_t whole =
      group.total ? unit.pick(group.total->bytes(), group.total->words()) : 0;
  if (!repeats) {
    for (const IoRow* row : group.tensors) table.add_row(io_cells(unit, *row, whole));
  }
  if (group.total == nullptr) return;
  std::vector<std::string> cells = io_cells(unit, *group.total, whole);
  cells.push_back(compulsory_ratio(result, *group.total));
  table.add_row(std::move(cells));
  if (group.total->init_words.count > 0) {
    table.add_row(
        {"    initialisation", "", unit.text(group.total->init_bytes, group.total->init_words)});
  }
}

}  // namespace

std::vector<IoGroup> io_groups(const Result& result) {
  std::vector<IoGroup> out;
  for (const IoRow& row : result.io) {
    auto group = std::find_if(out.begin(), out.end(), [&](const IoGroup& g) {
      return g.memory == row.memory && g.device == row.device;
    });
    if (group == out.end()) group = out.insert(out.end(), {row.memory, row.device, {}, nullptr});
    if (row.tensor == kTotal) {
      group->total = &row;
    } else {
      group->tensors.push_back(&row);
    }
  }
  return out;
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : percent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string guesses_text(const std::vector<std::string>& estimated_inputs) {
  if (estimated_inputs.empty()) return "";
  const std::size_t shown = std::min(estimated_inputs.size(), kMaxEstimates);
  std::string out = "rests on guessed preset values: " +
                    join({estimated_inputs.begin(),
                          estimated_inputs.begin() + static_cast<std::ptrdiff_t>(shown)});
  if (estimated_inputs.size() > shown) {
    out += fmt::format(" and {} more", estimated_inputs.size() - shown);
  }
  return out;
}

std::string io_table(const Result& result) {
  const Unit unit(result.run.machine);
  const std::vector<IoGroup> groups = io_groups(result);
  const bool compulsory = std::any_of(groups.begin(), groups.end(), [&](const IoGroup& g) {
    return g.total != nullptr && !compulsory_ratio(result, *g.total).empty();
  });
  TextTable table({kLeft, kRight, kRight, kRight, kRight, kRight});
  table.add_row({unit.words() ? "I/O in words" : "I/O", "read", "write", "read+write", "of total",
                 compulsory ? "vs compulsory" : ""});
  for (std::size_t i = 0; i < groups.size(); ++i) {
    add_group(table, result, groups[i], i > 0 ? &groups[i - 1] : nullptr);
  }
  return table.text();
}

}  // namespace attnsim::report
