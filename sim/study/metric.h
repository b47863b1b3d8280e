// Metrics: numbers of a result, named by a path.
//
//   io.<memory>.<tensor>.<field>   read_bytes write_bytes bytes read_words write_words words
//                                  init_bytes init_words; tensor `total` sums a memory, devices
//                                  are summed
//   footprint.<space>.<field>      peak_bytes peak_words static_bytes capacity_bytes capacity_words
//                                  fits (0 or 1)
//   bounds.<id>.<field>            words bytes ratio, at the innermost boundary the bound is for
//   caches.<name>.<field>, caches.<name>.<tensor>.<field>
//                                  accesses hits misses read_misses write_misses cold capacity
//                                  conflict fills evictions write_backs final_dirty; without a
//                                  tensor: all of them
//   work.<field>                   matrix_flops exp_ops vector_ops operations tasks
//   time.<field>                   seconds tflops flops
//   time.<lane>.<field>            busy_seconds utilisation; lanes are matrix, exp, vector,
//                                  sram_port, launch and the memories that cores share
//   energy.<memory>                joules; memory `total` sums all
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/core/result.h"

namespace attnsim::study {

struct MetricValue {
  double value = 0;                      // `count` rounded, where there is one
  std::optional<std::uint64_t> count{};  // set for what is a count: compare these exactly

  static MetricValue of_count(std::uint64_t count) {
    return {.value = static_cast<double>(count), .count = count};
  }
  /// An integral, non-negative value is a count.
  static MetricValue of_value(double value);

  bool operator==(const MetricValue& other) const;
  bool operator<(const MetricValue& other) const;
};

/// The parts of an io path.
struct IoPath {
  std::string memory, tensor, field;
};

/// Empty when the path does not have the form io.<memory>.<tensor>.<field>.
std::optional<IoPath> io_path(std::string_view path);

/// True for what a result only has after its time was read.
bool is_about_time(std::string_view path);

/// The value a path names. Throws a UserError of one diagnostic, with the path and no position,
/// when the result has no such value. A tensor that crosses another boundary (passes another
/// cache), but not this one, counts 0.
MetricValue evaluate(const Result& result, std::string_view path);

/// One field of one tensor, or of "total", as evaluate() finds it.
MetricValue io_value(const Result& result, const IoPath& path);

/// The first row of a bound: the innermost boundary. Throws UserError when there is none.
const BoundRow& bound_row(const Result& result, std::string_view id);

}  // namespace attnsim::study
