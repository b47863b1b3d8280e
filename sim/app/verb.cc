#include "sim/app/verb.h"

#include <cstdio>

#include "sim/app/command_text.h"
#include "sim/app/output.h"
#include "sim/core/error.h"
#include "sim/core/spelling.h"

namespace attnsim::app {
namespace {

/// Throws UserError for a verb that does not exist.
Verb find_verb(const std::string& name) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) {
    if (verb.name == name) return verb;
    names.emplace_back(verb.name);
  }
  if (name.starts_with('-')) {
    throw UserError("expected a verb before '" + name + "'" + suggestion("", names));
  }
  throw UserError("unknown verb '" + name + "'" + suggestion(name, names));
}

std::vector<Option> all_options(const Verb& verb) {
  std::vector<Option> options = verb.options;
  const std::span<const Option> common = common_options();
  options.insert(options.end(), common.begin(), common.end());
  return options;
}

}  // namespace

std::vector<Verb> verbs() {
  return {run_verb(),      explain_verb(), verify_verb(),  bounds_verb(), curve_verb(),
          schedule_verb(), sweep_verb(),   compare_verb(), check_verb(),  validate_verb(),
          trace_verb(),    list_verb(),    help_verb()};
}

Exit verdict(std::uint64_t failed, std::uint64_t total, std::string_view things) {
  if (failed == 0) return Exit::done;
  std::fprintf(stderr, "%llu of %llu %s failed\n", static_cast<unsigned long long>(failed),
               static_cast<unsigned long long>(total), std::string(things).c_str());
  return Exit::failed;
}

Exit dispatch(const std::vector<std::string>& words) {
  if (words.empty()) throw UserError("no verb given\n\n" + overview());
  if (words[0] == "--help" || words[0] == "-h") {
    write_stdout(overview());
    return Exit::done;
  }
  if (words[0] == "--version") {
    write_stdout(version_text());
    return Exit::done;
  }
  const Verb verb = find_verb(words[0]);
  const Arguments arguments(all_options(verb), verb.operands, {words.begin() + 1, words.end()});
  if (arguments.has("help")) {
    write_stdout(verb_help(verb));
    return Exit::done;
  }
  if (arguments.has("version")) {
    write_stdout(version_text());
    return Exit::done;
  }
  check_operands(verb.name, verb.operands, arguments);
  return verb.run({.arguments = arguments, .command = command_text(words)});
}

}  // namespace attnsim::app
