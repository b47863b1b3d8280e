// The output folder of a study: its store, and the files written from it.
//
//   study.sqlite    one row a point (sim/store)
//   results.csv     one line a point, in their order (sim/report/study.h)
//   results.jsonl   one result a line, in the same order
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/config/study.h"
#include "sim/report/study.h"
#include "sim/store/result_store.h"

namespace attnsim::app {

class StudyFolder {
 public:
  /// Makes the folder where there is none. Throws UserError when the folder, its files or its store
  /// cannot be written; nothing is changed then.
  explicit StudyFolder(const std::string& path);

  const std::string& path() const { return path_; }
  store::ResultStore& store() { return *store_; }

  /// Writes results.csv and results.jsonl, each whole or not at all. `keys` are those of the
  /// study's points, all of which are in the store. Fills in rows, points and without.
  void write_results(const config::Study& study, const std::vector<std::string>& keys,
                     report::StudyOverview& overview);

 private:
  std::string file(const char* name) const {
    return (std::filesystem::path(path_) / name).string();
  }

  std::string path_;
  std::unique_ptr<store::ResultStore> store_;
};

}  // namespace attnsim::app
