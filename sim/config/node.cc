#include "sim/config/node.h"

#include <cstddef>
#include <unordered_map>
#include <utility>

namespace attnsim::config {

const Entry* Node::entry(std::string_view key) const {
  for (const Entry& e : entries) {
    if (e.key == key) return &e;
  }
  return nullptr;
}

Entry* Node::entry(std::string_view key) {
  for (Entry& e : entries) {
    if (e.key == key) return &e;
  }
  return nullptr;
}

const Node* Node::find(std::string_view key) const {
  const Entry* e = entry(key);
  return e == nullptr ? nullptr : &e->value;
}

Node make_scalar(std::string text, Position at) {
  Node node;
  node.kind = NodeKind::scalar;
  node.text = std::move(text);
  node.at = std::move(at);
  return node;
}

Node make_map(Position at) {
  Node node;
  node.kind = NodeKind::map;
  node.at = std::move(at);
  return node;
}

void set_entry(Node& map, Entry entry) {
  if (Entry* old = map.entry(entry.key)) {
    *old = std::move(entry);
  } else {
    map.entries.push_back(std::move(entry));
  }
}

void erase_entry(Node& map, std::string_view key) {
  std::erase_if(map.entries, [key](const Entry& e) { return e.key == key; });
}

Node merge(Node base, const Node& derived) {
  if (!base.is_map() || !derived.is_map()) return derived;
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < base.entries.size(); ++i) index.emplace(base.entries[i].key, i);
  for (const Entry& e : derived.entries) {
    const auto it = index.find(e.key);
    if (it == index.end()) {
      base.entries.push_back(e);
    } else {
      Entry& old = base.entries[it->second];
      old = {.key = e.key, .at = e.at, .value = merge(std::move(old.value), e.value)};
    }
  }
  if (derived.at.line > 0) base.at = derived.at;
  return base;
}

}  // namespace attnsim::config
