// One core: its places, its private units, and its own clock.
//
// A core runs ahead by itself until it needs something that all cores share - data from outside, or
// the next task - and then waits for its turn in the order of time. Its matrix unit and its vector
// and exp units each serve one operation after another; while both are busy, each runs at
// 1 / (1 + contention) of its speed, since they share issue slots, register ports and power.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/replay/time/place.h"

namespace attnsim::replay::time {

/// Who hears of every piece of work: a timeline.
class Listener {
 public:
  virtual ~Listener() = default;
  /// What follows, until the next one, is work of this kernel; its tasks are handed out at `begin`.
  virtual void kernel(const Kernel&, Ps /*begin*/) {}
  virtual void work(std::int64_t core, std::size_t place, int agent, const TileOp& op, Unit unit,
                    Ps from, Ps to) = 0;
  virtual void task(std::int64_t core, std::size_t place, std::int64_t task, Ps from, Ps to) = 0;
};

/// How a request to the shared memories went.
struct Served {
  Ps done = 0;              // when its data have arrived (a load) or left (a store)
  std::uint64_t bytes = 0;  // through the core's port
};

/// What cores share. Called in the order of simulated time.
class Shared {
 public:
  virtual ~Shared() = default;
  /// The task a core does next at one of its places; -1: none is left.
  virtual std::int64_t next_task(std::int64_t core, std::size_t place, Ps now) = 0;
  /// Moves what a traffic record says.
  virtual Served serve(const TileOp& record, std::int64_t core, Ps now) = 0;
  virtual std::uint64_t bytes_of(const TileOp& record) const = 0;
};

class Core {
 public:
  /// References all. `listener` may be null.
  Core(const Kernel& kernel, const Shape& shape, std::int64_t id, std::size_t places,
       Listener* listener);

  /// A first task, before the core runs.
  void assign(std::size_t place, std::int64_t task, Ps at) { places_[place]->start(task, at); }

  /// Puts to `shared` what the core waits for, then runs on to the next time it needs something of
  /// it. Returns that time; kNever when all its tasks are done.
  Ps proceed(Shared& shared);

  /// When its last operation was done.
  Ps finished_at() const;
  UnitWorkSums work() const;

 private:
  struct Job {
    std::size_t place;
    std::size_t strand;
    std::uint32_t number;
    Ps left;  // of its work, on the unit by itself
    Ps from = 0;
  };
  struct Server {
    std::vector<Job> jobs;  // a queue: from `first` on
    std::size_t first = 0;
    Ps ends_at = kNever;  // the first one, if nothing changes before: see next_event()
    bool busy() const { return first != jobs.size(); }
    Job& front() { return jobs[first]; }
    const Job& front() const { return jobs[first]; }
    void push(const Job& job) { jobs.push_back(job); }
    void pop() {
      if (++first == jobs.size()) {
        jobs.clear();
        first = 0;
      }
    }
  };
  struct Copy {
    std::size_t place;
    std::size_t strand;
    std::uint32_t number;
  };

  void serve_requests(Shared& shared);
  void serve(const Copy& copy, Shared& shared);
  void issue();
  bool issue(std::size_t place, std::size_t strand, Place::Strand& of);
  void finish_task(std::size_t place);
  Ps time_of(const Server& server) const;
  Ps next_event();
  void advance(Ps to);
  void finish(Server& server);

  const Kernel& kernel_;
  const Shape& shape_;
  std::int64_t id_;
  Listener* listener_;
  std::vector<std::unique_ptr<Place>> places_;  // immovable: each owns an emitter
  std::vector<bool> wants_task_;                // by place
  bool any_wants_task_ = false;
  bool completed_at_once_ = false;  // an operation, since the flag was taken down
  Server matrix_, vector_;
  std::vector<Copy> copies_;  // asked for at now_, not yet served
  double copy_in_free_ = 0, copy_out_free_ = 0;
  std::int64_t slowdown_;  // of two units that are busy together, in parts per million
  Ps now_ = 0;
};

}  // namespace attnsim::replay::time
