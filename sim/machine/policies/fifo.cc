// First in, first out: the way filled longest ago goes; hits change nothing.
#include "sim/machine/cache/replacement.h"
#include "sim/machine/cache/way_queue.h"

namespace attnsim::machine {
namespace {

class Fifo final : public ReplacementPolicy {
 public:
  explicit Fifo(const PolicyGeometry& g) : order_(g.sets, g.ways) {}

  void hit(std::uint32_t, std::uint32_t) override {}
  void fill(std::uint32_t set, std::uint32_t way) override { order_.move_to_front(set, way); }
  std::uint32_t victim(std::uint32_t set) override { return order_.back(set); }
  void copy_set(std::uint32_t from, std::uint32_t to) override { order_.copy(from, to); }
  bool same_set(std::uint32_t a, std::uint32_t b) const override { return order_.same(a, b); }
  bool append_order(std::uint32_t set, std::vector<std::uint64_t>& out) const override {
    order_.append(set, out);
    return true;
  }

 private:
  WayQueue order_;
};

ATTNSIM_REGISTER_POLICY("fifo", PolicyInfo{"first in, first out", [](const PolicyGeometry& g) {
                                             return std::unique_ptr<ReplacementPolicy>(new Fifo(g));
                                           }});

}  // namespace
}  // namespace attnsim::machine
