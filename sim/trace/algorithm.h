// What a plug-in implements: an Algorithm that says what it is, and a Schedule that is the
// algorithm applied to one workload on one machine. An algorithm's file includes this header, and
// where it uses one, a shared nest beside it (two_pass_schedule.h, attention_nest.h).
//
// An algorithm is one .cc file: a schedule class whose kernels are member coroutines, an
// AlgorithmInfo, and ATTNSIM_REGISTER_ALGORITHM at the end. It has no header.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/registry.h"
#include "sim/core/run_spec.h"
#include "sim/trace/agent.h"
#include "sim/trace/attention_tensors.h"
#include "sim/trace/backward.h"
#include "sim/trace/closed_form.h"
#include "sim/trace/mask.h"
#include "sim/trace/mask_counts.h"
#include "sim/trace/product_kernel.h"
#include "sim/trace/program.h"
#include "sim/trace/ring.h"
#include "sim/trace/row_key_tiles.h"
#include "sim/trace/target.h"
#include "sim/trace/task.h"
#include "sim/trace/tiles.h"

namespace attnsim {

/// What a schedule is made from. `choice` lives as long as the call that plans; the other
/// references outlive the schedule.
struct PlanRequest {
  const Workload& workload;
  const Target& target;
  const AlgorithmInfo& info;
  const AlgorithmChoice& choice;
};

/// An algorithm's tiles chosen and its program declared. Immovable: kernels point back at it.
class Schedule {
 public:
  Schedule() = default;
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;
  virtual ~Schedule() = default;

  const Program& program() const { return program_; }
  const ChosenTiles& tiles() const { return tiles_; }

  /// All sizes by name: those of tiles() and of the loop nests that chose their own.
  NamedSizes named_tiles() const;

  /// Tiles live at once by the algorithm's own account, in the loop nest that holds most. The
  /// replay's peak never exceeds it, and equals it where some visited tile is not clipped. Empty
  /// when the algorithm makes no such claim.
  virtual std::vector<TileShape> footprint() const { return {}; }

  /// Exact I/O by formula; empty when there is none.
  virtual ClosedForm closed_form() const { return {}; }

  /// How much of the score matrix the tiles of its first loop nest visit; empty when it does not
  /// skip tiles.
  virtual std::optional<Density> density() const { return std::nullopt; }

  /// Of a recorded trace: the id of the algorithm it says it is of; empty otherwise.
  virtual std::string recorded_algorithm() const { return {}; }

 protected:
  /// Chooses the sizes of the program's next loop nest: into tiles() first, then beside it.
  TileSizes choose_nest(const PlanRequest& request, const TileModel& model);

  Program program_;
  ChosenTiles tiles_;
  std::vector<ChosenTiles> further_tiles_;  // of loop nests beside the first
};

/// A registered algorithm: its description and its planner. Planners throw UserError when the
/// workload or the choice cannot be planned.
struct Algorithm {
  AlgorithmInfo info;
  std::unique_ptr<Schedule> (*plan)(const PlanRequest&);
};

using AlgorithmRegistry = Registry<Algorithm (*)()>;

/// The catalogue of all registered algorithms, sorted by id.
Catalogue algorithm_catalogue();

/// REQUIRES: id is in the catalogue.
Algorithm find_algorithm(const std::string& id);

/// The usual planner: make a ScheduleType of the request.
template <typename ScheduleType>
std::unique_ptr<Schedule> plan_schedule(const PlanRequest& request) {
  return std::make_unique<ScheduleType>(request);
}

}  // namespace attnsim

/// Registers a function returning an Algorithm under an id.
#define ATTNSIM_REGISTER_ALGORITHM(id, ...) ATTNSIM_REGISTER_ALGORITHM_AT(__LINE__, id, __VA_ARGS__)
#define ATTNSIM_REGISTER_ALGORITHM_AT(line, id, ...) \
  ATTNSIM_REGISTER_ALGORITHM_ON(line, id, __VA_ARGS__)
#define ATTNSIM_REGISTER_ALGORITHM_ON(line, id, ...)                         \
  [[maybe_unused]] const bool attnsim_registered_##line = [] {               \
    ::attnsim::AlgorithmRegistry::instance().add(id, __VA_ARGS__, __FILE__); \
    return true;                                                             \
  }()
