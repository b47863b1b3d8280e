#include "analysis/bounds/bound_class.h"

#include <algorithm>

namespace attnsim::bounds {
namespace {

bool recomputes(const BoundClass& c, Pass pass) {
  return std::any_of(c.recomputes.begin(), c.recomputes.end(),
                     [&](Pass p) { return p == pass || p == Pass::forward_backward; });
}

}  // namespace

bool holds_for(const Needs& needs, const AlgorithmInfo& algorithm, Pass pass) {
  const BoundClass& c = algorithm.bound_class;
  // Of linear attention none is known but the compulsory traffic, which binds any algorithm.
  if (algorithm.function == kGatedLinearAttention) return !needs.exact;
  if (algorithm.function != kAttention && algorithm.function != kParameterGradient) return false;
  if (needs.exact && !c.exact) return false;
  if (needs.standard_products && !c.standard_products) return false;
  if (needs.scores_formed && c.saves_scores && pass != Pass::forward) return false;
  if (needs.once_forward && recomputes(c, Pass::forward)) return false;
  return !(needs.once_backward && recomputes(c, Pass::backward));
}

std::string class_text(const Needs& needs) {
  if (!needs.exact) return "any algorithm";
  std::string out = needs.standard_products ? "standard products" : "any products";
  if (needs.once_forward && needs.once_backward) {
    out += ", scores once a pass";
  } else if (needs.once_forward || needs.once_backward) {
    out += ", scores once";
    out += needs.once_forward ? " forward" : " backward";
  }
  return needs.scores_formed ? out + ", none saved" : out;
}

}  // namespace attnsim::bounds
