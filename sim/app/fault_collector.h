// All the user's mistakes at once, where several files are read.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace attnsim::app {

/// Keeps the faults of every step that threw a UserError, each once, in the order found.
class FaultCollector {
 public:
  template <typename Step>
  void collect(const Step& step) {
    try {
      step();
    } catch (const UserError& error) {
      add(error);
    }
  }

  void add(const UserError& error) {
    for (const Diagnostic& d : error.diagnostics()) {
      if (seen_.insert(d.text()).second) diagnostics_.push_back(d);
    }
  }

  void throw_if_any() const {
    if (!diagnostics_.empty()) throw UserError(diagnostics_);
  }

 private:
  std::vector<Diagnostic> diagnostics_;
  std::set<std::string> seen_;
};

}  // namespace attnsim::app
