// `extends`: builds a run, a workload or a machine from the files it is derived from.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/config.h"
#include "sim/config/faults.h"
#include "sim/config/node.h"

namespace attnsim::config {

/// What may be derived; declared in resolve.cc.
struct Family;

/// Files already parsed, so that thousands of runs read each once. Safe to share between threads.
class Documents {
 public:
  /// nullptr when it was not kept.
  std::shared_ptr<const Node> find(const std::string& file) const;
  void keep(const std::string& file, const Node& document);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Node>> documents_;
};

/// Follows chains of `extends`. Every function returns a tree without `extends`, or nothing when a
/// file is missing, broken, or extends itself; the reasons are in `faults` then. `path` is
/// where the tree stands in the whole configuration, for messages.
class Resolver {
 public:
  /// All must outlive the resolver. `documents` may be null.
  Resolver(const SearchPath& search, Faults& faults, Documents* documents = nullptr)
      : search_(search), faults_(faults), documents_(documents) {}

  /// A run file named on the command line.
  std::optional<Node> run_file(const std::string& file);
  /// A check file named on the command line: parsed, and a map, but nothing resolved yet.
  std::optional<Node> plain_file(const std::string& file);

  /// The map in the file of a mask that a scalar of the workload names.
  std::optional<Node> mask_file(const Node& name, const std::string& path);

  std::optional<Node> run(const Node& map, const std::string& path);
  std::optional<Node> workload(const Node& map, const std::string& path);
  std::optional<Node> machine(const Node& map, const std::string& path);

 private:
  struct Link {
    std::filesystem::path identity;  // canonical
    std::string shown;
  };

  std::optional<Node> resolve(Node map, const std::string& path, const Family& family);
  std::optional<Node> load(const std::string& file, const std::string& path, const Family& family);
  std::optional<Node> parse_map(const std::string& file, const std::string& path,
                                std::size_t largest);
  std::optional<std::string> locate(const Node& target, const std::string& path,
                                    const Family& family);
  /// Reports a cycle when `file` is being resolved already.
  bool closes_cycle(const std::string& file, const Node& target, const std::string& path);

  const SearchPath& search_;
  Faults& faults_;
  Documents* documents_;
  std::vector<Link> chain_;  // files being resolved, outermost first
};

}  // namespace attnsim::config
