// A configuration document as a tree whose every part knows where it was written.
//
// The tree is plain data: files are parsed into it (parse.h), merged over each other (merge below),
// and read with tables of declared keys (schema.h). No third-party type shows here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attnsim::config {

/// Where something was written. line 0: on the command line, and `file` holds the argument
/// ("--set seed=3"); an empty file: nowhere, a default.
struct Position {
  std::string file{};
  int line = 0;
  int column = 0;
};

enum class NodeKind { null, scalar, map, sequence };

struct Entry;

struct Node {
  NodeKind kind = NodeKind::null;
  std::string text{};  // of a scalar, without quotes
  bool quoted = false;
  Position at{};
  std::vector<Entry> entries;  // of a map, in the order written; no key twice
  std::vector<Node> items;     // of a sequence

  bool is_map() const { return kind == NodeKind::map; }
  bool is_scalar() const { return kind == NodeKind::scalar; }

  /// The entry of a map; nullptr when it has no such key, or is no map.
  const Entry* entry(std::string_view key) const;
  Entry* entry(std::string_view key);
  /// The value of a map's entry, or nullptr.
  const Node* find(std::string_view key) const;
};

struct Entry {
  std::string key{};
  Position at{};  // of the key
  Node value{};
};

Node make_scalar(std::string text, Position at);
Node make_map(Position at);

/// Sets a key of a map, replacing the value it has.
void set_entry(Node& map, Entry entry);
void erase_entry(Node& map, std::string_view key);

/// `derived` over `base`: maps are merged key by key, anything else of `derived` replaces. Keys of
/// `base` keep their order and new keys follow. A merged map stands where `derived` was written,
/// unless that is the command line.
Node merge(Node base, const Node& derived);

}  // namespace attnsim::config
