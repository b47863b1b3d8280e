// config_reference(): the manual of all keys, printed from the tables that read them.
#include <string>
#include <vector>

#include "sim/config/algorithm_reader.h"
#include "sim/config/check_reader.h"
#include "sim/config/config.h"
#include "sim/config/machine_reader.h"
#include "sim/config/mask_reader.h"
#include "sim/config/measurement_reader.h"
#include "sim/config/memory_reader.h"
#include "sim/config/quantity.h"
#include "sim/config/run_reader.h"
#include "sim/config/schema.h"
#include "sim/config/source_rule_reader.h"
#include "sim/config/study_reader.h"
#include "sim/config/unit_reader.h"
#include "sim/config/workload_reader.h"

namespace attnsim::config {
namespace {

std::string section(const std::string& title, const std::vector<FieldDoc>& fields) {
  std::string out = title + "\n";
  for (const FieldDoc& field : fields) {
    out += "  " + field.key + ": " + field.type;
    if (field.required) out += " (required)";
    if (!field.fallback.empty()) out += " (default: " + field.fallback + ")";
    out += "\n      " + field.doc + "\n";
  }
  return out + "\n";
}

std::string units() {
  std::string out = "Quantities\n";
  for (const Quantity q : {Quantity::size, Quantity::byte_rate, Quantity::frequency, Quantity::time,
                           Quantity::flop_rate, Quantity::op_rate, Quantity::energy,
                           Quantity::percent, Quantity::clocks}) {
    out += "  " + quantity_description(q) + "\n";
  }
  return out + "  KiB, MiB, GiB and TiB are powers of two; all other prefixes are decimal\n\n";
}

}  // namespace

std::string config_reference() {
  return section("Run file", run_fields()) +
         section("workload, and files in configs/workloads", workload_fields()) +
         section("workload.window", window_fields()) +
         section("workload.mask, and files of masks, beside the parameters a mask declares",
                 mask_fields()) +
         section("workload.dropout", dropout_fields()) +
         section("hardware, and files in configs/hardware", machine_fields()) +
         section("hardware.memories.<name>", memory_fields()) +
         section("hardware.roles", role_fields()) + section("hardware.units", unit_fields()) +
         section("hardware.core", core_fields()) + section("hardware.load", load_fields()) +
         section("algorithm, beside the parameters it declares", algorithm_fields()) +
         section("Check file", check_file_fields()) + section("checks[i]", check_fields()) +
         section("checks[i].expect[j]: one of min and max, equals, max_ratio",
                 expectation_fields()) +
         section("Study file", study_fields()) +
         section("Measurement file: columns of CSV, in any order", measurement_fields()) +
         section("Table of sources of measurements: rules[i]", source_rule_fields()) + units() +
         "Command line: --set path=value takes any path above, such as\n"
         "hardware.memories.l2.capacity=\"80 MiB\" or algorithm.tiles=\"{Br: 64, Bc: 128}\".\n";
}

}  // namespace attnsim::config
