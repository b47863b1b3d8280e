#include "sim/replay/totals.h"

namespace attnsim::replay {
namespace {

// Unsigned arithmetic wraps, so a difference is a sum with `times` = -1.
void add_times(Traffic& to, const Traffic& other, std::uint64_t times) {
  to.read += times * other.read;
  to.written += times * other.written;
  to.init += times * other.init;
  to.port += times * other.port;
}

void add_times(WorkSums& to, const WorkSums& other, std::uint64_t times) {
  to.records += times * other.records;
  to.mn += times * other.mn;
  to.m += times * other.m;
  to.mk += times * other.mk;
  to.mnk += times * other.mnk;
}

}  // namespace

void Totals::add(const Totals& other, std::uint64_t times) {
  for (std::size_t t = 0; t < traffic.size(); ++t) {
    for (std::size_t r = 0; r < traffic[t].size(); ++r) {
      add_times(traffic[t][r], other.traffic[t][r], times);
    }
  }
  for (std::size_t i = 0; i < other.moves.size(); ++i) {
    if (i == moves.size())
      moves.push_back(
          {.origin = other.moves[i].origin, .from = other.moves[i].from, .to = other.moves[i].to});
    moves[i].bits += times * other.moves[i].bits;
  }
  for (std::size_t i = 0; i < work.size(); ++i) add_times(work[i], other.work[i], times);
  tasks += times * other.tasks;
}

std::uint64_t Totals::operations() const {
  std::uint64_t sum = 0;
  for (const WorkSums& sums : work) sum += sums.records;
  return sum;
}

Totals Totals::since(const Totals& earlier) const {
  Totals difference = *this;
  difference.add(earlier, ~std::uint64_t{0});
  return difference;
}

}  // namespace attnsim::replay
