#include "sim/app/output_file.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/core/error.h"

namespace attnsim::app {
namespace {

namespace fs = std::filesystem;

/// An open file descriptor. -1 when opening failed; errno says why.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  /// Closes now; false when the system reports that data were lost.
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0;
  }

 private:
  int fd_;
};

/// A new file beside the target, gone at the end unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target)
      : descriptor_(create(target.parent_path(), path_)), exists_(descriptor_.get() >= 0) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (exists_) ::unlink(path_.c_str());
  }

  bool opened() const { return descriptor_.get() >= 0; }
  Descriptor& descriptor() { return descriptor_; }

  bool rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return false;
    exists_ = false;
    return true;
  }

 private:
  /// A file nobody else has: names taken by others (a shared folder) are passed over.
  static int create(const fs::path& folder, fs::path& path) {
    constexpr int kMostAttempts = 100;
    for (int attempt = 0;; ++attempt) {
      path = folder /
             (".attnsim-" + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".tmp");
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd >= 0 || errno != EEXIST || attempt == kMostAttempts) return fd;
    }
  }

  fs::path path_;
  Descriptor descriptor_;
  bool exists_;
};

[[noreturn]] void fail(const std::string& what, const std::string& why) {
  throw UserError("cannot write " + what + ": " + why);
}

[[noreturn]] void fail_with_errno(const std::string& what) { fail(what, std::strerror(errno)); }

/// False, with errno set, unless every byte was taken.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

/// The permissions of a file that is about to be replaced.
std::optional<mode_t> mode_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_mode & 07777;
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : given_(path) {
  if (path.empty()) throw UserError("option '--output' needs the name of a file");
  std::error_code fault;
  path_ = fs::weakly_canonical(fs::absolute(path), fault);
  if (fault) fail(quoted(path), fault.message());
  const fs::file_status status = fs::status(path_, fault);
  if (fs::is_directory(status) || path.ends_with('/')) fail(quoted(path), "it names a folder");
  direct_ = fs::exists(status) && !fs::is_regular_file(status);
  if (fs::exists(status) && ::access(path_.c_str(), W_OK) != 0) fail_with_errno(quoted(path));
  if (direct_) return;
  const fs::path folder = path_.parent_path();
  if (!fs::is_directory(folder, fault)) {
    fail(quoted(path), "there is no folder " + quoted(folder.string()));
  }
  if (!TemporaryFile(path_).opened()) fail_with_errno(quoted(path));
}

void OutputFile::write(std::string_view text) const {
  if (direct_) return write_directly(text);
  TemporaryFile file(path_);
  if (!file.opened()) fail_with_errno(quoted(given_));
  const int fd = file.descriptor().get();
  if (const auto mode = mode_of(path_); mode && ::fchmod(fd, *mode) != 0) {
    fail_with_errno(quoted(given_));
  }
  if (!write_all(fd, text) || ::fsync(fd) != 0 || !file.descriptor().close() ||
      !file.rename_to(path_)) {
    fail_with_errno(quoted(given_));
  }
}

void OutputFile::write_directly(std::string_view text) const {
  Descriptor file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0 || !write_all(file.get(), text) || !file.close()) {
    fail_with_errno(quoted(given_));
  }
}

void write_stdout(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text)) fail_with_errno("to standard output");
}

void reserve_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is taken, which is fd. Read-only: a write to it fails.
    if (::open("/dev/null", O_RDONLY) < 0) return;
  }
}

}  // namespace attnsim::app
