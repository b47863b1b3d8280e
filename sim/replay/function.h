// What programs compute, as verification sees it: a function and its values by definition
// (sim/replay/reference).
#pragma once

#include <memory>
#include <string>

#include "sim/core/workload.h"
#include "sim/replay/judge.h"
#include "sim/replay/numbers.h"
#include "sim/trace/program.h"

namespace attnsim::replay {

/// A function on the inputs of one program. It keeps what it needs of them; workload and program
/// outlive it.
class Function {
 public:
  Function() = default;
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  virtual ~Function() = default;

  /// Puts into memory what the program finds there beside its inputs: the results of an earlier
  /// pass.
  virtual void give_earlier_results(TensorValues&, Arithmetic) const {}

  /// Compares what the program left in memory. Throws TraceError when a tensor is missing.
  virtual void judge(Judge& judge, const TensorValues& values) const = 0;
};

/// The workload changed where it must be for the function called `name` to be defined on it.
Workload in_domain(const std::string& name, Workload workload);

/// The function called `name` (AlgorithmInfo::function) on the inputs in `values`. Throws
/// TraceError when the program does not declare them. REQUIRES: there is such a function.
std::unique_ptr<Function> find_function(const std::string& name, const Workload& workload,
                                        const Program& program, const TensorValues& values);

}  // namespace attnsim::replay
