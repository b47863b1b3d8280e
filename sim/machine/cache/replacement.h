// What an on-line replacement policy promises, and the policies by name.
//
// A policy keeps its own state for sets of ways and never sees lines, tags or dirty bits: the cache
// does. Call protocol, per set: the cache fills empty ways first, lowest first; when none is empty
// it asks victim() and then reports fill() of that way. Every later use is a hit(). A way may
// become empty in between (back-invalidation): the policy is not told, and sees the next fill() of
// it.
//
// A policy is one .cc file in sim/machine/policies with ATTNSIM_REGISTER_POLICY at its end: no
// other file knows it. OPT is off-line (it must know the future), so it registers without a policy
// and is run by OptCache.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/core/registry.h"

namespace attnsim::machine {

class ReplacementPolicy {
 public:
  virtual ~ReplacementPolicy() = default;
  /// The way was used again.
  virtual void hit(std::uint32_t set, std::uint32_t way) = 0;
  /// The way holds a new line.
  virtual void fill(std::uint32_t set, std::uint32_t way) = 0;
  /// The way to give up. REQUIRES: every way of the set holds a line.
  virtual std::uint32_t victim(std::uint32_t set) = 0;
  /// Makes the state of `to` that of `from`.
  virtual void copy_set(std::uint32_t from, std::uint32_t to) = 0;
  /// True only if the two sets answer every future the same way.
  virtual bool same_set(std::uint32_t a, std::uint32_t b) const = 0;
  // A replay that leaves out copies compares states (recurring.h). A policy takes part by one of:
  /// Appends the ways in the order in which they would be kept, when that is all it depends on.
  virtual bool append_order(std::uint32_t /*set*/, std::vector<std::uint64_t>& /*out*/) const {
    return false;
  }
  /// Appends all that its answers depend on, where it tells ways apart.
  virtual bool append_state(std::uint32_t /*set*/, std::vector<std::uint64_t>& /*out*/) const {
    return false;
  }
  /// Sets with the same history behave the same, so a cache may keep one of them for many.
  virtual bool sets_are_alike() const { return true; }
};

struct PolicyGeometry {
  std::uint32_t sets = 1;
  std::uint32_t ways = 1;
  std::uint64_t seed = 0;  // of policies that draw
};

struct PolicyInfo {
  const char* summary;  // one line
  /// nullptr: off-line.
  std::unique_ptr<ReplacementPolicy> (*make)(const PolicyGeometry&);
};

using PolicyRegistry = Registry<PolicyInfo>;

struct PolicyLine {
  std::string name;
  std::string summary;
  bool on_line;
};

/// Every registered policy, by name.
std::vector<PolicyLine> policy_catalogue();

/// Throws UserError (with the nearest name) when there is no such policy.
const PolicyInfo& policy_info(const std::string& name);

/// Throws UserError when there is no such policy or it is off-line.
std::unique_ptr<ReplacementPolicy> make_policy(const std::string& name, const PolicyGeometry&);

}  // namespace attnsim::machine

#define ATTNSIM_REGISTER_POLICY(id, ...)                                           \
  [[maybe_unused]] const bool attnsim_registered = [] {                            \
    ::attnsim::machine::PolicyRegistry::instance().add(id, __VA_ARGS__, __FILE__); \
    return true;                                                                   \
  }()
