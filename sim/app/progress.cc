#include "sim/app/progress.h"

#include <cstdio>

#include <unistd.h>

namespace attnsim::app {
namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine(const Arguments& arguments, std::string unit)
    : unit_(std::move(unit)),
      enabled_(!arguments.has("quiet") && ::isatty(STDERR_FILENO) == 1),
      start_(Clock::now()) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputs(kClearLine, stderr);
}

void ProgressLine::show(std::uint64_t done, std::uint64_t total) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  if (now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::fprintf(stderr, "%s%llu of %llu %s", kClearLine, static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(total), unit_.c_str());
  if (rate > 0) {
    std::fprintf(stderr, ", %.3g/s, %.0f s left", rate, static_cast<double>(total - done) / rate);
  }
  std::fflush(stderr);
}

}  // namespace attnsim::app
