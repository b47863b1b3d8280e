#include "sim/config/workload_reader.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "sim/config/mask_reader.h"
#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

constexpr Range kReach{.min = 0, .max = std::int64_t{1} << 30};

constexpr const char* kCountType = "integer 1..2^20";
constexpr const char* kLengthType = "integer 1..2^30";
constexpr const char* kReachType = "integer 0..2^30";
constexpr const char* kShareType = "number 0..1, below 1";
constexpr const char* kSeedType = "integer 0..2^63-1";

/// A workload as written: what has a default that depends on other keys is still open.
struct Draft {
  Workload workload{};
  std::optional<std::int64_t> kv_heads{};
  std::optional<std::int64_t> head_dim_v{};
  bool windowed = false;
};

void assign(std::int64_t& to, const Cursor& value, const Range& range) {
  if (const auto read = value.integer(range)) to = *read;
}

void read_dtype(const Cursor& value, Draft& out) {
  const auto names = dtype_names();
  const std::vector<std::string> all(names.begin(), names.end());
  if (const auto text = value.choice("dtype", all)) out.workload.dtype = *dtype_from_name(*text);
}

void read_pass(const Cursor& value, Draft& out) {
  std::vector<std::string> names;
  for (const Pass pass : {Pass::forward, Pass::backward, Pass::forward_backward}) {
    names.emplace_back(name(pass));
  }
  const auto text = value.choice("pass", names);
  if (!text) return;
  const auto index = std::find(names.begin(), names.end(), *text) - names.begin();
  out.workload.pass = static_cast<Pass>(index);
}

void read_probability(const Cursor& value, DropoutSpec& out) {
  const std::optional<double> share = value.real();
  if (!share) return;
  if (*share < 0 || *share >= 1) {
    value.expected("a probability of at least 0 and below 1");
  } else {
    out.probability = *share;
  }
}

std::span<const Field<Workload>> window_table() {
  static const Field<Workload> kFields[] = {
      {{.key = "left",
        .type = kReachType,
        .fallback = "unbounded",
        .doc = "keys visible before the diagonal"},
       [](const Cursor& v, Workload& out) { out.window_left = v.integer(kReach); }},
      {{.key = "right",
        .type = kReachType,
        .fallback = "unbounded",
        .doc = "keys visible after the diagonal; causal makes it 0"},
       [](const Cursor& v, Workload& out) { out.window_right = v.integer(kReach); }},
  };
  return kFields;
}

void read_window(const Cursor& value, Draft& out) {
  out.windowed = true;
  if (!value.node().is_map()) {
    out.workload.window_left = out.workload.window_right = value.integer(kReach);
  } else if (value.node().entries.empty()) {
    value.fault("expected left, right or both, got an empty map");
  } else {
    read_map(value, window_table(), out.workload);
  }
}

std::span<const Field<DropoutSpec>> dropout_table() {
  static const Field<DropoutSpec> kFields[] = {
      {{.key = "probability",
        .type = kShareType,
        .required = true,
        .doc = "of dropping an element of the attention probabilities"},
       [](const Cursor& v, DropoutSpec& out) { read_probability(v, out); }},
      {{.key = "seed",
        .type = kSeedType,
        .fallback = "0",
        .doc = "of the generator that says which: Philox4x32-10, counted by element"},
       [](const Cursor& v, DropoutSpec& out) {
         if (const auto seed = v.integer({.min = 0})) out.seed = static_cast<std::uint64_t>(*seed);
       }},
  };
  return kFields;
}

void read_dropout(const Cursor& value, Draft& out) {
  if (value.node().is_map()) {
    read_map(value, dropout_table(), out.workload.dropout);
  } else {
    read_probability(value, out.workload.dropout);
  }
}

/// Keys whose value another reader has taken already.
void read_nothing(const Cursor&, Draft&) {}

