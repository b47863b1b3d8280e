#include "sim/study/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace attnsim::study {
namespace {

/// What the threads share.
class Queue {
 public:
  Queue(std::size_t count, const std::function<void(std::size_t)>& work, Progress* progress)
      : count_(count), work_(work), progress_(progress) {}

  /// Takes pieces until none is left or one has failed.
  void drain() {
    for (std::size_t i = next_++; i < count_ && !stopped_; i = next_++) {
      try {
        work_(i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        stopped_ = true;
        return;
      }
      report();
    }
  }

  void throw_if_failed() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void report() {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (progress_ != nullptr) progress_->step(done_, count_, {});
  }

  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;
  Progress* const progress_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::exception_ptr failure_{};
};

}  // namespace

void parallel_for(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& work,
                  Progress* progress) {
  if (jobs == 0) jobs = std::max(1U, std::thread::hardware_concurrency());
  Queue queue(count, work, progress);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min<std::size_t>(jobs, count); ++i) {
      threads.emplace_back([&queue] { queue.drain(); });
    }
    queue.drain();
  }
  queue.throw_if_failed();
}

}  // namespace attnsim::study
