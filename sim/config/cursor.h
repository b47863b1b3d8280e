// A place in a document: a node, the path that leads to it, and where its faults go.
//
// The readers below return the value, or record a fault of the form `expected X, got Y` at the
// position of the node and return nothing; reading then goes on with the next field, so that one
// pass finds all faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sim/config/faults.h"
#include "sim/config/node.h"
#include "sim/config/quantity.h"

namespace attnsim::config {

/// `a.b`, or `b` at the root.
std::string join_path(const std::string& path, std::string_view key);

/// What a node is, for messages: 'text', a map, a list, nothing.
std::string describe(const Node& node);

/// Bounds of an integer, both included.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();

  /// "an integer from 1 to 8", "an integer of at least 1".
  std::string description() const;
};

class Cursor {
 public:
  /// `node` and `faults` must outlive the cursor.
  Cursor(const Node& node, std::string path, Faults& faults)
      : node_(&node), path_(std::move(path)), faults_(&faults) {}

  const Node& node() const { return *node_; }
  const std::string& path() const { return path_; }
  Faults& faults() const { return *faults_; }

  /// The value of an entry of this map.
  Cursor child(const Entry& entry) const {
    return {entry.value, join_path(path_, entry.key), *faults_};
  }
  /// The value of a key of this map; this very node when it has no such key, so that a fault about
  /// an absent key is reported at the map.
  Cursor child(std::string_view key) const;
  /// An item of this list.
  Cursor item(std::size_t index) const;

  /// Records a fault at this node.
  void fault(const std::string& message) const { faults_->add(node_->at, path_, message); }
  /// Records "expected X, got Y".
  void expected(const std::string& what) const;

  std::optional<std::int64_t> integer(const Range& range) const;
  std::optional<double> real() const;
  std::optional<bool> boolean() const;
  std::optional<double> quantity(Quantity quantity) const;
  /// A size in bytes.
  std::optional<std::uint64_t> size() const;
  /// A size in bytes or, where `allow_words`, in words.
  std::optional<Capacity> capacity(bool allow_words) const;
  /// A scalar that is not empty; `what` completes "expected".
  std::optional<std::string> text(const std::string& what) const;
  /// One of `names`; the fault suggests the nearest. `what` completes "unknown".
  std::optional<std::string> choice(const std::string& what,
                                    std::span<const std::string> names) const;
  /// True when this is a map (a sequence); else a fault.
  bool require_map() const;
  bool require_sequence() const;

 private:
  /// The text of an unquoted scalar, or nothing.
  std::optional<std::string_view> plain() const;

  const Node* node_;
  std::string path_;
  Faults* faults_;
};

}  // namespace attnsim::config