std::span<const Field<Draft>> workload_table() {
  static const Field<Draft> kFields[] = {
      {{.key = "extends",
        .type = "name or file",
        .doc = "a workload of configs/workloads, or a file, that this one is derived from"},
       read_nothing},
      {{.key = "description", .type = "text", .doc = "free text, ignored"}, read_nothing},
      {{.key = "batch", .type = kCountType, .fallback = "1", .doc = "sequences"},
       [](const Cursor& v, Draft& out) { assign(out.workload.batch, v, kCountRange); }},
      {{.key = "heads", .type = kCountType, .fallback = "1", .doc = "query heads"},
       [](const Cursor& v, Draft& out) { assign(out.workload.heads, v, kCountRange); }},
      {{.key = "kv_heads",
        .type = kCountType,
        .fallback = "heads",
        .doc = "key and value heads; divides heads (fewer: grouped-query attention)"},
       [](const Cursor& v, Draft& out) { out.kv_heads = v.integer(kCountRange); }},
      {{.key = "seqlen",
        .type = kLengthType,
        .doc = "queries and keys per sequence; required unless seqlen_q and seqlen_kv are given"},
       [](const Cursor& v, Draft& out) {
         assign(out.workload.seqlen_q, v, kLengthRange);
         out.workload.seqlen_kv = out.workload.seqlen_q;
       }},
      {{.key = "seqlen_q", .type = kLengthType, .doc = "queries per sequence"},
       [](const Cursor& v, Draft& out) { assign(out.workload.seqlen_q, v, kLengthRange); }},
      {{.key = "seqlen_kv", .type = kLengthType, .doc = "keys per sequence"},
       [](const Cursor& v, Draft& out) { assign(out.workload.seqlen_kv, v, kLengthRange); }},
      {{.key = "prefix",
        .type = kReachType,
        .fallback = "0",
        .doc = "keys at the start that all sequences of the batch share; at most seqlen_kv"},
       [](const Cursor& v, Draft& out) { assign(out.workload.prefix, v, kReach); }},
      {{.key = "head_dim", .type = kCountType, .required = true, .doc = "columns of Q and K"},
       [](const Cursor& v, Draft& out) { assign(out.workload.head_dim, v, kCountRange); }},
      {{.key = "head_dim_v",
        .type = kCountType,
        .fallback = "head_dim",
        .doc = "columns of V and O"},
       [](const Cursor& v, Draft& out) { out.head_dim_v = v.integer(kCountRange); }},
      {{.key = "dtype",
        .type = "dtype",
        .fallback = "fp16",
        .doc = "element type of the tensors; its size is one word"},
       read_dtype},
      {{.key = "causal",
        .type = "true or false",
        .fallback = "false",
        .doc = "mask keys after the diagonal, which ends in the bottom-right corner"},
       [](const Cursor& v, Draft& out) { out.workload.causal = v.boolean().value_or(false); }},
      {{.key = "window",
        .type = "integer 0..2^30, or map",
        .fallback = "unbounded",
        .doc = "local attention: keys visible on both sides of the diagonal"},
       read_window},
      {{.key = "mask",
        .type = "name, file or map",
        .fallback = "none",
        .doc = "a block mask, on top of causal and window: see attnsim list masks"},
       read_nothing},
      {{.key = "dropout",
        .type = "number 0..1, or map",
        .fallback = "0",
        .doc = "probability of dropping an element of the attention probabilities"},
       read_dropout},
      {{.key = "pass",
        .type = "forward, backward or forward_backward",
        .fallback = "forward",
        .doc = "which pass of the algorithm runs"},
       read_pass},
  };
  return kFields;
}

void check_seqlens(const Cursor& map) {
  const auto has = [&](const char* key) { return map.node().find(key) != nullptr; };
  if (has("seqlen")) {
    for (const char* key : {"seqlen_q", "seqlen_kv"}) {
      if (has(key)) map.child(key).fault("cannot be given together with seqlen");
    }
    return;
  }
  if (!has("seqlen_q") && !has("seqlen_kv")) {
    map.fault("missing key 'seqlen' (" + std::string(kLengthType) +
              "), or both seqlen_q and seqlen_kv");
  } else if (!has("seqlen_q")) {
    map.fault("missing key 'seqlen_q' (" + std::string(kLengthType) + ")");
  } else if (!has("seqlen_kv")) {
    map.fault("missing key 'seqlen_kv' (" + std::string(kLengthType) + ")");
  }
}

