#include "sim/app/interrupt.h"

#include <csignal>
#include <cstdlib>

namespace attnsim::app {
namespace {

// Plain atomics without locks: all that a signal handler may touch.
std::atomic<bool> interrupted_flag = false;
std::atomic<int> received = 0;

void handle(int signal) {
  received = signal;
  interrupted_flag = true;
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptWatch::InterruptWatch() {
  interrupted_flag = false;
  std::signal(SIGINT, handle);
  std::signal(SIGTERM, handle);
}

InterruptWatch::~InterruptWatch() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

const std::atomic<bool>& InterruptWatch::interrupted() const { return interrupted_flag; }

void InterruptWatch::end_as_interrupted() const {
  std::signal(received, SIG_DFL);
  std::raise(received);
  std::abort();  // both signals end a program
}

}  // namespace attnsim::app
