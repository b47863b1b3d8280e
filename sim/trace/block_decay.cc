#include "sim/trace/block_decay.h"

namespace attnsim {
namespace {

Tile ones(Agent& a, std::int64_t rows, std::int64_t cols) {
  return a.fill(Role::vector, rows, cols, DType::f32, 1);
}

}  // namespace

DecayAt log_lambda(const RecurrenceTensors& tensors, Index plane) {
  if (tensors.g.planes() == 0) return std::nullopt;
  return tensors.g.plane(plane);
}

DecayWithin::DecayWithin(Agent& a, const DecayAt& gate, std::int64_t rows) {
  if (!gate) return;
  const Tile log_lambda = a.load(*gate, Role::vector);  // [1, 1]
  const Tile log_power = a.ramp(log_lambda, rows);      // [rows, 1]
  powers_ = ones(a, rows, rows);
  a.decay(powers_, log_power, log_power);
  a.lower(powers_);
}

void DecayWithin::apply(Agent& a, Tile& s) const {
  if (powers_.slot() == kNoSlot) return a.lower(s);
  a.multiply(s, powers_);
}

std::vector<TileShape> DecayWithin::footprint(bool decays, std::int64_t rows) {
  if (!decays) return {};
  return {{Role::vector, DType::f32, rows, rows}};
}

DecayAtEdges::DecayAtEdges(Agent& a, const DecayAt& gate, std::int64_t rows) : decays_(gate) {
  if (!gate) return;
  const Tile log_lambda = a.load(*gate, Role::vector);  // [1, 1]
  Tile log_power = a.ramp(log_lambda, rows);            // [rows, 1]
  whole_ = a.ramp(log_lambda, 1, static_cast<double>(rows));
  from_start_ = ones(a, rows, 1);
  a.scale_exp(from_start_, log_power);
  to_end_ = ones(a, rows, 1);
  a.from_row(log_power, whole_, -1);
  a.scale_exp(to_end_, log_power);
}

void DecayAtEdges::from_start(Agent& a, Tile& x) const {
  if (decays_) a.scale_rows(x, from_start_);
}

void DecayAtEdges::to_end(Agent& a, Tile& x) const {
  if (decays_) a.scale_rows(x, to_end_);
}

void DecayAtEdges::whole(Agent& a, Tile& state) const {
  if (decays_) a.decay_state(state, whole_);
}

std::vector<TileShape> DecayAtEdges::footprint(bool decays, std::int64_t rows) {
  if (!decays) return {};
  return {{Role::vector, DType::f32, 1, 1}, {Role::vector, DType::f32, rows, 2}};
}

}  // namespace attnsim
