#include "analysis/bounds/phase_bounds.h"

#include <algorithm>
#include <numeric>

namespace attnsim::bounds {
namespace {

constexpr Needs kAny{.standard_products = false, .scores_formed = true};
constexpr Needs kStandard{};
constexpr Needs kOnceForward{.once_forward = true};
constexpr Needs kOnceBackward{.once_backward = true};
constexpr Needs kOnce{.once_forward = true, .once_backward = true};
constexpr Needs kFormed{.scores_formed = true};
constexpr Needs kFormedOnceBackward{.scores_formed = true, .once_backward = true};
constexpr Needs kFormedOnce{.scores_formed = true, .once_forward = true, .once_backward = true};

/// The terms of one workload.
class Terms {
 public:
  Terms(const Workload& w, Wide pairs) : p_(pairs), d_(wide(w.head_dim)), dv_(wide(w.head_dim_v)) {}

  /// I rows of Q and J of K at hand: (I + J) d words.
  PhaseTerm lb1() const { return pairs(4 * d_ * d_, 1, p_); }

  /// And J rows of V: I d + J (d + d_v) words.
  PhaseTerm lb2() const { return pairs(4 * d_ * (d_ + dv_), 1, p_); }

  /// A score weighs d^2 and a dP d_v^2 (over their common divisor), so that either weighs W^2 / 4
  /// for W words of operands.
  PhaseTerm lb3_rec() const {
    const Wide s = d_ * d_;
    const Wide dp = dv_ * dv_;
    const Wide common = greatest_divisor(s, dp);
    return pairs(4 * common, std::max(s, dp) / common, (s + dp) / common * p_);
  }

  /// I rows of Q and dO, J of K and V: (I + J) (d + d_v) words.
  PhaseTerm lb3_norec() const { return pairs(4 * (d_ + dv_) * (d_ + dv_), 1, p_); }

  PhaseTerm lb4_rec_forward() const { return products(1, 27, d_ * p_, p_); }
  PhaseTerm lb4_norec_forward() const { return products(1, 27, (d_ + dv_) * p_, p_); }
  PhaseTerm lb4_rec_backward() const { return products(1, 27, (d_ + dv_) * p_, 2 * p_); }

  /// The five products of a pair share operands: 2 / sqrt(3) times what one product could.
  PhaseTerm lb4_norec_backward() const { return products(4, 81, (3 * d_ + 2 * dv_) * p_, 2 * p_); }

  /// Entries of Q K^T that W field elements can tell.
  PhaseTerm lb5() const { return pairs(d_ * d_, 2, p_); }

 private:
  static Wide greatest_divisor(Wide a, Wide b) { return b == 0 ? a : greatest_divisor(b, a % b); }

  static PhaseTerm pairs(Wide divisor, Wide factor, Wide work) {
    return {.capacity = std::make_shared<PairCapacity>(divisor, factor), .work = work};
  }
  static PhaseTerm products(Wide numerator, Wide denominator, Wide work, Wide added) {
    return {.capacity = std::make_shared<ProductCapacity>(numerator, denominator),
            .work = work,
            .held = 2,
            .added_stores = added};
  }

