#include "sim/trace/tiles.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <utility>

#include "sim/core/error.h"

namespace attnsim {
namespace {

constexpr std::uint64_t kMostPairs = 1'000'000;

/// Sizes in units of the granularity; the limit itself is always a candidate.
class Candidates {
 public:
  Candidates(std::int64_t limit, std::int64_t granularity)
      : limit_(limit), step_(granularity), count_((limit + granularity - 1) / granularity) {}
  std::int64_t count() const { return count_; }
  std::int64_t operator[](std::int64_t i) const { return std::min(limit_, (i + 1) * step_); }

 private:
  std::int64_t limit_, step_, count_;
};

/// How many of the second size's candidates fit beside `first`: they are the smallest ones, and no
/// more than `high`.
std::int64_t feasible(const TileModel& model, const Target& target, std::int64_t first,
                      const Candidates& second, std::int64_t high) {
  std::int64_t low = 0;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (target.fits(model.footprint({first, second[middle]}))) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::uint64_t total_bits(const ClosedForm& form, const Target& target) {
  std::uint64_t sum = 0;
  for (const ClosedFormTerm& term : form) {
    sum += (term.read + term.written) * static_cast<std::uint64_t>(target.element_bits(term.dtype));
  }
  return sum;
}

std::uint64_t sum(const std::vector<std::uint64_t>& values) {
  std::uint64_t out = 0;
  for (const std::uint64_t v : values) out += v;
  return out;
}

std::uint64_t footprint_bits(const TileModel& model, const Target& target, TileSizes sizes) {
  return sum(target.occupation_bits(model.footprint(sizes)));
}

/// What `fit` minimises, in this order.
struct Key {
  std::uint64_t bits = 0, iterations = 0, footprint = 0;
  auto operator<=>(const Key&) const = default;
};

/// Of the `n` second sizes that fit, where larger ones only help: the smallest that is as good as
/// the largest.
std::int64_t smallest_as_good(const TileModel& model, const Target& target, std::int64_t first,
                              const Candidates& second, std::int64_t n) {
  const auto value = [&](std::int64_t j) {
    const TileSizes sizes{first, second[j]};
    return std::pair(total_bits(model.closed_form(sizes), target), model.iterations(sizes));
  };
  const auto best = value(n - 1);
  std::int64_t low = 0;
  std::int64_t high = n - 1;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (value(middle) == best) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// A first size, and how many second sizes fit beside it.
using FirstSize = std::pair<std::int64_t, std::int64_t>;

/// Where larger second sizes only help: the first sizes that reach the least traffic, ascending.
std::vector<FirstSize> least_traffic(const TileModel& model, const Target& target,
                                     const Candidates& first, const Candidates& second) {
  std::vector<FirstSize> out;
  std::uint64_t least = UINT64_MAX;
  std::int64_t n = second.count();
  for (std::int64_t i = 0; i < first.count(); ++i) {
    n = feasible(model, target, first[i], second, n);
    if (n == 0) break;  // a larger first size fits nothing either
    const std::uint64_t bits = total_bits(model.closed_form({first[i], second[n - 1]}), target);
    if (bits > least) continue;
    if (bits < least) out.clear();
    least = bits;
    out.emplace_back(first[i], n);
  }
  return out;
}

std::int64_t granularity_for(const TileModel& model, const Target& target, TileSizes limits) {
  for (std::int64_t granularity = 1;; granularity *= 2) {
    const Candidates first(limits.first, granularity);
    const Candidates second(limits.second, granularity);
    if (model.second_only_helps() &&
        static_cast<std::uint64_t>(first.count()) * model.closed_form_cost() <= kMostPairs) {
      return granularity;
    }
    std::uint64_t pairs = 0;
    std::int64_t n = second.count();
    for (std::int64_t i = 0; i < first.count() && pairs <= kMostPairs; ++i) {
      n = feasible(model, target, first[i], second, n);
      if (n == 0) break;  // a larger first size fits nothing either
      pairs += model.second_only_helps() ? 1 : static_cast<std::uint64_t>(n);
    }
    if (pairs == 0) return std::max<std::int64_t>(1, granularity / 2);  // so coarse, nothing fits
    if (pairs * model.closed_form_cost() <= kMostPairs) return granularity;
  }
}

std::string no_fit_message(const AlgorithmInfo& info, const TileModel& model,
                           const Target& target) {
  const std::vector<std::uint64_t> needed = target.occupation_bits(model.footprint({1, 1}));
  return "algorithm.tiles: '" + info.id + "' is infeasible: even the smallest block needs " +
         std::to_string((sum(needed) + 7) / 8) + " bytes on chip, more than this machine has";
}

std::int64_t explicit_size(const TileChoice& choice, const TileSpec& tile) {
  const bool given = tile.fallback.empty() || choice.sizes.contains(tile.name);
  const std::string& name = given ? tile.name : tile.fallback;
  const std::int64_t n = choice.sizes.at(name);
  if (n < 1) {
    throw UserError("algorithm.tiles." + name + ": expected a size of at least 1, got '" +
                    std::to_string(n) + "'");
  }
  return n;
}

ChosenTiles apply_rule(const TileChoice& choice, const AlgorithmInfo& info, const TileModel& model,
                       const Target& target, const std::vector<TileSpec>& specs) {
  switch (choice.rule) {
    case TileRule::paper:
      return {model.paper(), TileRule::paper};
    case TileRule::explicit_sizes:
      return {
          {explicit_size(choice, specs[0]), specs.size() > 1 ? explicit_size(choice, specs[1]) : 1},
          TileRule::explicit_sizes};
    case TileRule::released:
    case TileRule::automatic:
      if (const auto sizes = model.released()) return {*sizes, TileRule::released};
      if (choice.rule == TileRule::released) {
        throw UserError("algorithm.tiles: '" + info.id +
                        "' has no released tiles for this shape on '" + target.machine_id() +
                        "'; use fit, paper or explicit sizes");
      }
      break;
    case TileRule::fit:
      break;
  }
  const auto fitted = fit_tiles(model, target);
  if (!fitted) throw UserError(no_fit_message(info, model, target));
  return *fitted;
}

}  // namespace

NamedSizes ChosenTiles::named() const {
  NamedSizes out;
  if (!names.empty()) out.emplace_back(names[0], sizes.first);
  if (names.size() > 1) out.emplace_back(names[1], sizes.second);
  return out;
}

std::optional<ChosenTiles> fit_tiles(const TileModel& model, const Target& target) {
  const TileSizes limits = model.limits();
  const std::int64_t granularity = granularity_for(model, target, limits);
  const Candidates first(limits.first, granularity);
  const Candidates second(limits.second, granularity);
  std::optional<ChosenTiles> best;
  Key best_key{};
  const auto consider = [&](TileSizes sizes) {
    const std::uint64_t bits = total_bits(model.closed_form(sizes), target);
    if (best && bits > best_key.bits) return;
    const Key key{bits, model.iterations(sizes), footprint_bits(model, target, sizes)};
    if (best && !(key < best_key)) return;
    best = ChosenTiles{sizes, TileRule::fit, granularity};
    best_key = key;
  };
  if (model.second_only_helps()) {
    for (const auto& [size, n] : least_traffic(model, target, first, second)) {
      consider({size, second[smallest_as_good(model, target, size, second, n)]});
    }
    return best;
  }
  std::int64_t n = second.count();
  for (std::int64_t i = 0; i < first.count(); ++i) {
    n = feasible(model, target, first[i], second, n);
    if (n == 0) break;
    for (std::int64_t j = n - 1; j >= 0; --j) consider({first[i], second[j]});
  }
  return best;
}

TileSizes flash_attention_sizes(const Target& target, std::int64_t head_dim, TileSizes limits) {
  const auto words = static_cast<std::int64_t>(target.capacity_words(Role::operand));
  const std::int64_t size = (words + 4 * head_dim - 1) / (4 * head_dim);
  return {std::min({size, head_dim, limits.first}), std::min(size, limits.second)};
}

TileSizes rows_outside_sizes(const Target& target, std::int64_t head_dim, TileSizes limits) {
  const auto [keys, rows] = flash_attention_sizes(target, head_dim, {limits.second, limits.first});
  return {rows, keys};
}

TileSizes square_block_sizes(const Target& target, TileSizes limits) {
  const auto words = static_cast<std::int64_t>(target.capacity_words(Role::operand));
  const std::int64_t size = std::max<std::int64_t>(1, integer_sqrt(words / 4));
  return {std::min(size, limits.first), std::min(size, limits.second)};
}

std::int64_t integer_sqrt(std::int64_t x) {
  auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(x)));
  while (root * root > x) --root;
  while ((root + 1) * (root + 1) <= x) ++root;
  return root;
}

ChosenTiles choose_tiles(const TileChoice& choice, const AlgorithmInfo& info,
                         const TileModel& model, const Target& target, std::size_t nest) {
  std::vector<TileSpec> specs = {info.tiles.at(2 * nest)};
  if (2 * nest + 1 < info.tiles.size()) specs.push_back(info.tiles[2 * nest + 1]);
  ChosenTiles chosen = apply_rule(choice, info, model, target, specs);
  for (const TileSpec& spec : specs) chosen.names.push_back(spec.name);
  return chosen;
}

}  // namespace attnsim
