// The verbs of the command line: attnsim VERB ... Each has a file of its own and a row in the
// table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/app/options.h"

namespace attnsim::app {

/// How a program ends.
enum class Exit {
  done = 0,
  failed = 1,      // a check or a verification does not hold
  user_error = 2,  // the user's input is wrong
  bug = 3,
};

/// One call of a verb.
struct Invocation {
  const Arguments& arguments;
  std::string command;  // the whole command line, as a shell would take it
};

struct Verb {
  std::string_view name;
  std::string_view summary;  // one line, no final period
  std::string details;       // shown below the options in the verb's help; lines end in newlines
  Operands operands{};
  std::vector<Option> options{};  // without the common ones
  Exit (*run)(const Invocation&);
};

/// In the order in which help lists them.
std::vector<Verb> verbs();

// One per file.
Verb run_verb();
Verb explain_verb();
Verb verify_verb();
Verb bounds_verb();
Verb check_verb();
Verb validate_verb();
Verb curve_verb();
Verb schedule_verb();
Verb sweep_verb();
Verb compare_verb();
Verb trace_verb();
Verb list_verb();
Verb help_verb();

/// How a verb ends that judges `total` things. Says on stderr how many failed, if any did.
Exit verdict(std::uint64_t failed, std::uint64_t total, std::string_view things);

/// What `attnsim help` prints.
std::string overview();
/// What `attnsim VERB --help` prints.
std::string verb_help(const Verb& verb);
/// "attnsim 1.2.3\n".
std::string version_text();

/// The whole program without the exception barrier: words are those after the program's name.
Exit dispatch(const std::vector<std::string>& words);

}  // namespace attnsim::app
