#include "sim/report/text_table.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim::report {
namespace {

std::string padded(std::string_view cell, std::size_t width, Align align) {
  const std::string room(width - std::min(width, display_width(cell)), ' ');
  return align == Align::left ? std::string(cell) + room : room + std::string(cell);
}

void end_line(std::string& out) {
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out += '\n';
}

}  // namespace

void TextTable::add_row(std::vector<std::string> cells) {
  ATTNSIM_CHECK(cells.size() <= columns_.size(), "a row has more cells than the table columns");
  rows_.push_back({std::move(cells), false});
}

void TextTable::add_line(std::string text) { rows_.push_back({{std::move(text)}, true}); }

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> out(columns_.size(), 0);
  for (const Row& row : rows_) {
    if (row.spans) continue;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      out[i] = std::max(out[i], display_width(row.cells[i]));
    }
  }
  return out;
}

std::string TextTable::text() const {
  const std::vector<std::size_t> width = widths();
  std::string out;
  for (const Row& row : rows_) {
    if (row.spans) {
      out += row.cells.front();
    } else {
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        if (i > 0) out += "  ";
        out += padded(row.cells[i], width[i], columns_[i]);
      }
    }
    end_line(out);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // continuation bytes take no column
  }));
}

std::string labelled(std::string_view label, std::size_t label_width, std::string_view block) {
  std::string out;
  while (!block.empty()) {
    const std::size_t end = std::min(block.find('\n'), block.size());
    out += padded(out.empty() ? label : "", label_width, Align::left);
    out += block.substr(0, end);
    end_line(out);
    block.remove_prefix(std::min(end + 1, block.size()));
  }
  return out;
}

}  // namespace attnsim::report
