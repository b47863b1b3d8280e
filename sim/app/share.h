// Where the files that come with attnsim are.
#pragma once

#include "sim/config/config.h"

namespace attnsim::app {

/// The first folder that contains configs/hardware: $ATTNSIM_SHARE, which must contain it when set;
/// ../share/attnsim beside the executable's folder; the folders around the executable, inner to
/// outer. Throws UserError when there is none.
config::SearchPath find_share();

}  // namespace attnsim::app
