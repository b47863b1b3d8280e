// SQLite as far as the store needs it: a connection and prepared statements that clean up after
// themselves and throw a UserError that names the file. Not safe to share between threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace attnsim::store {

class Database {
 public:
  /// Opens the file, or creates it empty. Waits for other processes up to a minute at a time.
  explicit Database(const std::string& file);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  const std::string& file() const { return file_; }
  void execute(const std::string& sql);
  /// The integer that a query answers.
  std::int64_t integer(const std::string& sql);
  /// Runs `work` in one transaction: all of it is kept, or nothing. No other process writes
  /// meanwhile.
  void transaction(const std::function<void()>& work);
  /// Lets readers and one writer work at the same time, and a commit last no longer than a write.
  void use_write_ahead_log();

 private:
  friend class Statement;
  [[noreturn]] void fail() const;

  std::string file_;
  sqlite3* handle_ = nullptr;
};

/// A prepared statement, to be bound, stepped and reset again and again.
class Statement {
 public:
  /// `database` must outlive the statement.
  Statement(Database& database, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  // Parameters are numbered from 1.
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, const std::optional<double>& value);

  /// True when there is a row.
  bool step();
  /// Ready for other parameters.
  void reset();

  // Columns are numbered from 0.
  std::string text(int column) const;
  std::int64_t integer(int column) const;
  std::optional<double> real(int column) const;

 private:
  void check(int code) const;

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace attnsim::store
