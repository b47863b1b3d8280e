// The store of results: what is added is there, once, whoever else writes; and whose file it opens.
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "sim/core/error.h"
#include "sim/store/database.h"
#include "sim/store/result_store.h"
#include "sim/store/text_shape.h"

namespace attnsim::store {
namespace {

// --- texts
// -------------------------------------------------------------------------------------

TEST(TextShape, AWordIsARunWithADigit) {
  const TextParts parts = take_apart(R"({"l2": -1.5e+06, "a-b": "fp16"})");
  EXPECT_EQ(parts.words, (std::vector<std::string>{"l2", "-1.5e+06", "fp16"}));
  EXPECT_EQ(parts.shape, "{\"\1\": \1, \"a-b\": \"\1\"}");
}

TEST(TextShape, OnlyWhatTheExampleDoesNotForetellIsKept) {
  const TextExample example(take_apart("read 10 write 0 sum 10 of 99"));
  EXPECT_EQ(example.difference(take_apart("read 10 write 0 sum 10 of 99").words), "   ");
  EXPECT_EQ(example.difference(take_apart("read 25 write 0 sum 25 of 99").words), "25   ");
  EXPECT_EQ(example.difference(take_apart("read 25 write 7 sum 32 of 99").words), "25 7 32 ");
  EXPECT_EQ(example.text("25 7 32 "), "read 25 write 7 sum 32 of 99");
  EXPECT_EQ(example.text("25   "), "read 25 write 0 sum 25 of 99");
}

/// Texts of one shape: the same letters between figures of any kind.
RC_GTEST_PROP(TextShape, EveryTextComesBack, (const std::vector<std::string>& pieces)) {
  std::string one, other;
  for (const std::string& piece : pieces) {
    one += piece + std::to_string(*rc::gen::inRange(0, 5)) + ' ';
    other += piece + std::to_string(*rc::gen::inRange(0, 5)) + ' ';
  }
  const TextParts parts = take_apart(other);
  const TextExample itself(parts);
  RC_ASSERT(itself.text(itself.difference(parts.words)) == other);
  const TextExample example(take_apart(one));
  if (example.shape() != parts.shape) return;  // a sign or letter joined a figure
  RC_ASSERT(example.text(example.difference(parts.words)) == other);
}

// --- stores
// ------------------------------------------------------------------------------------

class Store : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "attnsim_store_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file() const { return (folder_ / "study.sqlite").string(); }
  std::string refusal() const {
    try {
      const ResultStore store(file());
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }

 private:
  std::filesystem::path folder_;
};

StoredResult result_of(int i) {
  StoredResult out{.key = "key" + std::to_string(i)};
  out.summary = {.fits = i % 2 == 0,
                 .tiles = "Br " + std::to_string(i),
                 .memory = "l2",
                 .bytes = ~std::uint64_t{0} - static_cast<std::uint64_t>(i),
                 .words = 3,
                 .home = "hbm",
                 .home_bytes = 4,
                 .seconds = 0.1 * i,
                 .limiter = "matrix",
                 .no_time = "",
                 .joules = std::nullopt};
  out.document = "{\"point\": " + std::to_string(i) + ", \"bytes\": " + std::to_string(i * i) + "}";
  return out;
}

TEST_F(Store, GivesBackWhatWasAdded) {
  const std::vector<StoredResult> results = {result_of(1), result_of(2), result_of(30)};
  {
    ResultStore store(file());
    EXPECT_TRUE(store.keys().empty());
    store.add(results);
  }
  const ResultStore store(file());
  EXPECT_EQ(store.keys(), (std::set<std::string>{"key1", "key2", "key30"}));
  for (const StoredResult& r : results) {
    const StoredResult back = store.get(r.key);
    EXPECT_EQ(back.document, r.document);
    EXPECT_EQ(back.summary.fits, r.summary.fits);
    EXPECT_EQ(back.summary.tiles, r.summary.tiles);
    EXPECT_EQ(back.summary.bytes, r.summary.bytes);
    EXPECT_EQ(back.summary.home, "hbm");
    EXPECT_EQ(back.summary.seconds, r.summary.seconds);
    EXPECT_EQ(back.summary.tflops, std::nullopt);
    EXPECT_EQ(back.summary.limiter, "matrix");
  }
}

TEST_F(Store, OfEqualKeysTheFirstStays) {
  ResultStore store(file());
  store.add(std::vector{result_of(1)});
  StoredResult second = result_of(1);
  second.document = "another";
  store.add(std::vector{second, result_of(2)});
  EXPECT_EQ(store.get("key1").document, result_of(1).document);
  EXPECT_EQ(store.keys().size(), 2U);
}

TEST_F(Store, TakesWritersAtTheSameTime) {
  constexpr int kEach = 100;
  const auto write = [&](int first, int shape) {
    ResultStore store(file());
    for (int i = first; i < first + kEach; ++i) {
      StoredResult result = result_of(i);
      result.document += std::string(static_cast<std::size_t>(i % shape), 'x');
      store.add(std::vector{result});
    }
  };
  {
    std::jthread one([&] { write(0, 3); });
    std::jthread other([&] { write(kEach / 2, 3); });  // half of them the same
  }
  const ResultStore store(file());
  EXPECT_EQ(store.keys().size(), 150U);
  for (int i = 0; i < 150; ++i) {
    EXPECT_EQ(store.get("key" + std::to_string(i)).document,
              result_of(i).document + std::string(static_cast<std::size_t>(i % 3), 'x'));
  }
}

TEST_F(Store, AnInterruptedTransactionLeavesNothing) {
  ResultStore store(file());
  EXPECT_THROW(store.exclusively([] { throw UserError("stop"); }), UserError);
  store.add(std::vector{result_of(1)});
  EXPECT_EQ(store.keys().size(), 1U);
}

TEST_F(Store, FilesOfOthersAreLeftAlone) {
  std::ofstream(file())
      << "This is a text of more than a hundred bytes, which no one would take for "
         "a database: it has no header.\n";
  const auto size = std::filesystem::file_size(file());
  EXPECT_EQ(refusal(), "cannot use the store '" + file() + "': file is not a database");
  EXPECT_EQ(std::filesystem::file_size(file()), size);
  std::filesystem::remove(file());
  {
    Database theirs(file());
    theirs.execute("CREATE TABLE notes (note TEXT)");
  }
  EXPECT_EQ(refusal(), "'" + file() + "' is no store of results");
}

TEST_F(Store, AnotherFormatIsRefusedAndKept) {
  {
    ResultStore store(file());
    store.add(std::vector{result_of(1)});
  }
  {
    Database database(file());
    database.execute("PRAGMA user_version = 2");
  }
  EXPECT_EQ(refusal(), "the store '" + file() +
                           "' has format 2; this version reads and writes format 1: choose another "
                           "folder");
  Database database(file());
  EXPECT_EQ(database.integer("SELECT count(*) FROM results"), 1);
}

}  // namespace
}  // namespace attnsim::store
