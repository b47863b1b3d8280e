// Plain text in aligned columns, for terminals: no colour, no line drawing, no trailing spaces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attnsim::report {

enum class Align { left, right };

/// Rows are kept until text() knows the widths. Columns stand two spaces apart.
class TextTable {
 public:
  explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

  /// Trailing cells may be left out. REQUIRES: no more cells than columns.
  void add_row(std::vector<std::string> cells);
  /// A line across all columns; it does not widen any.
  void add_line(std::string text);

  bool empty() const { return rows_.empty(); }
  /// One line per row, each ended by a newline.
  std::string text() const;

 private:
  struct Row {
    std::vector<std::string> cells;
    bool spans = false;  // a line of add_line: its one cell stands across the columns
  };

  std::vector<std::size_t> widths() const;

  std::vector<Align> columns_;
  std::vector<Row> rows_;
};

/// Columns that a UTF-8 text takes on a terminal: its code points (wide glyphs are not told apart).
std::size_t display_width(std::string_view text);

/// `block` with `label` before its first line and as much room before the others; "" for "".
std::string labelled(std::string_view label, std::size_t label_width, std::string_view block);

}  // namespace attnsim::report
