#include "sim/core/error.h"

namespace attnsim {
namespace {

std::string join(const std::vector<Diagnostic>& diagnostics) {
  std::string all;
  for (const Diagnostic& d : diagnostics) {
    if (!all.empty()) all += '\n';
    all += d.text();
  }
  return all;
}

}  // namespace

std::string Diagnostic::text() const {
  std::string out;
  if (!file.empty()) {
    out += file + ':';
    if (line > 0) out += std::to_string(line) + ':';
    if (column > 0) out += std::to_string(column) + ':';
    out += ' ';
  }
  if (!path.empty()) out += path + ": ";
  return out + message;
}

UserError::UserError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(join(diagnostics)), diagnostics_(std::move(diagnostics)) {}

UserError::UserError(const std::string& message)
    : UserError(std::vector<Diagnostic>{{.file = {}, .path = {}, .message = message}}) {}

void check_failed(const char* expression, const char* file, int line, std::string_view context) {
  throw InternalError(std::string(file) + ":" + std::to_string(line) + ": check '" + expression +
                      "' failed: " + std::string(context));
}

}  // namespace attnsim
