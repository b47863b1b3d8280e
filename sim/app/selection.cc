#include "sim/app/selection.h"

#include "sim/app/share.h"
#include "sim/config/config.h"
#include "sim/trace/algorithm.h"

namespace attnsim::app {

std::vector<Option> selection_options() {
  return {
      {.name = "algorithm", .value = "ID", .doc = "see 'attnsim list algorithms'"},
      {.name = "hardware", .value = "ID|FILE", .doc = "see 'attnsim list hardware'"},
      {.name = "workload",
       .value = "K=V,...",
       .doc = "change values of the workload",
       .repeats = true},
      {.name = "set", .value = "PATH=VALUE", .doc = "change any value", .repeats = true},
  };
}

RunSpec selected_run(const Arguments& arguments) {
  return selected_run(arguments, arguments.operands());
}

RunSpec selected_run(const Arguments& arguments, const std::vector<std::string>& files) {
  const config::Overrides overrides{.sets = arguments.values("set"),
                                    .algorithm = arguments.value("algorithm"),
                                    .hardware = arguments.value("hardware"),
                                    .workload = arguments.values("workload")};
  std::optional<std::string> file;
  if (!files.empty()) file = files[0];
  return config::load_run(file, overrides, algorithm_catalogue(), find_share());
}

}  // namespace attnsim::app
