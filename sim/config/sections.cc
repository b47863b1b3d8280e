#include "sim/config/sections.h"

#include <utility>

#include "sim/config/mask_reader.h"

namespace attnsim::config {
namespace {

struct Section {
  std::string_view name;
  std::string_view base_key;  // the key that names what the section builds on
};

constexpr Section kSections[] = {
    {"workload", "extends"}, {"hardware", "extends"}, {"algorithm", "name"}};

const Section* section(std::string_view name) {
  for (const Section& s : kSections) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

/// True when `derived` names a base that is not the one of `base`.
bool names_another(const Node& base, const Node& derived, std::string_view base_key) {
  const Node* theirs = base.find(base_key);
  const Node* ours = derived.find(base_key);
  if (ours == nullptr) return false;
  return theirs == nullptr || !theirs->is_scalar() || theirs->text != ours->text;
}

Node merge_section(const Section& s, Node base, const Node& derived) {
  if (!derived.is_map()) return long_form(s.name, derived);
  if (!base.is_map() || names_another(base, derived, s.base_key)) return derived;
  if (s.name == "workload") return merge_workload(std::move(base), derived);
  return merge(std::move(base), derived);
}

/// Prepares the mask of `base` for what `derived` says about it: another mask replaces it, a map
/// without a kind changes it.
void merge_mask(Node& base, const Node* derived) {
  Entry* mask = base.entry("mask");
  if (mask == nullptr || derived == nullptr) return;
  mask->value = mask_long_form(std::move(mask->value));
  const Node ours = mask_long_form(*derived);
  if (!ours.is_map() || !mask->value.is_map() || names_another(mask->value, ours, "kind")) {
    erase_entry(base, "mask");
  }
}

}  // namespace

Node long_form(std::string_view section_name, Node node) {
  const Section* s = section(section_name);
  if (s == nullptr || !node.is_scalar()) return node;
  Node map = make_map(node.at);
  map.entries.push_back({.key = std::string(s->base_key), .at = node.at, .value = std::move(node)});
  return map;
}

Node with_long_forms(Node run) {
  for (Entry& e : run.entries) e.value = long_form(e.key, std::move(e.value));
  return run;
}

Node merge_run(Node base, const Node& derived) {
  for (const Entry& e : derived.entries) {
    Entry* old = base.entry(e.key);
    if (old == nullptr) {
      base.entries.push_back({.key = e.key, .at = e.at, .value = long_form(e.key, e.value)});
      continue;
    }
    const Section* s = section(e.key);
    Node value = s != nullptr ? merge_section(*s, std::move(old->value), e.value) : e.value;
    *old = {.key = e.key, .at = e.at, .value = std::move(value)};
  }
  if (derived.at.line > 0) base.at = derived.at;
  return base;
}

Node merge_workload(Node base, const Node& derived) {
  const bool both = derived.find("seqlen") != nullptr;
  const bool one = derived.find("seqlen_q") != nullptr || derived.find("seqlen_kv") != nullptr;
  if (both) {
    for (const char* key : {"seqlen", "seqlen_q", "seqlen_kv"}) erase_entry(base, key);
  } else if (const Entry* inherited = one ? base.entry("seqlen") : nullptr) {
    Entry half = *inherited;
    erase_entry(base, "seqlen");
    for (const char* key : {"seqlen_q", "seqlen_kv"}) {
      half.key = key;
      if (base.entry(key) == nullptr) base.entries.push_back(half);
    }
  }
  merge_mask(base, derived.find("mask"));
  return merge(std::move(base), derived);
}

}  // namespace attnsim::config
