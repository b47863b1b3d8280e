#include "tests/support/recurrence_walker.h"

#include <vector>

namespace attnsim::walker {
namespace {

using Indices = std::vector<std::int64_t>;

Indices all(std::int64_t count) {
  Indices out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(i);
  return out;
}

/// 0 .. count - 1 by the block they fall into.
std::vector<Indices> blocks(std::int64_t count, std::int64_t size) {
  std::map<std::int64_t, Indices> by_block;
  for (const std::int64_t i : all(count)) by_block[i / size].push_back(i);
  std::vector<Indices> out;
  for (auto& [block, indices] : by_block) out.push_back(std::move(indices));
  return out;
}

std::vector<Indices> blocks_of(const Indices& of, std::int64_t size) {
  std::vector<Indices> out = blocks(static_cast<std::int64_t>(of.size()), size);
  for (Indices& block : out) {
    for (std::int64_t& i : block) i = of[static_cast<std::size_t>(i)];
  }
  return out;
}

class Walk {
 public:
  explicit Walk(const RecurrenceCase& c) : c_(c), d_(all(c.head_dim)), dv_(all(c.head_dim_v)) {}

  std::map<std::string, Traffic> run() {
    for (std::int64_t plane = 0; plane < c_.planes; ++plane) {
      switch (c_.algorithm) {
        case Recurrence::lightning_forward:
          forward();
          break;
        case Recurrence::lightning_backward:
          backward(true);
          break;
        case Recurrence::lightning_backward_released:
          within_blocks();
          backward(false);
          break;
        case Recurrence::simple_gated:
        case Recurrence::retention:
        case Recurrence::gated:
          chunked();
          break;
      }
    }
    return traffic_;
  }

