#include "sim/store/result_store.h"

#include <cstdint>
#include <map>
#include <utility>

#include "sim/core/error.h"
#include "sim/store/database.h"
#include "sim/store/text_shape.h"

namespace attnsim::store {
namespace {

constexpr std::int64_t kFormat = 1;                 // rises with every change of the tables
constexpr std::int64_t kApplication = 0x6174'736d;  // "atsm": whose file this is

/// Documents are kept as what tells them apart from the first of their shape (text_shape.h): a
/// tenth of their size.
constexpr const char* kTables = R"(
CREATE TABLE examples (id INTEGER PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE results (
  key TEXT PRIMARY KEY, no_result TEXT NOT NULL, fits INTEGER NOT NULL, tiles TEXT NOT NULL,
  memory TEXT NOT NULL, bytes INTEGER NOT NULL, words INTEGER NOT NULL, home TEXT NOT NULL,
  home_bytes INTEGER NOT NULL, seconds REAL, tflops REAL, limiter TEXT NOT NULL,
  no_time TEXT NOT NULL, joules REAL, example INTEGER NOT NULL REFERENCES examples (id),
  difference TEXT NOT NULL);
)";

constexpr const char* kInsert =
    "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

std::int64_t signed_count(std::uint64_t count) { return static_cast<std::int64_t>(count); }
std::uint64_t count(std::int64_t stored) { return static_cast<std::uint64_t>(stored); }

}  // namespace

class ResultStore::Impl {
 public:
  explicit Impl(const std::string& file) : database_(file) { prepare(); }

  std::set<std::string> keys() {
    std::set<std::string> out;
    Statement query(database_, "SELECT key FROM results");
    while (query.step()) out.insert(query.text(0));
    return out;
  }

  void add(std::span<const StoredResult> results) {
    try {
      database_.transaction([&] {
        read_new_examples();
        Statement insert(database_, kInsert);
        for (const StoredResult& result : results) add_row(result, insert);
      });
    } catch (...) {  // examples among the rows that were not kept
      examples_.clear();
      ids_.clear();
      throw;
    }
  }

  StoredResult get(const std::string& key);

  Database& database() { return database_; }

 private:
  void prepare();
  void add_row(const StoredResult& result, Statement& insert);
  /// The example of a shape; the document becomes it where there is none. Within a transaction.
  std::int64_t example_of(const TextParts& parts, const std::string& document);
  /// Those that were added since the last call, by whomever.
  void read_new_examples();
  void remember(std::int64_t id, TextParts parts);
  std::int64_t last_example() const { return examples_.empty() ? 0 : examples_.rbegin()->first; }

  Database database_;
  std::map<std::int64_t, TextExample> examples_{};  // by id
  std::map<std::string, std::int64_t> ids_{};       // by shape
};

void ResultStore::Impl::prepare() {
  const auto application = [&] { return database_.integer("PRAGMA application_id"); };
  // One moment for all three, while another process may be making the store.
  database_.execute("BEGIN");
  const std::int64_t owner = application();
  const std::int64_t format = database_.integer("PRAGMA user_version");
  const bool empty = database_.integer("SELECT count(*) FROM sqlite_master") == 0;
  database_.execute("COMMIT");
  if (owner != kApplication && (owner != 0 || !empty)) {
    throw UserError("'" + database_.file() + "' is no store of results");
  }
  if (owner == kApplication && format != kFormat) {
    throw UserError("the store '" + database_.file() + "' has format " + std::to_string(format) +
                    "; this version reads and writes format " + std::to_string(kFormat) +
                    ": choose another folder");
  }
  database_.use_write_ahead_log();
  if (owner == kApplication) return;
  database_.transaction([&] {
    if (application() == kApplication) return;  // another process was faster
    database_.execute(kTables);
    database_.execute("PRAGMA application_id = " + std::to_string(kApplication));
    database_.execute("PRAGMA user_version = " + std::to_string(kFormat));
  });
}

void ResultStore::Impl::remember(std::int64_t id, TextParts parts) {
  ids_.emplace(parts.shape, id);
  examples_.emplace(id, TextExample(std::move(parts)));
}

void ResultStore::Impl::read_new_examples() {
  Statement query(database_, "SELECT id, document FROM examples WHERE id > ? ORDER BY id");
  query.bind(1, last_example());
  while (query.step()) remember(query.integer(0), take_apart(query.text(1)));
}

std::int64_t ResultStore::Impl::example_of(const TextParts& parts, const std::string& document) {
  const auto known = ids_.find(parts.shape);
  if (known != ids_.end()) return known->second;
  const std::int64_t id = last_example() + 1;
  Statement insert(database_, "INSERT INTO examples VALUES (?, ?)");
  insert.bind(1, id).bind(2, document).step();
  remember(id, parts);
  return id;
}

void ResultStore::Impl::add_row(const StoredResult& result, Statement& insert) {
  const TextParts parts = take_apart(result.document);
  const std::int64_t example = example_of(parts, result.document);
  const PointSummary& s = result.summary;
  insert.bind(1, result.key).bind(2, s.no_result).bind(3, std::int64_t{s.fits});
  insert.bind(4, s.tiles).bind(5, s.memory).bind(6, signed_count(s.bytes));
  insert.bind(7, signed_count(s.words)).bind(8, s.home).bind(9, signed_count(s.home_bytes));
  insert.bind(10, s.seconds).bind(11, s.tflops).bind(12, s.limiter).bind(13, s.no_time);
  insert.bind(14, s.joules).bind(15, example);
  insert.bind(16, examples_.at(example).difference(parts.words)).step();
  insert.reset();
}

StoredResult ResultStore::Impl::get(const std::string& key) {
  Statement query(database_, "SELECT * FROM results WHERE key = ?");
  ATTNSIM_CHECK(query.bind(1, key).step(), "the store has no result " + key);
  StoredResult out{.key = key};
  out.summary = {.no_result = query.text(1),
                 .fits = query.integer(2) != 0,
                 .tiles = query.text(3),
                 .memory = query.text(4),
                 .bytes = count(query.integer(5)),
                 .words = count(query.integer(6)),
                 .home = query.text(7),
                 .home_bytes = count(query.integer(8)),
                 .seconds = query.real(9),
                 .tflops = query.real(10),
                 .limiter = query.text(11),
                 .no_time = query.text(12),
                 .joules = query.real(13)};
  const std::int64_t id = query.integer(14);
  if (!examples_.contains(id)) read_new_examples();
  const auto example = examples_.find(id);
  if (example == examples_.end()) {
    throw UserError("the store '" + database_.file() + "' is damaged: no example " +
                    std::to_string(id));
  }
  out.document = example->second.text(query.text(15));
  return out;
}

ResultStore::ResultStore(const std::string& file) : impl_(std::make_unique<Impl>(file)) {}

ResultStore::~ResultStore() = default;

std::set<std::string> ResultStore::keys() const { return impl_->keys(); }

void ResultStore::add(std::span<const StoredResult> results) { impl_->add(results); }

StoredResult ResultStore::get(const std::string& key) const { return impl_->get(key); }

void ResultStore::exclusively(const std::function<void()>& work) {
  impl_->database().transaction(work);
}

}  // namespace attnsim::store
