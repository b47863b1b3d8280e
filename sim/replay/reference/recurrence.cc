#include "sim/replay/reference/recurrence.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

namespace attnsim::reference {
namespace {

void require_size(std::size_t size, std::int64_t expected, const char* what) {
  if (std::cmp_equal(size, expected)) return;
  throw std::invalid_argument(std::string("reference recurrence: size of ") + what);
}

/// A number with the sum of the absolute values of the terms that make it up.
struct Sum {
  long double value = 0, size = 0;

  void add(Sum term, long double factor) {
    value += term.value * factor;
    size += term.size * std::abs(factor);
  }
  void scale(long double factor) {
    value *= factor;
    size *= std::abs(factor);
  }
};

using Sums = std::vector<Sum>;

Gradient rounded(const Sums& sums) {
  Gradient out;
  for (const Sum& s : sums) {
    out.values.push_back(static_cast<double>(s.value));
    out.sizes.push_back(static_cast<double>(s.size));
    out.size = std::max(out.size, out.sizes.back());
  }
  return out;
}

/// One problem, plane by plane.
class Steps {
 public:
  Steps(const RecurrenceProblem& p, const RecurrenceInputs& in) : p_(p), in_(in) {
    require_size(in.q.size(), p.planes * p.seqlen * p.head_dim, "q");
    require_size(in.k.size(), p.planes * p.seqlen * p.head_dim, "k");
    require_size(in.v.size(), p.planes * p.seqlen * p.head_dim_v, "v");
    require_size(in.g.size(), p.planes * p.gate_rows * p.gate_cols, "g");
  }

  /// Where the log decay of a row of the state at a step stands in g.
  std::int64_t gate_at(std::int64_t plane, std::int64_t t, std::int64_t row) const {
    const std::int64_t step = p_.gate_rows == 1 ? 0 : t;
    const std::int64_t col = p_.gate_cols == 1 ? 0 : row;
    return (plane * p_.gate_rows + step) * p_.gate_cols + col;
  }

  long double decay(std::int64_t plane, std::int64_t t, std::int64_t row) const {
    if (in_.g.empty()) return 1;
    return std::exp(static_cast<long double>(in_.g[gate_at(plane, t, row)]));
  }

  /// S_t from S_{t-1}.
  void advance(Sums& state, std::int64_t plane, std::int64_t t) const {
    const std::int64_t step = plane * p_.seqlen + t;
    for (std::int64_t row = 0; row < p_.head_dim; ++row) {
      const long double a = decay(plane, t, row);
      const long double k = in_.k[step * p_.head_dim + row];
      for (std::int64_t col = 0; col < p_.head_dim_v; ++col) {
        Sum& s = state[row * p_.head_dim_v + col];
        s.scale(a);
        s.add({1, 1}, k * in_.v[step * p_.head_dim_v + col]);
      }
    }
  }

  Sums empty_state() const { return Sums(p_.head_dim * p_.head_dim_v); }

 private:
  const RecurrenceProblem& p_;
  const RecurrenceInputs& in_;
};

/// Adds x y^T to a state; with x and y rows of `step`.
void add_outer(Sums& state, std::span<const double> x, std::span<const double> y, std::int64_t step,
               std::int64_t rows, std::int64_t cols) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols; ++col) {
      const long double factor = x[step * rows + row];
      state[row * cols + col].add({1, 1}, factor * y[step * cols + col]);
    }
  }
}

/// out [rows] = state y, y a row of `step` with as many columns as the state.
void by_columns(const Sums& state, std::span<const double> y, std::int64_t step, std::int64_t rows,
                std::int64_t cols, Sums& out) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols; ++col) {
      out[step * rows + row].add(state[row * cols + col], y[step * cols + col]);
    }
  }
}

/// out [cols] = x state, x a row of `step` with as many columns as the state has rows.
void by_rows(const Sums& state, std::span<const double> x, std::int64_t step, std::int64_t rows,
             std::int64_t cols, Sums& out) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols; ++col) {
      out[step * cols + col].add(state[row * cols + col], x[step * rows + row]);
    }
  }
}

}  // namespace

Gradient recurrence(const RecurrenceProblem& p, const RecurrenceInputs& in) {
  const Steps steps(p, in);
  Sums o(p.planes * p.seqlen * p.head_dim_v);
  for (std::int64_t plane = 0; plane < p.planes; ++plane) {
    Sums state = steps.empty_state();
    for (std::int64_t t = 0; t < p.seqlen; ++t) {
      steps.advance(state, plane, t);
      by_rows(state, in.q, plane * p.seqlen + t, p.head_dim, p.head_dim_v, o);
    }
  }
  return rounded(o);
}

RecurrenceGradients recurrence_backward(const RecurrenceProblem& p, const RecurrenceInputs& in,
                                        std::span<const double> d_o) {
  const Steps steps(p, in);
  require_size(d_o.size(), p.planes * p.seqlen * p.head_dim_v, "d_o");
  const std::int64_t d = p.head_dim;
  const std::int64_t dv = p.head_dim_v;
  Sums dq(in.q.size()), dk(in.k.size()), d_v(in.v.size()), dg(in.g.size());
  for (std::int64_t plane = 0; plane < p.planes; ++plane) {
    std::vector<Sums> states{steps.empty_state()};  // S_0 .. S_N
    for (std::int64_t t = 0; t < p.seqlen; ++t) {
      states.push_back(states.back());
      steps.advance(states.back(), plane, t);
      by_columns(states.back(), d_o, plane * p.seqlen + t, d, dv, dq);
    }
    Sums d_state = steps.empty_state();
    for (std::int64_t t = p.seqlen - 1; t >= 0; --t) {
      const std::int64_t step = plane * p.seqlen + t;
      add_outer(d_state, in.q, d_o, step, d, dv);
      by_columns(d_state, in.v, step, d, dv, dk);
      by_rows(d_state, in.k, step, d, dv, d_v);
      for (std::int64_t at = 0; at < d * dv; ++at) {
        const long double a = steps.decay(plane, t, at / dv);
        d_state[at].scale(a);
        if (dg.empty()) continue;
        const Sum& before = states[t][at];
        dg[steps.gate_at(plane, t, at / dv)].add(
            {before.value * d_state[at].value, before.size * d_state[at].size}, 1);
      }
    }
  }
  return {rounded(dq), rounded(dk), rounded(d_v), rounded(dg)};
}

}  // namespace attnsim::reference
