// The best loop nest of the families of sim/trace/attention_nest.h (forward) and backward_nest.h on
// the two-level machine, between the best lower bound and the best published algorithm.
#pragma once

#include <string_view>
#include <vector>

#include "sim/core/progress.h"
#include "sim/core/schedule_report.h"
#include "sim/core/workload.h"
#include "sim/study/crossovers.h"

namespace attnsim::study {

/// One row for each number of words of fast memory; none where no nest fits. The published
/// algorithms are all registered ones but the families, and backward but those that read the
/// probabilities of a forward pass, each with the tiles that fit it best; one that moves less than
/// every nest is the choice itself.
/// Throws UserError for a pass or a mask that the family does not have.
ScheduleReport best_schedules(const Workload& workload, const std::vector<Words>& m_words,
                              Progress* progress = nullptr);

/// The algorithms that are families of nests, whose sizes no paper names.
bool is_nest_family(std::string_view id);

/// Throws UserError for a pass or a mask that the family does not have.
void require_searchable(const Workload& workload);

/// From 4 d, where little fits, to the Q, K, V and O of one KV head, where everything does;
/// backward with as much again for their gradients.
SizeRange telling_sizes(const Workload& workload);

/// The powers of two from the smallest not below the least of the telling sizes to the smallest not
/// below the greatest.
std::vector<Words> schedule_grid(const Workload& workload);

}  // namespace attnsim::study