  Wide p_, d_, dv_;
};

std::string loads(const std::string& work, const std::string& capacity, const char* about) {
  return "X (ceil(" + work + " / " + capacity + ") - p) loads, W = M + X, best X; about " + about;
}

std::string all_io(const std::string& work, const char* capacity, const char* added,
                   const char* about) {
  return "X (ceil(" + work + " / " + capacity + ") - p) - " + added +
         ", Y = 2 M + X, best X; about " + about;
}

const std::string kLb1 = loads("P", "max(W^2 / 4 d^2, W)", "P d^2 / M");
const std::string kLb2 = loads("P", "max(W^2 / 4 d (d + d_v), W)", "2 P d^2 / M");
const std::string kLb3Rec =
    loads("P (d^2 + d_v^2)", "max(W^2 / 4, max(d, d_v)^2 W)", "2 P d^2 / M");
const std::string kLb3Norec = loads("P", "max(W^2 / 4 (d + d_v)^2, W)", "4 P d^2 / M");
const std::string kLb5 = loads("P", "max(W^2 / d^2, 2 W)", "P d^2 / 4 M");
constexpr const char* kCube = "(Y / 3)^(3/2)";

std::vector<PhaseBound> forward(const Terms& t) {
  return {
      {"LB1", kStandard, false, {t.lb1()}, kLb1},
      {"LB2", kOnceForward, false, {t.lb2()}, kLb2},
      {"LB4-rec",
       kStandard,
       true,
       {t.lb4_rec_forward()},
       all_io("P d", kCube, "P", "sqrt(2) P d / sqrt(M) - P")},
      {"LB4-norec",
       kOnceForward,
       true,
       {t.lb4_norec_forward()},
       all_io("P (d + d_v)", kCube, "P", "2 sqrt(2) P d / sqrt(M) - P")},
      {"LB5", kAny, false, {t.lb5()}, kLb5},
  };
}

std::vector<PhaseBound> backward(const Terms& t) {
  return {
      {"LB3-rec", kStandard, false, {t.lb3_rec()}, kLb3Rec},
      {"LB3-norec", kOnceBackward, false, {t.lb3_norec()}, kLb3Norec},
      {"LB4-rec",
       kFormed,
       true,
       {t.lb4_rec_backward()},
       all_io("P (d + d_v)", kCube, "2 P", "2 sqrt(2) P d / sqrt(M) - 2 P")},
      {"LB4-norec",
       kFormedOnceBackward,
       true,
       {t.lb4_norec_backward()},
       all_io("P (3 d + 2 d_v)", "2 (Y / 3)^(3/2) / sqrt(3)", "2 P",
              "5 sqrt(3/2) P d / sqrt(M) - 2 P")},
      {"LB5", kAny, false, {t.lb5()}, kLb5},
  };
}

/// One pass after the other: what each forces.
std::vector<PhaseBound> forward_backward(const Terms& t) {
  const auto sum = [](const std::string& a, const std::string& b) {
    return "the sum of " + a + " and " + b;
  };
  return {
      {"LB1+LB3-rec", kStandard, false, {t.lb1(), t.lb3_rec()}, sum("LB1", "LB3-rec")},
      {"LB2+LB3-rec", kOnceForward, false, {t.lb2(), t.lb3_rec()}, sum("LB2", "LB3-rec")},
      {"LB2+LB3-norec", kOnce, false, {t.lb2(), t.lb3_norec()}, sum("LB2", "LB3-norec")},
      {"LB4-rec",
       kFormed,
       true,
       {t.lb4_rec_forward(), t.lb4_rec_backward()},
       sum("LB4-rec forward", "backward")},
      {"LB4-norec",
       kFormedOnce,
       true,
       {t.lb4_norec_forward(), t.lb4_norec_backward()},
       sum("LB4-norec forward", "backward")},
      {"LB5", kAny, false, {t.lb5(), t.lb5()}, sum("LB5 forward", "backward")},
  };
}

}  // namespace

Wide PhaseTerm::transfers(Wide m_words, Wide parts) const {
  const Wide all = least_transfers(*capacity, work, held * m_words, parts);
  return all > added_stores ? all - added_stores : 0;
}

Wide PhaseBound::transfers(Wide m_words, Wide parts) const {
  return std::accumulate(terms.begin(), terms.end(), Wide{0}, [&](Wide sum, const PhaseTerm& term) {
    return sum + term.transfers(m_words, parts);
  });
}

std::vector<PhaseBound> phase_bounds(const Workload& workload, Wide pairs) {
  const Terms terms(workload, pairs);
  switch (workload.pass) {
    case Pass::forward:
      return forward(terms);
    case Pass::backward:
      return backward(terms);
    case Pass::forward_backward:
      break;
  }
  return forward_backward(terms);
}

std::vector<PhaseBound> parameter_gradient_bounds(const Workload& workload, Wide pairs) {
  std::vector<PhaseBound> out = backward(Terms(workload, pairs));
  std::erase_if(out, [](const PhaseBound& bound) { return bound.id == "LB4-norec"; });
  return out;
}

}  // namespace attnsim::bounds
