#include "tests/support/line_streams.h"

namespace attnsim::test {
namespace {

constexpr std::uint64_t kBase = 0x10000000 / 64;  // in lines, like all below
constexpr std::uint64_t kTiles = 16;
constexpr std::uint64_t kTile = 128;
constexpr std::uint64_t kMatrix = kTiles * kTile;
constexpr std::uint64_t kRow = 2;        // of a tile
constexpr std::uint64_t kScoreRow = 32;  // of S and P
constexpr std::uint64_t kRows = 64;      // of a tile
constexpr std::uint64_t kVector = 64;    // l or m
constexpr std::uint64_t kStatistics = 4;

class Writer {
 public:
  void load(std::uint64_t first, std::uint64_t count, std::uint16_t tag) {
    stream_.push_back({.lines = {first, count}, .write = false, .tag = tag});
  }
  void store(std::uint64_t first, std::uint64_t count, std::uint16_t tag) {
    stream_.push_back({.lines = {first, count}, .write = true, .tag = tag});
  }
  Stream take() { return std::move(stream_); }

 private:
  Stream stream_;
};

void fa_step(Writer& w, std::uint64_t head, std::uint64_t i) {
  const std::uint64_t statistics = head + 4 * kMatrix;
  w.load(head + i * kTile, kTile, 0);
  w.load(head + 3 * kMatrix + i * kTile, kTile, 3);
  w.load(statistics + i * kStatistics, kStatistics, 4);
  w.load(statistics + kVector + i * kStatistics, kStatistics, 5);
  w.store(head + 3 * kMatrix + i * kTile, kTile, 3);
  w.store(statistics + i * kStatistics, kStatistics, 4);
  w.store(statistics + kVector + i * kStatistics, kStatistics, 5);
}

/// Where row r of tile (i, j) of a score matrix lies.
std::uint64_t score_row(std::uint64_t matrix, std::uint64_t i, std::uint64_t j, std::uint64_t r) {
  return matrix + (i * kRows + r) * kScoreRow + j * kRow;
}

void std_head(Writer& w, std::uint64_t head) {
  const std::uint64_t s = head + 4 * kMatrix;
  const std::uint64_t p = s + kTiles * kRows * kScoreRow;
  for (std::uint64_t i = 0; i < kTiles; ++i) {
    w.load(head + i * kTile, kTile, 0);
    for (std::uint64_t j = 0; j < kTiles; ++j) {
      w.load(head + kMatrix + j * kTile, kTile, 1);
      for (std::uint64_t r = 0; r < kRows; ++r) w.store(score_row(s, i, j, r), kRow, 4);
    }
  }
  for (std::uint64_t r = 0; r < kTiles * kRows; ++r) {
    w.load(s + r * kScoreRow, kScoreRow, 4);
    w.store(p + r * kScoreRow, kScoreRow, 5);
  }
  for (std::uint64_t i = 0; i < kTiles; ++i) {
    for (std::uint64_t j = 0; j < kTiles; ++j) {
      for (std::uint64_t r = 0; r < kRows; ++r) w.load(score_row(p, i, j, r), kRow, 5);
      w.load(head + 2 * kMatrix + j * kTile, kTile, 2);
    }
    w.store(head + 3 * kMatrix + i * kTile, kTile, 3);
  }
}

}  // namespace

Stream fa_stream(int heads) {
  Writer w;
  const std::uint64_t size = 4 * kMatrix + 2 * kVector;
  for (int h = 0; h < heads; ++h) {
    const std::uint64_t head = kBase + static_cast<std::uint64_t>(h) * size;
    for (std::uint64_t j = 0; j < kTiles; ++j) {
      w.load(head + kMatrix + j * kTile, kTile, 1);
      w.load(head + 2 * kMatrix + j * kTile, kTile, 2);
      for (std::uint64_t i = 0; i < kTiles; ++i) fa_step(w, head, i);
    }
  }
  return w.take();
}

Stream std_stream(int heads) {
  Writer w;
  const std::uint64_t size = 4 * kMatrix + 2 * kTiles * kRows * kScoreRow;
  for (int h = 0; h < heads; ++h) std_head(w, kBase + static_cast<std::uint64_t>(h) * size);
  return w.take();
}

std::uint64_t line_count(const Stream& stream) {
  std::uint64_t lines = 0;
  for (const machine::LineAccess& a : stream) lines += a.lines.count;
  return lines;
}

std::uint64_t check_value(const Stream& stream) {
  std::uint64_t hash = 1469598103934665603U;
  for (const machine::LineAccess& a : stream) {
    for (std::uint64_t i = 0; i < a.lines.count; ++i) {
      std::uint64_t word = (a.lines.first + i) * 64 + (a.write ? 1 : 0);
      for (int byte = 0; byte < 8; ++byte, word >>= 8)
        hash = (hash ^ (word & 255)) * 1099511628211U;
    }
  }
  return hash;
}

}  // namespace attnsim::test
