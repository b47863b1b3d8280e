// Collects the faults of a load, so that all of them are reported at once.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "sim/config/node.h"
#include "sim/core/error.h"

namespace attnsim::config {

class Faults {
 public:
  /// Tells that a file was opened. The report lists files in the order of their first mention;
  /// faults of the command line come last.
  void enter(const std::string& file);

  /// Throws the report when there are a thousand: a file that is wrong throughout is no longer
  /// read.
  void add(const Position& at, const std::string& path, const std::string& message);

  /// How many were added so far; compare two counts to learn whether a step went well.
  std::size_t count() const { return faults_.size(); }

  /// The report: sorted by position, each fault of a place once (a file that is reached on several
  /// ways repeats its faults under several paths), cut after the first hundred.
  std::vector<Diagnostic> sorted() const;

  /// Throws UserError with the report when there are faults.
  void throw_if_any() const;

 private:
  std::size_t rank(const Diagnostic& fault) const;

  std::vector<Diagnostic> faults_;
  std::map<std::string, std::size_t> files_;  // name -> order of first mention
};

}  // namespace attnsim::config
