// Declared fields of maps: one table checks the keys, reads the values and prints the manual.
//
//   const Field<Size> kFields[] = {
//       {{.key = "rows", .type = "integer", .required = true, .doc = "rows of the tile"},
//        [](const Cursor& value, Size& out) { ... }},
//   };
//   read_map<Size>(cursor, kFields, size);
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/cursor.h"

namespace attnsim::config {

/// What the manual says about a key.
struct FieldDoc {
  std::string key;
  std::string type;        // what a value looks like, with its unit
  std::string fallback{};  // the default as a user would write it; empty when absent means unset
  bool required = false;
  std::string doc;
};

template <typename T>
struct Field {
  FieldDoc doc;
  /// Reads the value into `out`, or records a fault and leaves it.
  void (*read)(const Cursor& value, T& out);
};

/// Records a fault for everything that is wrong with the keys of a map: no map at all, unknown keys
/// (with the nearest known one), required keys that are missing. False when there is no map.
bool check_keys(const Cursor& map, std::span<const FieldDoc> fields);

/// The hint that follows "unknown key 'x'": the nearest known one, or else all when they are few.
std::string key_hint(const std::string& key, std::span<const std::string> known);

template <typename T>
std::vector<FieldDoc> docs_of(std::span<const Field<T>> fields) {
  std::vector<FieldDoc> docs;
  for (const Field<T>& field : fields) docs.push_back(field.doc);
  return docs;
}

/// Checks the keys, then reads every field that is present, in the order of the table.
template <typename T>
void read_map(const Cursor& map, std::span<const Field<T>> fields, T& out) {
  if (!check_keys(map, docs_of(fields))) return;
  for (const Field<T>& field : fields) {
    const Entry* entry = map.node().entry(field.doc.key);
    if (entry != nullptr) field.read(map.child(*entry), out);
  }
}

}  // namespace attnsim::config
