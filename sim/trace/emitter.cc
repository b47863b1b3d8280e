#include "sim/trace/emitter.h"

#include "sim/trace/agent.h"
#include "sim/trace/trace_error.h"

namespace attnsim {

Agent Emitter::agent(int id) { return Agent(*this, id); }

std::uint32_t Emitter::take_slot() {
  if (free_ == 0) {
    throw TraceError("more than " + std::to_string(kMaxSlots) + " tiles are live at once");
  }
  const int slot = std::countr_zero(free_);
  free_ &= free_ - 1;
  return static_cast<std::uint32_t>(slot);
}

void Emitter::flush() {
  const std::size_t size = size_;
  size_ = 0;
  if (size > 0) sink_.consume({batch_->records.data(), size});
}

}  // namespace attnsim
