// How runs and workloads merge: the sections of a run have a few rules beyond the merge of maps.
#pragma once

#include <string_view>

#include "sim/config/node.h"

namespace attnsim::config {

/// The long form of a section that may be written as a name: `hardware: ID` and `workload: NAME`
/// become {extends: ...}, `algorithm: ID` becomes {name: ...}. Other nodes are returned as they
/// are.
Node long_form(std::string_view section, Node node);

/// All sections of a run in long form.
Node with_long_forms(Node run);

/// `derived` over `base`. A section of `derived` replaces that of `base` when it is a name, or when
/// it names another base (algorithm: another name) than `base` does; else the two merge.
/// `base` must be in long form; the result is.
Node merge_run(Node base, const Node& derived);

/// Maps merge, except that the later spelling of the sequence length counts: `seqlen` drops an
/// inherited seqlen_q and seqlen_kv, and seqlen_q or seqlen_kv replaces its half of an inherited
/// `seqlen`.
Node merge_workload(Node base, const Node& derived);

}  // namespace attnsim::config
