// Where results go and in which form: --format and --output.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/app/options.h"
#include "sim/app/output_file.h"
#include "sim/report/cache_report.h"
#include "sim/report/comparison.h"
#include "sim/report/csv.h"
#include "sim/report/curve.h"
#include "sim/report/explanation.h"
#include "sim/report/json.h"
#include "sim/report/regimes.h"
#include "sim/report/schedule.h"
#include "sim/report/table.h"
#include "sim/report/trace_info.h"
#include "sim/report/validation.h"

namespace attnsim::app {

enum class Format { table, json, csv };

/// A value that sim/report can write in every format.
template <typename T>
std::string render(const T& value, Format format) {
  switch (format) {
    case Format::json:
      return report::to_json(value);
    case Format::csv:
      return report::to_csv(value);
    case Format::table:
      break;
  }
  return report::to_table(value);
}

class Output {
 public:
  static constexpr std::array kOptions = {
      Option{.name = "format",
             .value = "FORMAT",
             .doc = "table, json or csv; default: by the ending of --output, else table"},
      Option{.name = "output",
             .value = "FILE",
             .doc = "write here instead of to stdout; the file appears whole or not at all"},
  };

  /// Throws UserError when the format is unknown or the file cannot be written: made before the
  /// work starts.
  explicit Output(const Arguments& arguments);

  Format format() const { return format_; }
  void write(std::string_view text) const;
  template <typename T>
  void write_value(const T& value) const {
    write(render(value, format_));
  }

 private:
  std::optional<OutputFile> file_{};
  Format format_ = Format::table;
};

/// `options` followed by those of Output.
std::vector<Option> with_output(std::vector<Option> options);

}  // namespace attnsim::app
