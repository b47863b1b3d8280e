#include "sim/config/schema.h"

#include <algorithm>

#include "sim/config/scalar.h"
#include "sim/core/spelling.h"

namespace attnsim::config {

std::string key_hint(const std::string& key, std::span<const std::string> known) {
  const std::string near = nearest_name(key, known);
  return near.empty() ? suggestion(key, known) : "; did you mean '" + near + "'?";
}

bool check_keys(const Cursor& map, std::span<const FieldDoc> fields) {
  if (!map.require_map()) return false;
  std::vector<std::string> known;
  for (const FieldDoc& field : fields) known.push_back(field.key);
  for (const Entry& entry : map.node().entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    map.faults().add(entry.at, map.path(),
                     "unknown key " + quote(entry.key) + key_hint(entry.key, known));
  }
  for (const FieldDoc& field : fields) {
    if (!field.required || map.node().entry(field.key) != nullptr) continue;
    map.fault("missing key '" + field.key + "' (" + field.type + ")");
  }
  return true;
}

}  // namespace attnsim::config
