#include "sim/config/parse.h"

#include <cstddef>
#include <sstream>
#include <unordered_map>
#include <utility>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "sim/config/scalar.h"
#include "sim/config/syntax_fault.h"
#include "sim/config/text_check.h"

namespace attnsim::config {
namespace {

constexpr std::size_t kDeepest = 32;

/// Thrown through the parser when going on makes no sense; the fault is recorded.
struct Abandon {};

/// Builds the tree from the parser's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file, const std::string& path, Faults& faults)
      : text_(text), file_(file), path_(path), faults_(faults) {}

  /// The finished tree. REQUIRES: the parser returned, and usable().
  Node take() { return std::move(root_); }
  bool started() const { return documents_ > 0; }
  /// False when something was refused that leaves a hole in the tree.
  bool usable() const { return usable_; }
  /// How far it got; the pointers are valid until the next event.
  ParserState state() const;
  std::string path() const;

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

 private:
  /// An open list or map, and the key that waits for its value.
  struct Frame {
    Node node{};
    std::optional<Entry> key{};
    bool duplicate = false;  // the key that waits
    bool is_key = false;     // the list or map itself stands where a key belongs
    std::unordered_map<std::string, int> lines{};  // key -> line, to find duplicates fast
  };

  Position position(const YAML::Mark& mark) const {
    return {.file = file_, .line = mark.line + 1, .column = mark.column + 1};
  }
  bool key_expected() const {
    return !frames_.empty() && frames_.back().node.is_map() && !frames_.back().key;
  }
  void refuse(const YAML::Mark& mark, const std::string& message) {
    faults_.add(position(mark), path(), message);
    usable_ = false;
  }
  void refuse_extras(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void take_key(const YAML::Mark& mark, const std::string& key, bool quoted);
  void add(Node node);
  void open(NodeKind kind, const YAML::Mark& mark);
  void close();

  std::string_view text_;
  const std::string& file_;
  const std::string& path_;
  Faults& faults_;
  std::vector<Frame> frames_;
  Node root_;
  int documents_ = 0;
  bool usable_ = true;
};

std::string Builder::path() const {
  std::string out = path_;
  for (const Frame& frame : frames_) {
    if (frame.key) out += (out.empty() ? "" : ".") + shorten(frame.key->key, 48);
    if (frame.node.kind == NodeKind::sequence) {
      out += "[" + std::to_string(frame.node.items.size()) + "]";
    }
  }
  return out;
}

ParserState Builder::state() const {
  ParserState out{.path = path()};
  if (frames_.empty()) return out;
  out.collection = &frames_.back().node.at;
  if (frames_.back().key) out.key = &frames_.back().key->at;
  return out;
}

void Builder::OnDocumentStart(const YAML::Mark& mark) {
  if (++documents_ == 1) return;
  const bool separator = line_of(text_, mark.line + 1).substr(0, 3) == "---";
  refuse(mark, separator ? "a second document starts here; expected one document in a file"
                         : "not valid YAML: text after the end of the document");
  throw Abandon{};
}

void Builder::refuse_extras(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
  if (anchor != YAML::NullAnchor) refuse(mark, "anchors (&) are not supported");
  if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags (!) are not supported");
}

void Builder::take_key(const YAML::Mark& mark, const std::string& key, bool quoted) {
  Frame& frame = frames_.back();
  if (key == "<<" && !quoted) refuse(mark, "merge keys (<<) are not supported; use 'extends'");
  const auto [it, fresh] = frame.lines.try_emplace(key, mark.line + 1);
  if (!fresh) {
    faults_.add(
        position(mark), path(),
        "duplicate key " + quote(key) + " (first on line " + std::to_string(it->second) + ")");
  }
  frame.key = Entry{.key = key, .at = position(mark)};
  frame.duplicate = !fresh;
}

void Builder::add(Node node) {
  if (frames_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = frames_.back();
  if (frame.node.kind == NodeKind::sequence) {
    frame.node.items.push_back(std::move(node));
    return;
  }
  frame.key->value = std::move(node);
  if (!frame.duplicate) frame.node.entries.push_back(std::move(*frame.key));
  frame.key.reset();
}

void Builder::open(NodeKind kind, const YAML::Mark& mark) {
  if (frames_.size() == kDeepest) {
    faults_.add(position(mark), "", "nested deeper than " + std::to_string(kDeepest) + " levels");
    throw Abandon{};
  }
  Frame frame;
  frame.is_key =
      key_expected();  // refused at its end: `{a: 1` without an end looks like a key, too
  frame.node.kind = kind;
  frame.node.at = position(mark);
  frames_.push_back(std::move(frame));
}

void Builder::close() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.is_key) {
    faults_.add(frame.node.at, path(), "expected a key in plain text");
    throw Abandon{};
  }
  add(std::move(frame.node));
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  refuse_extras(mark, "", anchor);
  if (key_expected()) {
    refuse(mark, "expected a key in plain text");
    throw Abandon{};
  }
  Node node;
  // The mark of an absent value is that of whatever follows: the key says where it is missing.
  const bool keyed = !frames_.empty() && frames_.back().key;
  node.at = keyed ? frames_.back().key->at : position(mark);
  add(std::move(node));
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  refuse(mark, "aliases (*) are not supported");
  if (key_expected()) throw Abandon{};
  add(Node{});
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       const std::string& value) {
  refuse_extras(mark, tag, anchor);
  const bool quoted = tag != "?";
  if (key_expected()) {
    take_key(mark, value, quoted);
    return;
  }
  Node node = make_scalar(value, position(mark));
  node.quoted = quoted;
  add(std::move(node));
}

void Builder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                              YAML::EmitterStyle::value) {
  refuse_extras(mark, tag, anchor);
  open(NodeKind::sequence, mark);
}

