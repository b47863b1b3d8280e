// attnsim list: what there is.
#include <array>

#include "sim/app/output.h"
#include "sim/app/share.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/core/spelling.h"
#include "sim/machine/cache/replacement.h"
#include "sim/report/text_table.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/mask_generator.h"
#include "sim/trace/op_table.h"

namespace attnsim::app {
namespace {

/// A name and the line that says what it is.
struct Item {
  std::string name;
  std::string doc;
};

/// Names that have nothing more to say in JSON and CSV.
std::string render_names(std::string_view kind, const std::vector<Item>& items, Format format) {
  std::vector<std::string> names;
  report::TextTable table({report::Align::left, report::Align::left});
  table.add_row({std::string(kind), "meaning"});
  for (const Item& item : items) {
    names.push_back(item.name);
    table.add_row({item.name, item.doc});
  }
  if (format == Format::json) return report::names_to_json(kind, names);
  if (format == Format::csv) return report::names_to_csv(kind, names);
  return table.text();
}

std::string list_algorithms(Format format) { return render(algorithm_catalogue(), format); }

std::string list_hardware(Format format) {
  const config::SearchPath share = find_share();
  std::vector<MachineSpec> machines;
  for (const std::string& id : config::machine_ids(share)) {
    machines.push_back(config::load_machine(id, share));
  }
  return render(machines, format);
}

std::string list_masks(Format format) {
  std::vector<Item> items;
  for (const MaskInfo& mask : mask_catalogue()) items.push_back({mask.name, mask.summary});
  items.push_back({kRecordedMask, "blocks listed in a file, in compressed rows"});
  return render_names("masks", items, format);
}

std::string list_ops(Format format) {
  std::vector<Item> items;
  for (const OpRow& row : op_table()) {
    items.push_back({std::string(row.name), std::string(row.meaning)});
  }
  return render_names("ops", items, format);
}

std::string list_policies(Format format) {
  std::vector<Item> items;
  for (const machine::PolicyLine& policy : machine::policy_catalogue()) {
    items.push_back({policy.name, policy.summary});
  }
  return render_names("policies", items, format);
}

/// One thing that can be listed.
struct Listing {
  std::string_view kind;
  std::string_view doc;
  std::string (*text)(Format);
};

constexpr std::array kListings = {
    Listing{"algorithms", "what can be run", list_algorithms},
    Listing{"hardware", "the machine presets", list_hardware},
    Listing{"masks", "block masks, on top of causal and window", list_masks},
    Listing{"ops", "the operations of a trace", list_ops},
    Listing{"policies", "replacement policies of caches", list_policies},
};

std::string list_kinds(Format format) {
  std::vector<Item> items;
  for (const Listing& listing : kListings) {
    items.push_back({std::string(listing.kind), std::string(listing.doc)});
  }
  return render_names("kinds", items, format);
}

std::string list(const std::string& kind, Format format) {
  std::vector<std::string> kinds;
  for (const Listing& listing : kListings) {
    if (listing.kind == kind) return listing.text(format);
    kinds.emplace_back(listing.kind);
  }
  throw UserError("there is no list of '" + kind + "'" + suggestion(kind, kinds));
}

Exit run(const Invocation& invocation) {
  const Output output(invocation.arguments);
  const std::vector<std::string>& kind = invocation.arguments.operands();
  output.write(kind.empty() ? list_kinds(output.format()) : list(kind[0], output.format()));
  return Exit::done;
}

}  // namespace

Verb list_verb() {
  return {.name = "list",
          .summary = "what there is: algorithms, hardware, masks, ops, policies",
          .details = "Alone it says what can be listed.\n",
          .operands = {.name = "KIND", .least = 0, .most = 1},
          .options = with_output({}),
          .run = run};
}

}  // namespace attnsim::app
