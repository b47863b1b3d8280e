#include "sim/machine/cache/replacement.h"

#include "sim/core/error.h"
#include "sim/core/spelling.h"

namespace attnsim::machine {

std::vector<PolicyLine> policy_catalogue() {
  std::vector<PolicyLine> lines;
  const PolicyRegistry& registry = PolicyRegistry::instance();
  for (const std::string& name : registry.names()) {
    const PolicyInfo& info = registry.find(name)->factory;
    lines.push_back({name, info.summary, info.make != nullptr});
  }
  return lines;
}

const PolicyInfo& policy_info(const std::string& name) {
  const PolicyRegistry& registry = PolicyRegistry::instance();
  if (const PolicyRegistry::Entry* entry = registry.find(name)) return entry->factory;
  throw UserError("unknown replacement policy '" + name + "'" + suggestion(name, registry.names()));
}

std::unique_ptr<ReplacementPolicy> make_policy(const std::string& name,
                                               const PolicyGeometry& geometry) {
  ATTNSIM_CHECK(geometry.sets > 0 && geometry.ways > 0, name);
  const PolicyInfo& info = policy_info(name);
  if (info.make == nullptr) {
    throw UserError("replacement policy '" + name + "' needs the whole trace first");
  }
  return info.make(geometry);
}

}  // namespace attnsim::machine