 private:
  void load(const char* tensor, const Indices& rows, const Indices& cols) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t c = 0; c < cols.size(); ++c) ++traffic_[tensor].read;
    }
  }
  void store(const char* tensor, const Indices& rows, const Indices& cols) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t c = 0; c < cols.size(); ++c) ++traffic_[tensor].written;
    }
  }
  void add(const char* tensor, const Indices& rows, const Indices& cols) {
    load(tensor, rows, cols);
    store(tensor, rows, cols);
  }

  /// Powers of lambda for blocks of as many steps as this one, unless the last block had as many.
  void powers(const Indices& rows, std::size_t& had, int tables) {
    if (!c_.decays || rows.size() == had) return;
    had = rows.size();
    for (int table = 0; table < tables; ++table) ++traffic_["G"].read;
  }

  void forward() {
    for (const Indices& cols : blocks(c_.head_dim_v, c_.value_cols)) {
      std::size_t had = 0;
      for (const Indices& rows : blocks(c_.seqlen, c_.block)) {
        powers(rows, had, 2);
        load("Q", rows, d_);
        load("K", rows, d_);
        load("V", rows, cols);
        store("O", rows, cols);
      }
    }
  }

  void within_blocks() {
    for (const Indices& rows : blocks(c_.seqlen, c_.block)) {
      std::size_t had = 0;
      powers(rows, had, 1);
      load("Q", rows, d_);
      load("K", rows, d_);
      load("V", rows, dv_);
      load("dO", rows, dv_);
      store("dQ", rows, d_);
      store("dK", rows, d_);
      store("dV", rows, dv_);
    }
  }

  void backward(bool all_terms) {
    const auto put = [&](const char* tensor, const Indices& rows, const Indices& cols) {
      all_terms ? store(tensor, rows, cols) : add(tensor, rows, cols);
    };
    const int tables = all_terms ? 2 : 1;
    const std::vector<Indices> steps = blocks(c_.seqlen, c_.block);
    std::size_t had = 0;
    for (const Indices& rows : steps) {
      powers(rows, had, tables);
      load("K", rows, d_);
      load("V", rows, dv_);
      load("dO", rows, dv_);
      put("dQ", rows, d_);
    }
    had = 0;
    for (std::size_t i = steps.size(); i-- > 0;) {
      powers(steps[i], had, tables);
      load("Q", steps[i], d_);
      load("K", steps[i], d_);
      load("V", steps[i], dv_);
      load("dO", steps[i], dv_);
      put("dK", steps[i], d_);
      put("dV", steps[i], dv_);
    }
  }

  bool by_row() const { return c_.algorithm == Recurrence::gated; }
  Indices gates() const { return by_row() ? d_ : Indices{0}; }

  /// A use of the decays at some steps and rows of the state, and of that over the whole chunk.
  void use_decays(const Indices& steps, const Indices& state_rows, bool whole = false) {
    if (c_.algorithm == Recurrence::retention) return load("G", {0}, {0});
    const Indices cols = by_row() ? state_rows : Indices{0};
    load("b", steps, cols);
    if (whole) load("b", {steps.back()}, cols);
  }

  void chunked() {
    const std::int64_t size = by_row() ? c_.block * c_.subchunks : c_.block;
    const std::vector<Indices> chunks = blocks(c_.seqlen, size);
    if (c_.algorithm != Recurrence::retention) {
      for (const Indices& steps : chunks) {
        load("G", steps, gates());
        store("b", steps, gates());
      }
    }
    if (by_row()) scores(chunks);
    if (c_.states_in_memory) {
      states(chunks);
      outputs(chunks);
    } else {
      outputs_in_turn(chunks);
    }
  }

  /// A of each secondary chunk with those before it in its chunk, and with itself.
  void scores(const std::vector<Indices>& chunks) {
    for (const Indices& chunk : chunks) {
      const std::vector<Indices> parts = blocks_of(chunk, c_.block);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          for (const Indices& cols : blocks(c_.head_dim, c_.key_rows)) {
            load("b", {parts[i].front()}, cols);
            load("Q", parts[i], cols);
            load("b", parts[i], cols);
            load("K", parts[j], cols);
            load("b", parts[j], cols);
          }
          store("A", parts[i], parts[j]);
        }
        load("Q", parts[i], d_);
        load("K", parts[i], d_);
        load("b", parts[i], d_);
        store("A", parts[i], parts[i]);
      }
    }
  }

  void states(const std::vector<Indices>& chunks) {
    for (const Indices& rows : blocks(c_.head_dim, c_.key_rows)) {
      for (const Indices& cols : blocks(c_.head_dim_v, c_.value_cols)) {
        for (const Indices& steps : chunks) {
          store("H", rows, cols);
          load("K", steps, rows);
          load("V", steps, cols);
          use_decays(steps, rows, true);
        }
      }
    }
  }

  void outputs(const std::vector<Indices>& chunks) {
    for (const Indices& steps : chunks) {
      for (const Indices& cols : blocks(c_.head_dim_v, c_.value_cols)) {
        for (const Indices& rows : blocks(c_.head_dim, c_.key_rows)) {
          load("Q", steps, rows);
          load("H", rows, cols);
          by_row() ? use_decays(steps, rows) : load("K", steps, rows);
        }
        by_row() ? load("A", steps, steps) : use_decays(steps, {});
        load("V", steps, cols);
        store("O", steps, cols);
      }
    }
  }

  void outputs_in_turn(const std::vector<Indices>& chunks) {
    for (const Indices& cols : blocks(c_.head_dim_v, c_.value_cols)) {
      for (const Indices& steps : chunks) {
        load("Q", steps, d_);
        load("K", steps, d_);
        load("V", steps, cols);
        use_decays(steps, d_, true);
        if (by_row()) load("A", steps, steps);
        store("O", steps, cols);
      }
    }
  }

  const RecurrenceCase& c_;
  const Indices d_, dv_;
  std::map<std::string, Traffic> traffic_;
};

}  // namespace

std::map<std::string, Traffic> walk(const RecurrenceCase& walk_case) {
  return Walk(walk_case).run();
}

}  // namespace attnsim::walker
