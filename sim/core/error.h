// The two classes of failure. A UserError is the user's mistake (a file, an argument): it carries
// every fault found, is thrown once and caught in main (exit 2). A failed ATTNSIM_CHECK is a bug of
// ours: it throws InternalError with the expression and context (exit 3).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace attnsim {

/// One fault, printed as `file:line:col: path: message` (parts that are empty or 0 are left out).
/// Messages start in lower case, carry no final period, and quote values in single quotes.
struct Diagnostic {
  std::string file;
  int line = 0;
  int column = 0;
  std::string path;
  std::string message;

  std::string text() const;
};

/// The user's mistake. what() is all diagnostics, one a line.
class UserError : public std::runtime_error {
 public:
  explicit UserError(std::vector<Diagnostic> diagnostics);
  /// A fault without a position.
  explicit UserError(const std::string& message);

  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// A bug in attnsim.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void check_failed(const char* expression, const char* file, int line,
                               std::string_view context);

}  // namespace attnsim

/// Holds in release builds too. Never use it on user input.
#define ATTNSIM_CHECK(expression, context)                                                \
  do {                                                                                    \
    if (!(expression)) ::attnsim::check_failed(#expression, __FILE__, __LINE__, context); \
  } while (false)
