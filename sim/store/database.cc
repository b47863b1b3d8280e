#include "sim/store/database.h"

#include <sqlite3.h>

#include "sim/core/error.h"

namespace attnsim::store {
namespace {

constexpr int kPatience = 60'000;  // milliseconds to wait for another process

}  // namespace

Database::Database(const std::string& file) : file_(file) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    const std::string why = handle_ == nullptr ? "no memory" : sqlite3_errmsg(handle_);
    sqlite3_close(handle_);
    throw UserError("cannot use the store '" + file + "': " + why);
  }
  sqlite3_busy_timeout(handle_, kPatience);
}

Database::~Database() { sqlite3_close(handle_); }

void Database::fail() const {
  throw UserError("cannot use the store '" + file_ + "': " + sqlite3_errmsg(handle_));
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

std::int64_t Database::integer(const std::string& sql) {
  Statement query(*this, sql);
  ATTNSIM_CHECK(query.step(), "no answer to: " + sql);
  return query.integer(0);
}

void Database::transaction(const std::function<void()>& work) {
  execute("BEGIN IMMEDIATE");
  try {
    work();
    execute("COMMIT");
  } catch (...) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

void Database::use_write_ahead_log() {
  // The switch itself does not wait for others.
  constexpr int kPause = 20;
  for (int waited = 0;; waited += kPause) {
    const int code = sqlite3_exec(handle_, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) break;
    if (code != SQLITE_BUSY || waited > kPatience) fail();
    sqlite3_sleep(kPause);
  }
  // A power loss may undo the last commits, and breaks nothing.
  execute("PRAGMA synchronous = NORMAL");
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  check(sqlite3_prepare_v2(database.handle_, sql.data(), static_cast<int>(sql.size()), &handle_,
                           nullptr));
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail();
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // The null pointer would be bound as NULL; texts are copied, so that they need not outlive this.
  check(sqlite3_bind_text64(handle_, parameter, text.data() == nullptr ? "" : text.data(),
                            text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  check(sqlite3_bind_int64(handle_, parameter, value));
  return *this;
}

Statement& Statement::bind(int parameter, const std::optional<double>& value) {
  check(value ? sqlite3_bind_double(handle_, parameter, *value)
              : sqlite3_bind_null(handle_, parameter));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_.fail();
  return code == SQLITE_ROW;
}

void Statement::reset() { check(sqlite3_reset(handle_)); }

std::string Statement::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(handle_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, bytes + size);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::optional<double> Statement::real(int column) const {
  if (sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(handle_, column);
}

}  // namespace attnsim::store
