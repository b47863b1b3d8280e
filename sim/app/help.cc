// attnsim help: the texts of the command line, the configuration files and the algorithms.
#include "sim/app/output.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/core/spelling.h"
#include "sim/report/text_table.h"
#include "sim/trace/algorithm.h"

namespace attnsim::app {
namespace {

constexpr report::Align kLeft = report::Align::left;

std::string synopsis(const Verb& verb) {
  std::string out = "attnsim " + std::string(verb.name);
  const Operands& operands = verb.operands;
  if (operands.most > 0) {
    std::string word(operands.name);
    if (operands.most > 1) word += "...";
    out += operands.least > 0 ? " " + word : " [" + word + "]";
  }
  return out + " [OPTION]...";
}

void add_options(report::TextTable& table, std::span<const Option> options) {
  for (const Option& option : options) {
    std::string left = "  --" + std::string(option.name);
    if (!option.value.empty()) left += " " + std::string(option.value);
    std::string doc(option.doc);
    if (option.repeats) doc += "; may be repeated";
    table.add_row({std::move(left), std::move(doc)});
  }
}

/// Throws UserError for a topic that does not exist.
std::string topic_help(const std::string& topic) {
  std::vector<std::string> topics = {"config"};
  if (topic == "config") return config::config_reference();
  for (const Verb& verb : verbs()) {
    if (verb.name == topic) return verb_help(verb);
    topics.emplace_back(verb.name);
  }
  const Catalogue catalogue = algorithm_catalogue();
  if (const AlgorithmInfo* info = catalogue.algorithm(topic)) return report::algorithm_help(*info);
  for (const std::string& id : catalogue.algorithm_ids()) topics.push_back(id);
  throw UserError("there is no help on '" + topic + "'" + suggestion(topic, topics));
}

Exit run(const Invocation& invocation) {
  const std::vector<std::string>& topic = invocation.arguments.operands();
  write_stdout(topic.empty() ? overview() : topic_help(topic[0]));
  return Exit::done;
}

}  // namespace

std::string overview() {
  report::TextTable table({kLeft, kLeft});
  for (const Verb& verb : verbs()) {
    table.add_row({"  " + std::string(verb.name), std::string(verb.summary)});
  }
  return "usage: attnsim VERB [ARGUMENT]... [OPTION]...\n\n"
         "What attention algorithms move through a memory hierarchy, counted exactly.\n\n"
         "verbs\n" +
         table.text() +
         "\n'attnsim VERB --help' says what a verb takes, 'attnsim help config' what files hold,\n"
         "'attnsim help ALGORITHM' what an algorithm takes.\n\n"
         "Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 a check or\n"
         "verification failed; 2 the input is wrong; 3 a bug.\n";
}

std::string verb_help(const Verb& verb) {
  report::TextTable options({kLeft, kLeft});
  add_options(options, verb.options);
  add_options(options, common_options());
  std::string out =
      "usage: " + synopsis(verb) + "\n\n" + std::string(verb.summary) + "\n\noptions\n";
  out += options.text();
  if (!verb.details.empty()) out += "\n" + verb.details;
  return out;
}

std::string version_text() { return "attnsim " + std::string(report::tool_version()) + "\n"; }

Verb help_verb() {
  return {.name = "help",
          .summary = "help on a verb, on configuration files or on an algorithm",
          .details = "TOPIC is a verb, 'config' or the id of an algorithm.\n",
          .operands = {.name = "TOPIC", .least = 0, .most = 1},
          .options = {},
          .run = run};
}

}  // namespace attnsim::app
