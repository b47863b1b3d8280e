#include "sim/app/output.h"

#include "sim/core/error.h"
#include "sim/core/spelling.h"

namespace attnsim::app {
namespace {

Format chosen_format(const Arguments& arguments) {
  const std::optional<std::string> given = arguments.value("format");
  if (!given) {
    const std::string file = arguments.value("output").value_or("");
    if (file.ends_with(".json")) return Format::json;
    if (file.ends_with(".csv")) return Format::csv;
    return Format::table;
  }
  if (*given == "table") return Format::table;
  if (*given == "json") return Format::json;
  if (*given == "csv") return Format::csv;
  const std::vector<std::string> formats = {"table", "json", "csv"};
  throw UserError("unknown format '" + *given + "'" + suggestion(*given, formats));
}

}  // namespace

Output::Output(const Arguments& arguments) : format_(chosen_format(arguments)) {
  if (const std::optional<std::string> file = arguments.value("output")) file_.emplace(*file);
}

void Output::write(std::string_view text) const {
  if (file_) {
    file_->write(text);
  } else {
    write_stdout(text);
  }
}

std::vector<Option> with_output(std::vector<Option> options) {
  options.insert(options.end(), Output::kOptions.begin(), Output::kOptions.end());
  return options;
}

}  // namespace attnsim::app
