#include "sim/replay/verify.h"

#include <string>

#include "sim/core/two_level.h"
#include "sim/replay/count_program.h"
#include "sim/replay/function.h"
#include "sim/replay/judge.h"
#include "sim/replay/replay.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {
namespace {

std::string case_name(const RunSpec& run, const Schedule& schedule, Arithmetic arithmetic) {
  const Workload& w = run.workload;
  std::string out = "batch " + std::to_string(w.batch) + ", heads " + std::to_string(w.heads) +
                    "/" + std::to_string(w.kv_heads) + ", seqlen " + std::to_string(w.seqlen_q) +
                    " x " + std::to_string(w.seqlen_kv) + ", head_dim " +
                    std::to_string(w.head_dim);
  if (w.head_dim_v != w.head_dim) out += "/" + std::to_string(w.head_dim_v);
  if (w.causal) out += ", causal";
  if (w.window_left) out += ", left " + std::to_string(*w.window_left);
  if (w.window_right) out += ", right " + std::to_string(*w.window_right);
  if (w.mask) out += ", mask " + w.mask->kind + " of " + std::to_string(w.mask->block);
  if (w.prefix > 0) out += ", prefix " + std::to_string(w.prefix);
  if (w.dropout) out += ", dropout";
  if (w.pass != Pass::forward) out += ", " + std::string(name(w.pass));
  for (const auto& [tile, size] : schedule.named_tiles()) {
    out += ", " + tile + " " + std::to_string(size);
  }
  for (const auto& [param, value] : run.algorithm.params.all()) {
    if (const bool* set = std::get_if<bool>(&value); set != nullptr && *set) out += ", " + param;
  }
  return out + (arithmetic == Arithmetic::exact ? ", exact" : ", " + std::string(name(w.dtype)));
}

/// A body that keeps more than tiles from one iteration to the next is counted wrongly where copies
/// are left out.
std::string fault_of_repetition(const Workload& workload, const Program& program) {
  const MachineSpec machine = two_level_machine();  // any would do
  const Target target(machine, workload);
  Counter all(program, machine, target);
  run_program(program, all);
  Counter without_copies(program, machine, target);
  count_program(program, without_copies);
  if (all.totals() == without_copies.totals()) return {};
  return "counts differ when repeated iterations are left out: a body may keep nothing but tiles "
         "from one iteration to the next";
}

}  // namespace

VerifyCase verify(const RunSpec& run, const Schedule& schedule, Arithmetic arithmetic,
                  const std::string& function) {
  const Workload& w = run.workload;
  VerifyCase result{.algorithm = run.algorithm.name, .pass = std::string(name(w.pass))};
  Judge judge(result, w.dtype, arithmetic);
  const Program& program = schedule.program();
  TensorValues values(program);
  values.fill_inputs(program, run.seed, arithmetic, {w.prefix, w.kv_heads});
  try {
    const auto computed = find_function(function, w, program, values);
    computed->give_earlier_results(values, arithmetic);
    Executor executor(program, values, arithmetic);
    run_program(program, executor);
    computed->judge(judge, values);
    if (result.message.empty()) result.message = fault_of_repetition(run.workload, program);
  } catch (const TraceError& error) {
    result.message = std::string("illegal trace: ") + error.what();
  }
  result.ok = result.message.empty();
  return result;
}

VerifyCase verify(const RunSpec& run, Arithmetic arithmetic) {
  const PlannedRun planned(run);
  VerifyCase result =
      verify(planned.run(), planned.schedule(), arithmetic, known_algorithm(planned).function);
  result.name = case_name(run, planned.schedule(), arithmetic);
  return result;
}

}  // namespace attnsim::replay