void Builder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) {
  refuse_extras(mark, tag, anchor);
  open(NodeKind::map, mark);
}

void move_to(Node& node, const Position& at) {
  node.at = at;
  for (Node& item : node.items) move_to(item, at);
  for (Entry& entry : node.entries) {
    entry.at = at;
    move_to(entry.value, at);
  }
}

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, const std::string& file,
                               const std::string& path, Faults& faults) {
  if (const std::optional<TextFault> fault = check_text(text)) {
    faults.add({.file = file, .line = fault->line, .column = fault->column}, "", fault->message);
    return std::nullopt;
  }
  Builder builder(text, file, path, faults);
  try {
    // Blank ends are cut off: before them the parser would take a quote without end for closed.
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    std::istringstream stream{std::string(text.substr(0, last == text.npos ? 0 : last + 1))};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::ParserException& e) {
    const Position at{.file = file, .line = e.mark.line + 1, .column = e.mark.column + 1};
    add_syntax_fault(e.msg, at, builder.state(), text, faults);
    return std::nullopt;
  } catch (const Abandon&) {
    return std::nullopt;
  }
  if (!builder.started()) {
    faults.add({.file = file}, "", "the file is empty");
    return std::nullopt;
  }
  if (!builder.usable()) return std::nullopt;
  return builder.take();
}

std::optional<Node> parse_value(std::string_view text, const Position& at, const std::string& path,
                                Faults& faults) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) {
    Node nothing;
    nothing.at = at;
    return nothing;
  }
  constexpr std::string_view kStructured = "{[\"'";
  if (kStructured.find(text[first]) == std::string_view::npos) {
    if (const auto fault = check_text(text)) {
      faults.add(at, path, fault->message);
      return std::nullopt;
    }
    const std::size_t last = text.find_last_not_of(' ');
    return make_scalar(std::string(text.substr(first, last - first + 1)), at);
  }
  Faults inner;  // positions inside an argument tell nothing: the argument itself is named
  std::optional<Node> node = parse_yaml(text, at.file, path, inner);
  for (const Diagnostic& fault : inner.sorted()) faults.add(at, fault.path, fault.message);
  if (node) move_to(*node, at);
  return node;
}

}  // namespace attnsim::config
