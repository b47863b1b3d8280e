#include "sim/trace/two_pass_schedule.h"

namespace attnsim {

std::vector<TileShape> TwoPassSchedule::footprint() const {
  std::vector<std::vector<TileShape>> nests;
  if (w_.runs_forward()) nests.push_back(forward_tiles().footprint(forward_));
  if (w_.runs_backward()) nests.push_back(backward_tiles().footprint(backward_));
  return target_.peak(nests);
}

ClosedForm TwoPassSchedule::closed_form() const {
  ClosedForm form;
  if (w_.runs_forward()) form = forward_tiles().closed_form(forward_);
  if (w_.runs_backward()) form = sum(form, backward_tiles().closed_form(backward_));
  return form;
}

std::optional<Density> TwoPassSchedule::density() const {
  return w_.runs_forward() ? forward_tiles().density(forward_)
                           : backward_tiles().density(backward_);
}

}  // namespace attnsim
