// Kernels that go through matrices in memory element by element.
//
//     copy:      for each block of X: load it; [load that of another matrix]; store it in Y
//     scale:     for each block of X: load it; X = factor X; store it
//     mask:      for each block of X: load it and the mask's; hide elements of X; store it
//     dropout:   for each block of P: load it; store P after dropout, and which elements it kept
//     gradient:  for each block of dP: load it and what was kept; drop the same of dP; store it
//
// A task takes some blocks that lie beside each other, one after another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/core/workload.h"
#include "sim/trace/mask.h"
#include "sim/trace/program.h"
#include "sim/trace/task.h"
#include "sim/trace/tensor.h"

namespace attnsim {

/// Blocks of rows x cols elements, `rounds` of them a task, along the rows.
struct ElementBlocks {
  std::int64_t rows = 1, cols = 1;
  std::int64_t rounds = 1;

  /// Whole rows or parts of one that have at most so many elements.
  static ElementBlocks of(const Tensor& matrix, std::int64_t elements, std::int64_t rounds = 1);
};

class CopyKernel {
 public:
  /// Declares the copy, `name`, and adds the kernel to a program that it outlives, as the others
  /// below do. `beside` is read along with it.
  Kernel& add_to(Program& program, const std::string& name, const Tensor& from, DType dtype,
                 const ElementBlocks& blocks, const std::optional<Tensor>& beside = {});

  const Tensor& copy() const { return to_; }

  Task run(Emitter& em, GridIndex at) const;

 private:
  Tensor from_, to_;
  std::optional<Tensor> beside_;
  ElementBlocks blocks_;
};

class ScaleKernel {
 public:
  Kernel& add_to(Program& program, const std::string& name, const Tensor& x, double factor,
                 const ElementBlocks& blocks);

  Task run(Emitter& em, GridIndex at) const;

 private:
  Tensor x_;
  double factor_ = 1;
  ElementBlocks blocks_;
};

class MaskKernel {
 public:
  /// `values` holds the mask, one plane for all. `hides` false: x is 0 already where it hides.
  Kernel& add_to(Program& program, const std::string& name, const Tensor& x, const Tensor& values,
                 const AttentionMask& mask, bool hides, const ElementBlocks& blocks);

  Task run(Emitter& em, GridIndex at) const;

 private:
  Tensor x_, values_;
  std::optional<AttentionMask> mask_;
  bool hides_ = true;
  ElementBlocks blocks_;
};

/// What dropout kernels know of it: `scores` is the place (AttentionTensors::shape), `kept` a byte
/// for each element.
struct Dropping {
  DropoutSpec spec{};  // without a probability: nothing is dropped, all is moved
  Tensor scores, kept;
};

class DropoutKernel {
 public:
  Kernel& add_to(Program& program, const std::string& name, const Tensor& p, const Tensor& dropped,
                 const Dropping& dropping, const ElementBlocks& blocks);

  Task run(Emitter& em, GridIndex at) const;

 private:
  Tensor p_, dropped_;
  Dropping dropping_;
  ElementBlocks blocks_;
};

class DropoutGradientKernel {
 public:
  Kernel& add_to(Program& program, const std::string& name, const Tensor& d_p,
                 const Dropping& dropping, const ElementBlocks& blocks);

  Task run(Emitter& em, GridIndex at) const;

 private:
  Tensor d_p_;
  Dropping dropping_;
  ElementBlocks blocks_;
};

}  // namespace attnsim
