// Components that register themselves by name: one line beside the class, no list to edit.
//
// A registry holds plain function pointers, filled by namespace-scope registrars before main.
// Order of registration is unspecified, so names() is sorted. A name registered twice is a bug that
// names both files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace attnsim {

template <typename Factory>
class Registry {
 public:
  struct Entry {
    Factory factory;
    const char* file;
  };

  /// The one registry of this kind in the process.
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  void add(const std::string& name, Factory factory, const char* file) {
    const auto [it, inserted] = entries_.try_emplace(name, Entry{factory, file});
    if (!inserted) {
      duplicates_.push_back("'" + name + "' is registered by " + it->second.file + " and by " +
                            file);
    }
  }

  /// nullptr when there is no such name.
  const Entry* find(const std::string& name) const {
    ATTNSIM_CHECK(duplicates_.empty(), duplicates_.front());
    const auto it = entries_.find(name);
    return it == entries_.end() ? nullptr : &it->second;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, entry] : entries_) out.push_back(name);
    return out;
  }

 private:
  std::map<std::string, Entry> entries_;
  std::vector<std::string> duplicates_;  // reported on first use: throwing before main helps nobody
};

}  // namespace attnsim
