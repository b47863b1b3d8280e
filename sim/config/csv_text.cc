#include "sim/config/csv_text.h"

#include <utility>

#include "sim/config/scalar.h"
#include "sim/config/text_check.h"

namespace attnsim::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& file, Faults& faults)
      : text_(text), file_(file), faults_(faults) {}

  std::vector<CsvRow> rows() {
    std::vector<CsvRow> out;
    while (next_ < text_.size()) {
      CsvRow row = take_row();
      const bool blank = row.size() == 1 && row[0].text.empty();
      if (!blank) out.push_back(std::move(row));
    }
    return out;
  }

 private:
  bool at_line_end() const {
    return next_ == text_.size() || text_[next_] == '\n' ||
           text_.substr(next_, 2) == std::string_view("\r\n");
  }
  bool at_field_end() const { return at_line_end() || text_[next_] == ','; }

  Position here() const {
    return {.file = file_, .line = line_, .column = static_cast<int>(next_ - line_start_) + 1};
  }

  /// The next byte, which is taken.
  char take() {
    const char c = text_[next_++];
    if (c == '\n') {
      ++line_;
      line_start_ = next_;
    }
    return c;
  }

  void take_line_end() {
    if (next_ < text_.size() && text_[next_] == '\r') take();
    if (next_ < text_.size()) take();
  }

  CsvRow take_row() {
    CsvRow row;
    for (;;) {
      row.push_back(take_field());
      if (at_line_end()) break;
      take();  // the comma
    }
    take_line_end();
    return row;
  }

  CsvField take_field() {
    CsvField field{.at = here()};
    if (next_ < text_.size() && text_[next_] == '"') {
      take_quoted(field);
      return field;
    }
    bool told = false;
    while (!at_field_end()) {
      if (text_[next_] == '"' && !std::exchange(told, true)) {
        faults_.add(here(), "",
                    "expected a quote only around a whole field, and doubled inside of one");
      }
      field.text += take();
    }
    return field;
  }

  void take_quoted(CsvField& field) {
    take();  // the opening quote
    for (;;) {
      if (next_ == text_.size()) {
        faults_.add(field.at, "", "expected a closing quote, got the end of the file");
        return;
      }
      if (text_[next_] != '"') {
        field.text += take();
        continue;
      }
      take();
      if (next_ == text_.size() || text_[next_] != '"') break;
      field.text += take();  // the second of two quotes
    }
    take_rest();
  }

  /// What follows a closing quote and should not.
  void take_rest() {
    if (at_field_end()) return;
    const Position at = here();
    const std::size_t start = next_;
    while (!at_field_end()) take();
    faults_.add(at, "",
                "expected a comma or the end of the line after a closing quote, got " +
                    quote(text_.substr(start, next_ - start)));
  }

  std::string_view text_;
  const std::string& file_;
  Faults& faults_;
  std::size_t next_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& file, Faults& faults) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (const auto fault = check_text(text)) {
    faults.add({.file = file, .line = fault->line, .column = fault->column}, "", fault->message);
    return {};
  }
  return CsvParser(text, file, faults).rows();
}

}  // namespace attnsim::config
