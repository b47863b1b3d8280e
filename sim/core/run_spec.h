// One run, resolved: workload x machine x algorithm. The catalogue says which algorithms exist and
// what they take, so that sim/config can check names without knowing any algorithm.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/core/params.h"
#include "sim/core/workload.h"

namespace attnsim {

/// Where tile sizes come from.
enum class TileRule {
  automatic,  // released where the table has the case, else fit
  released,   // the table of the released kernel for this architecture and head_dim
  fit,        // the least I/O whose footprint fits, solved exactly
  paper,      // the formula printed in the paper, whether it fits or not
  explicit_sizes,
};

std::string_view name(TileRule rule);

struct TileChoice {
  TileRule rule = TileRule::automatic;
  std::map<std::string, std::int64_t> sizes{};  // for explicit_sizes: every declared tile name
};

/// A tile size an algorithm takes, such as Br. Sizes come in pairs, one for each loop nest that
/// chooses its own; those of further nests fall back to a size of the first.
struct TileSpec {
  std::string name;
  std::string doc;
  std::string fallback{};  // the size that stands in for this one; empty: it must be given
};

/// Which lower bounds on I/O hold for an algorithm (docs/bounds.md). The defaults are those of a
/// fused exact kernel. A replay that moves less than a bound it claims is refused as a bug, so an
/// algorithm that does otherwise says so here.
struct BoundClass {
  /// Computes its function up to rounding, from every visible score. False for an approximation:
  /// only the compulsory traffic binds it.
  bool exact = true;
  /// Every score is the sum of its head_dim products q_il k_jl, and the other matrix products are
  /// formed likewise: no fast multiplication, nothing shared between two scores.
  bool standard_products = true;
  /// The passes within which some score s_ij or, backward, some dP_ij is formed more than once (a
  /// backward pass of two kernels that both do). No recomputation in this sense: a backward pass
  /// that forms once more what the forward pass had formed; exp taken again of a score that was
  /// stored.
  std::vector<Pass> recomputes{};
  /// The backward pass reads scores or probabilities that the forward pass stored for it, instead
  /// of forming them.
  bool saves_scores = false;
};

/// The functions there are references and bounds for: attention with its gradients dQ, dK, dV, and
/// the gradient of its parameter X (sim/trace/parameter_tensors.h), and linear attention whose
/// state decays (sim/trace/recurrence_tensors.h).
inline constexpr const char* kAttention = "attention";
inline constexpr const char* kParameterGradient = "parameter_gradient";
inline constexpr const char* kGatedLinearAttention = "gated_linear_attention";

/// What an algorithm says about itself.
struct AlgorithmInfo {
  std::string id;
  std::string summary;
  std::string source;                 // paper and algorithm number
  std::string function = kAttention;  // what it computes: the reference that verifies it
  std::vector<Pass> passes{Pass::forward};
  std::vector<TileSpec> tiles{};
  std::vector<ParamSpec> params{};
  bool dropout = false;  // computes with the dropout of the workload
  BoundClass bound_class{};
  bool block_masks = false;  // takes workloads with a block mask
  bool from_file = false;    // its trace is read from a file: nothing can be tried without one
};

/// Everything a configuration may name; sorted by id.
struct Catalogue {
  std::vector<AlgorithmInfo> algorithms{};
  std::vector<MaskInfo> masks{};

  const AlgorithmInfo* algorithm(std::string_view id) const;
  std::vector<std::string> algorithm_ids() const;
  const MaskInfo* mask(std::string_view name) const;
  std::vector<std::string> mask_names() const;
};

struct AlgorithmChoice {
  std::string name;
  TileChoice tiles{};
  ParamValues params{};
};

struct RunSpec {
  Workload workload{};
  MachineSpec machine{};
  AlgorithmChoice algorithm{};
  std::uint64_t seed = 1;
};

}  // namespace attnsim
