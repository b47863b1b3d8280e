// Results of the points of studies in an SQLite file: one row a point, found by a key that says all
// the result depends on.
//
// Rows are added in transactions and never changed, so a process that is killed leaves a store that
// holds every batch it added, and several processes may add to one store: of equal keys the first
// row stays. Nothing in a row tells when, where or by whom it was computed.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "sim/core/study.h"

namespace attnsim::store {

struct StoredResult {
  std::string key{};
  PointSummary summary{};
  std::string document{};  // the whole result as text
};

/// Not safe to share between threads.
class ResultStore {
 public:
  /// Opens the file or creates it. Throws UserError, and leaves the file as it is, when it is not a
  /// store, or one of another format.
  explicit ResultStore(const std::string& file);
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;
  ~ResultStore();

  /// The keys of all rows.
  std::set<std::string> keys() const;
  /// Adds rows, all of them or, when that fails, none; those whose key is there are passed over.
  void add(std::span<const StoredResult> results);
  /// REQUIRES: the key is there.
  StoredResult get(const std::string& key) const;
  /// Runs `work` while no other process writes to the store or runs such work of its own.
  void exclusively(const std::function<void()>& work);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace attnsim::store
