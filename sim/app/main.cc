// attnsim: the exception barrier around the verbs. Results go to stdout, everything else to stderr.
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "sim/app/output_file.h"
#include "sim/app/verb.h"
#include "sim/core/error.h"
#include "sim/trace/trace_error.h"

namespace attnsim::app {
namespace {

Exit stop(Exit code, const std::string& message) {
  const char* end = message.ends_with('\n') ? "" : "\n";
  std::fprintf(stderr, "%s%s", message.c_str(), end);
  return code;
}

Exit bug(const std::string& message) {
  return stop(Exit::bug, message + "\nthis is a bug in attnsim");
}

Exit guarded_dispatch(const std::vector<std::string>& words) {
  try {
    return dispatch(words);
  } catch (const UserError& error) {
    return stop(Exit::user_error, error.what());
  } catch (const std::bad_alloc&) {
    return stop(Exit::user_error, "not enough memory for this input");
  } catch (const TraceError& error) {
    return stop(Exit::bug, std::string("illegal trace: ") + error.what());
  } catch (const std::exception& error) {
    return bug(error.what());
  } catch (...) {
    return bug("unknown exception");
  }
}

}  // namespace
}  // namespace attnsim::app

int main(int argc, char** argv) {
  attnsim::app::reserve_standard_streams();
  // A reader that went away and a file grown too large are writes that fail, with a message.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(attnsim::app::guarded_dispatch(words));
}
