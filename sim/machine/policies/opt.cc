// Belady's optimum: the line whose next use is farthest goes. Off-line, run by OptCache.
#include "sim/machine/cache/replacement.h"

namespace attnsim::machine {
namespace {

ATTNSIM_REGISTER_POLICY("opt", PolicyInfo{"Belady: farthest next use, in two passes", nullptr});

}  // namespace
}  // namespace attnsim::machine
