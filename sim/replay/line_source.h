// Accesses to lines, in the order in which a memory shared by all cores sees them: those of a run
// or of an address file. Whatever reads them (a cache, all caches at once) may ask again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/core/progress.h"
#include "sim/machine/cache/cache.h"
#include "sim/replay/replay.h"
#include "sim/trace/file/address_reader.h"

namespace attnsim::replay {

class LineSource {
 public:
  using Receiver = std::function<void(const machine::LineAccess&)>;

  virtual ~LineSource() = default;
  /// All accesses from the beginning, in runs as long as the order allows, all with tag 0. Progress
  /// counts tasks or bytes.
  virtual void replay(const Receiver& receive, Progress* progress = nullptr) const = 0;
};

/// The traffic of a run's cores, interleaved as interleave.h says, tensors laid out as in
/// sim/trace/tensor_layout.h.
class RunLines final : public LineSource {
 public:
  /// The plan outlives it. REQUIRES: a trace that is legal.
  RunLines(const PlannedRun& planned, std::uint64_t line_bytes)
      : planned_(planned), line_bytes_(line_bytes) {}
  void replay(const Receiver& receive, Progress* progress) const override;

 private:
  const PlannedRun& planned_;
  std::uint64_t line_bytes_;
};

/// The accesses of an address file. Instruction fetches are reads.
class AddressLines final : public LineSource {
 public:
  /// Throws UserError when the file cannot be read. REQUIRES: a format that is read.
  AddressLines(std::string file, trace_file::AddressFormat format, std::uint64_t line_bytes);
  /// Throws UserError with the line of a fault.
  void replay(const Receiver& receive, Progress* progress) const override;

  /// Accesses in the file; known once it was replayed.
  std::uint64_t events() const { return events_; }

 private:
  std::string file_;
  trace_file::AddressFormat format_;
  std::uint64_t line_bytes_;
  mutable std::uint64_t events_ = 0;
};

}  // namespace attnsim::replay
