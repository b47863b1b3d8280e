#include "tests/support/streams.h"

namespace attnsim::test {

using machine::LineAccess;
using machine::LineRun;
using machine::RectAccess;

namespace {

constexpr std::uint64_t kTiles = 16;
constexpr std::uint64_t kTile = 128;               // lines of 64 rows of a matrix
constexpr std::uint64_t kMatrix = kTiles * kTile;  // lines of Q, K, V or O
constexpr std::uint64_t kVectorTile = 4;           // lines of 64 rows of l or m
constexpr std::uint64_t kVector = kTiles * kVectorTile;
constexpr std::uint64_t kRows = 1024;  // of S and P
constexpr std::uint64_t kRow = 32;     // lines of a row of S or P
constexpr std::uint64_t kBase = 0x10000000 / 64;

/// Appends accesses to the arrays of one head.
class Writer {
 public:
  Writer(std::vector<RectAccess>& out, std::uint64_t base) : out_(out), base_(base) {}

  void load(std::uint16_t array, LineRun run) { add(array, run, false, 1, 0); }
  void store(std::uint16_t array, LineRun run) { add(array, run, true, 1, 0); }
  /// 64 rows of 2 lines.
  void load_tile(std::uint16_t array, LineRun row) { add(array, row, false, 64, kRow); }
  void store_tile(std::uint16_t array, LineRun row) { add(array, row, true, 64, kRow); }

 private:
  void add(std::uint16_t array, LineRun run, bool write, std::uint64_t rows, std::uint64_t stride) {
    run.first += base_;
    out_.push_back({{run, write, true, array}, rows, stride});
  }

  std::vector<RectAccess>& out_;
  std::uint64_t base_;
};

enum Array : std::uint16_t { kQ, kK, kV, kO, kL, kM, kS = kL, kP = kM };

void flash_attention_head(Writer out) {
  const auto tile = [](std::uint64_t array, std::uint64_t i) {
    return LineRun{array * kMatrix + i * kTile, kTile};
  };
  const auto vector = [](std::uint64_t which, std::uint64_t i) {
    return LineRun{4 * kMatrix + which * kVector + i * kVectorTile, kVectorTile};
  };
  for (std::uint64_t j = 0; j < kTiles; ++j) {
    out.load(kK, tile(kK, j));
    out.load(kV, tile(kV, j));
    for (std::uint64_t i = 0; i < kTiles; ++i) {
      out.load(kQ, tile(kQ, i));
      out.load(kO, tile(kO, i));
      out.load(kL, vector(0, i));
      out.load(kM, vector(1, i));
      out.store(kO, tile(kO, i));
      out.store(kL, vector(0, i));
      out.store(kM, vector(1, i));
    }
  }
}

void standard_head(Writer out) {
  const auto tile = [](std::uint64_t array, std::uint64_t i) {
    return LineRun{array * kMatrix + i * kTile, kTile};
  };
  const auto square = [](std::uint64_t which, std::uint64_t row, LineRun columns) {
    return LineRun{4 * kMatrix + which * kRows * kRow + row * kRow + columns.first, columns.count};
  };
  for (std::uint64_t i = 0; i < kTiles; ++i) {
    out.load(kQ, tile(kQ, i));
    for (std::uint64_t j = 0; j < kTiles; ++j) {
      out.load(kK, tile(kK, j));
      out.store_tile(kS, square(0, i * 64, {j * 2, 2}));
    }
  }
  for (std::uint64_t row = 0; row < kRows; ++row) {
    out.load(kS, square(0, row, {0, kRow}));
    out.store(kP, square(1, row, {0, kRow}));
  }
  for (std::uint64_t i = 0; i < kTiles; ++i) {
    for (std::uint64_t j = 0; j < kTiles; ++j) {
      out.load_tile(kP, square(1, i * 64, {j * 2, 2}));
      out.load(kV, tile(kV, j));
    }
    out.store(kO, tile(kO, i));
  }
}

}  // namespace

std::vector<RectAccess> flash_attention_stream(int heads) {
  std::vector<RectAccess> out;
  for (int head = 0; head < heads; ++head) {
    const std::uint64_t size = 4 * kMatrix + 2 * kVector;
    flash_attention_head({out, kBase + static_cast<std::uint64_t>(head) * size});
  }
  return out;
}

std::vector<RectAccess> standard_stream(int heads) {
  std::vector<RectAccess> out;
  for (int head = 0; head < heads; ++head) {
    const std::uint64_t size = 4 * kMatrix + 2 * kRows * kRow;
    standard_head({out, kBase + static_cast<std::uint64_t>(head) * size});
  }
  return out;
}

std::vector<LineAccess> rows_of(const std::vector<RectAccess>& stream) {
  std::vector<LineAccess> rows;
  for (const RectAccess& rect : stream) {
    LineAccess row = rect.row;
    for (std::uint64_t i = 0; i < rect.rows; ++i, row.lines.first += rect.stride) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::uint64_t lines_of(const std::vector<LineAccess>& rows) {
  std::uint64_t lines = 0;
  for (const LineAccess& row : rows) lines += row.lines.count;
  return lines;
}

std::uint64_t check_value(const std::vector<LineAccess>& rows) {
  std::uint64_t hash = 1469598103934665603U;
  for (const LineAccess& row : rows) {
    for (std::uint64_t i = 0; i < row.lines.count; ++i) {
      std::uint64_t word = (row.lines.first + i) * 64 | (row.write ? 1U : 0U);
      for (int byte = 0; byte < 8; ++byte, word >>= 8U) {
        hash = (hash ^ (word & 0xffU)) * 1099511628211U;
      }
    }
  }
  return hash;
}

}  // namespace attnsim::test