using Factor = std::pair<const char*, std::int64_t>;

/// Records a fault when the product of the factors is 2^62 or more.
void check_product(const Cursor& map, const std::string& what,
                   std::initializer_list<Factor> factors) {
  constexpr std::int64_t kMost = (std::int64_t{1} << 62) - 1;
  std::int64_t product = 1;
  std::string text;
  for (const auto& [factor_name, factor] : factors) {
    product = product == 0 || product > kMost / factor ? 0 : product * factor;
    text += (text.empty() ? "" : " x ") + std::string(factor_name) + " " + std::to_string(factor);
  }
  if (product == 0) map.fault(what + " has 2^62 elements or more: " + text);
}

void check_sizes(const Cursor& map, const Workload& w) {
  const Factor batch{"batch", w.batch};
  const Factor heads{"heads", w.heads};
  const Factor kv_heads{"kv_heads", w.kv_heads};
  const Factor rows{"seqlen_q", w.seqlen_q};
  const Factor keys{"seqlen_kv", w.seqlen_kv};
  check_product(map, "Q", {batch, heads, rows, {"head_dim", w.head_dim}});
  check_product(map, "K", {batch, kv_heads, keys, {"head_dim", w.head_dim}});
  check_product(map, "V", {batch, kv_heads, keys, {"head_dim_v", w.head_dim_v}});
  check_product(map, "O", {batch, heads, rows, {"head_dim_v", w.head_dim_v}});
  check_product(map, "the score matrix", {batch, heads, rows, keys});
}

void check_prefix(const Cursor& map, const Workload& w) {
  if (w.prefix == 0) return;
  const Cursor at = map.child("prefix");
  if (w.prefix > w.seqlen_kv) {
    at.expected("at most seqlen_kv (" + std::to_string(w.seqlen_kv) + ")");
  }
  if (w.pass != Pass::forward) at.fault("expected pass forward: gradients of shared keys are sums");
  if (map.node().find("mask") != nullptr) at.fault("cannot be given together with mask");
}

void check_heads(const Cursor& map, const Workload& w) {
  if (w.heads % w.kv_heads == 0) return;
  const Cursor at = map.child(map.node().find("heads") != nullptr ? "heads" : "kv_heads");
  at.faults().add(at.node().at, join_path(map.path(), "heads"),
                  "expected a multiple of kv_heads (" + std::to_string(w.kv_heads) + "), got " +
                      quote(std::to_string(w.heads)));
}

}  // namespace

void check_shape(const Cursor& map, const Workload& workload) {
  check_heads(map, workload);
  check_prefix(map, workload);
  check_sizes(map, workload);
}

std::optional<Workload> read_workload(const Cursor& map, const Catalogue& catalogue,
                                      Resolver& resolver) {
  const std::size_t before = map.faults().count();
  Draft draft;
  read_map(map, workload_table(), draft);
  if (map.node().is_map()) check_seqlens(map);
  if (map.faults().count() > before) return std::nullopt;
  Workload& w = draft.workload;
  w.kv_heads = draft.kv_heads.value_or(w.heads);
  w.head_dim_v = draft.head_dim_v.value_or(w.head_dim);
  if (w.causal && draft.windowed) w.window_right = 0;  // causal bounds the right side
  check_shape(map, w);
  if (map.faults().count() > before) return std::nullopt;
  if (const Entry* mask = map.node().entry("mask")) {
    w.mask = read_mask(map.child(*mask), w, catalogue, resolver);
  }
  if (map.faults().count() > before) return std::nullopt;
  return w;
}

std::vector<FieldDoc> workload_fields() { return docs_of(workload_table()); }
std::vector<FieldDoc> dropout_fields() { return docs_of(dropout_table()); }
std::vector<FieldDoc> window_fields() { return docs_of(window_table()); }

}  // namespace attnsim::config
