#include "tests/e2e/program.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace attnsim::e2e {
namespace {

namespace fs = std::filesystem;

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "attnsim_e2e_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot create " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::size_t TemporaryFolder::size() const {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

Outcome shell(const std::string& line, const fs::path& folder) {
  const TemporaryFolder streams;
  const fs::path script = streams / "script";
  std::ofstream(script) << "ATTNSIM_SHARE=" << quoted(ATTNSIM_SOURCE_DIR)
                        << "\nexport ATTNSIM_SHARE\nattnsim() { " << quoted(ATTNSIM_BINARY)
                        << " \"$@\"; }\ncd " << quoted(folder) << " || exit 99\n"
                        << line << '\n';
  const std::string command = "sh " + quoted(script) + " < /dev/null > " + quoted(streams / "out") +
                              " 2> " + quoted(streams / "err");
  const int status = std::system(command.c_str());
  if (status == -1) throw std::runtime_error("cannot start: " + command);
  return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read_file(streams / "out"),
          .err = read_file(streams / "err")};
}

Outcome attnsim(const std::string& arguments, const fs::path& folder) {
  return shell("attnsim " + arguments, folder);
}

}  // namespace attnsim::e2e
