#include "sim/trace/program.h"

#include <algorithm>
#include <limits>

#include "sim/core/error.h"

namespace attnsim {

std::int64_t Kernel::tasks() const {
  std::int64_t n = 1;
  for (const GridDim& dim : grid) n *= dim.extent;
  return n;
}

std::int64_t Kernel::scheduled(std::int64_t n) const {
  if (launch.order == TaskOrder::issue) return n;
  const std::int64_t rows = grid[0].extent;
  const std::int64_t others = tasks() / rows;
  const std::int64_t section = launch.section == 0 ? others : launch.section;
  const std::int64_t first = n / (rows * section) * section;
  const std::int64_t wide = std::min(section, others - first);
  const std::int64_t at = n - first * rows;
  return (first + at % wide) * rows + (rows - 1 - at / wide);
}

GridIndex Kernel::task(std::int64_t n, GridIndex::Observations* seen) const {
  GridIndex index(seen);
  for (std::size_t d = 0; d < grid.size(); ++d) {
    index.set(d, n % grid[d].extent);
    n /= grid[d].extent;
  }
  return index;
}

std::string Kernel::describe(std::int64_t n) const {
  const GridIndex index = task(n);
  std::string out = "kernel '" + name + "' task " + std::to_string(n) + " (";
  for (std::size_t d = 0; d < grid.size(); ++d) {
    out += (d > 0 ? ", " : "") + grid[d].name + "=" + std::to_string(index[d].value());
  }
  return out + ")";
}

std::int64_t Program::tasks() const {
  std::int64_t n = 0;
  for (const Kernel& kernel : kernels_) n += kernel.tasks();
  return n;
}

void Program::check_grid(const std::string& name, const std::vector<GridDim>& grid) {
  ATTNSIM_CHECK(grid.size() <= GridIndex::kMostDims,
                "kernel '" + name + "' has too many dimensions");
}

Tensor Program::add(const TensorDecl& decl) {
  constexpr std::int64_t kMostRows = std::numeric_limits<std::int32_t>::max();
  ATTNSIM_CHECK(decl.planes >= 1 && decl.rows >= 1 && decl.cols >= 1, decl.name);
  if (decl.rows > kMostRows || decl.cols > kMostRows) {
    throw UserError("workload: a plane of tensor " + decl.name + " would have " +
                    std::to_string(decl.rows) + " x " + std::to_string(decl.cols) +
                    " elements; expected at most 2^31 - 1 rows and columns");
  }
  tensors_.push_back(decl);
  return Tensor(static_cast<std::uint16_t>(tensors_.size() - 1), decl);
}

}  // namespace attnsim
