// Standard (unfused) attention as PyTorch launches it: products of a library, and between them
// kernels that read and write the N x N scores in memory.
//
//     Q, K, V copied head by head;  S = scale Q K^T;  [S = scale S];  [S = mask(S)]
//     P = softmax(S) by rows;  [P' = dropout(P), its mask a byte an element];  O = P' V
//
// Backward, with P, P' and the mask of the forward pass:
//
//     dV = P'^T dO;  dP = dO V^T;  [dP = dropout(dP)];  T = P o dP;  dS = T - P rowsum(T)
//     [dS = mask(dS)];  [dS = scale dS];  dQ = dS K;  dK = dS^T Q;  dQ, dK, dV copied back
//
// What is in brackets depends on the script. Launches are those of PyTorch 1.12 to 2.0
// (github.com/pytorch/pytorch, aten/src/ATen/native/cuda): SoftMax.cu and PersistentSoftmax.cuh (a
// warp holds a row of up to 1024, four rows a CTA; a CTA passes twice over a longer one, 8 elements
// a thread), Dropout.cu (a grid that stays), CUDALoops.cuh (4 elements a thread; one after another
// where an operand is broadcast or strided). The tiles of the products are those that cuBLAS names
// in its kernels (ampere_fp16_s16816gemm_fp16_128x64_...).
//
// Two things are moved as PyTorch moves them and computed elsewhere: which elements are dropped is
// generated again backward, as in all algorithms here; and T holds dP (SoftMax.cu multiplies it by
// P in a kernel of its own), for the next kernel forms dS = P o (dP - rowsum(P o dP)) in one go.
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"
#include "sim/trace/elementwise_kernels.h"
#include "sim/trace/softmax_kernels.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "standard_pytorch",
      .summary = "unfused attention in PyTorch's kernels: library products, elementwise kernels",
      .source = "Dao et al. 2022, arXiv 2205.14135, Algorithms 0 and 3; kernels of PyTorch's aten",
      .passes = {Pass::forward, Pass::backward, Pass::forward_backward},
      .tiles = {{"b", "rows and columns of an output block of the matrix products"},
                {"bk", "depth of a step of the matrix products"}},
      .params = {{.name = "scale",
                  .type = ParamType::choice,
                  .default_value = "product",
                  .doc = "who scales the scores: the product, or a kernel that reads and writes "
                         "them",
                  .choices = {"product", "kernel"}},
                 {.name = "mask",
                  .type = ParamType::choice,
                  .default_value = "added",
                  .doc = "a mask is added to the scores, which costs nothing backward, or fills "
                         "them and then their gradient; filled_view: in place in a view, of which "
                         "autograd copies the gradient four times",
                  .choices = {"added", "filled", "filled_view"}},
                 {.name = "softmax_gradient",
                  .type = ParamType::choice,
                  .default_value = "two_kernels",
                  .doc =
                      "P o dP by a kernel of its own before the softmax's, as in PyTorch, or all "
                      "in one, as in fused softmax kernels",
                  .choices = {"two_kernels", "one_kernel"}},
                 {.name = "mask_always",
                  .type = ParamType::boolean,
                  .default_value = "false",
                  .doc = "run the kernels of the mask where the workload has none (padding of "
                         "which nothing is left out)"},
                 {.name = "dropout_always",
                  .type = ParamType::boolean,
                  .default_value = "false",
                  .doc = "run the kernels of dropout where the workload drops nothing"}},
      .dropout = true,
      .bound_class = {.saves_scores = true},  // P
      .block_masks = true,
  };
}

/// Elements of a CTA of an elementwise kernel, and the rounds it takes them in where operands are
/// broadcast or strided: its threads then wait for an element before they ask for the next one.
constexpr std::int64_t kElements = 512;
constexpr std::int64_t kRounds = 4;
constexpr std::int64_t kDropoutElements = 1024;

/// Copies of the gradient of a view that was written in place: of the whole into new storage, of
/// the view, of that for the function's own result, and back (CopySlices of torch/csrc/autograd,
/// and masked_fill, which is no kernel of its own but a copy that is then filled in place).
constexpr std::size_t kViewCopies = 4;

/// What a script's call has beside the products and the softmax.
struct Parts {
  explicit Parts(const PlanRequest& r)
      : scales(r.choice.params.choice("scale") == "kernel"),
        masks(r.workload.masked() || r.choice.params.boolean("mask_always")),
        fills(masks && r.choice.params.choice("mask") != "added"),
        copies(fills && r.choice.params.choice("mask") == "filled_view" ? kViewCopies : 0),
        weighs(r.choice.params.choice("softmax_gradient") == "two_kernels"),
        drops(r.workload.dropout || r.choice.params.boolean("dropout_always")),
        mask_dtype(fills ? DType::i8 : r.workload.dtype) {}

  bool scales, masks, fills;
  std::size_t copies;  // of the gradient of the scores
  bool weighs;         // P o dP by itself
  bool drops;
  DType mask_dtype;  // which elements are filled, or what is added to them
};

/// What an elementwise kernel takes at a time, on a small machine as much as fits beside its other
/// operands.
std::int64_t elements_at_once(const Target& target, std::int64_t elements) {
  constexpr std::int64_t kWords = 8;  // of an element: three operands, one of them in fp32
  const auto capacity = static_cast<std::int64_t>(target.capacity_words(Role::vector));
  return std::clamp<std::int64_t>(capacity / kWords, 1, elements);
}

class ProductTiles final : public TileModel {
 public:
  ProductTiles(const Workload& w, const Target& target, const Parts& parts)
      : w_(w),
        target_(target),
        parts_(parts),
        softmax_(softmax_pieces(target, w.seqlen_kv, 1)),
        gradient_(softmax_pieces(target, w.seqlen_kv, 2)) {}

  /// Of the softmax, and of its gradient.
  const RowPieces& softmax() const { return softmax_; }
  const RowPieces& gradient() const { return gradient_; }

  TileSizes limits() const override {
    const std::int64_t most = std::max({w_.seqlen_q, w_.seqlen_kv, w_.head_dim, w_.head_dim_v});
    return {most, most};
  }

  /// Of NVIDIA's library for 16-bit operands: 128 rows, and 128 columns or as many as there are.
  std::optional<TileSizes> released() const override {
    const bool half = w_.dtype == DType::f16 || w_.dtype == DType::bf16;
    if (!half || !target_.arch().starts_with("sm")) return std::nullopt;
    return TileSizes{128, 64};
  }

  TileSizes paper() const override { return square_block_sizes(target_, limits()); }
  std::vector<TileShape> footprint(TileSizes t) const override {
    return ProductKernel::footprint(w_.dtype, t.first, t.second);
  }

  ClosedForm closed_form(TileSizes t) const override {
    ClosedForm form;
    if (w_.runs_forward()) form = forward(t.first);
    if (w_.runs_backward()) form = sum(form, backward(t.first));
    return form;
  }

  bool second_only_helps() const override { return true; }
  std::uint64_t iterations(TileSizes t) const override {
    const auto [b, bk] = t;
    const std::int64_t by_row = ceil_div(w_.seqlen_q, b);
    const std::int64_t by_key = ceil_div(w_.seqlen_kv, b);
    return static_cast<std::uint64_t>(by_row * by_key * ceil_div(w_.head_dim, bk) +
                                      by_row * ceil_div(w_.head_dim_v, b) *
                                          ceil_div(w_.seqlen_kv, bk));
  }

 private:
  static std::uint64_t number(std::int64_t n) { return static_cast<std::uint64_t>(n); }
  std::uint64_t rows() const { return number(w_.seqlen_q * w_.query_planes()); }
  std::uint64_t keys() const { return number(w_.seqlen_kv * w_.query_planes()); }
  std::uint64_t kv_rows() const { return number(w_.seqlen_kv * w_.kv_planes()); }
  std::uint64_t scores() const { return rows() * number(w_.seqlen_kv); }
  std::uint64_t passes(const RowPieces& pieces) const {
    return pieces.cols == w_.seqlen_kv ? 1 : 2;
  }

  /// x, read `times` times and written `stores` times.
  ClosedFormTerm scores(const char* x, std::uint64_t times, std::uint64_t stores) const {
    return {.tensor = x, .dtype = w_.dtype, .read = scores() * times, .written = scores() * stores};
  }
  /// Products read the rows once per block of keys and the other way round.
  ClosedForm forward(std::int64_t b) const {
    const std::uint64_t d = number(w_.head_dim), dv = number(w_.head_dim_v);
    const std::uint64_t by_row = number(ceil_div(w_.seqlen_q, b));
    const std::uint64_t by_key = number(ceil_div(w_.seqlen_kv, b));
    const std::uint64_t by_dv = number(ceil_div(w_.head_dim_v, b));
    const std::uint64_t in_place = (parts_.scales ? 1 : 0) + (parts_.masks ? 1 : 0);
    const DType dtype = w_.dtype;
    ClosedForm form = {
        {.tensor = "Q", .dtype = dtype, .read = rows() * d},
        {.tensor = "K", .dtype = dtype, .read = kv_rows() * d},
        {.tensor = "V", .dtype = dtype, .read = kv_rows() * dv},
        {.tensor = "Q_heads", .dtype = dtype, .read = rows() * d * by_key, .written = rows() * d},
        {.tensor = "K_heads",
         .dtype = dtype,
         .read = keys() * d * by_row,
         .written = kv_rows() * d},
        {.tensor = "V_heads",
         .dtype = dtype,
         .read = keys() * dv * by_row,
         .written = kv_rows() * dv},
        scores("S", passes(softmax_) + in_place, 1 + in_place),
        scores("P", parts_.drops ? 1 : by_dv, 1),
        {.tensor = "O", .dtype = dtype, .written = rows() * dv}};
    if (parts_.masks)
      form.push_back({.tensor = "mask", .dtype = parts_.mask_dtype, .read = scores()});
    if (parts_.drops) {
      form.push_back(scores("P_dropped", by_dv, 1));
      form.push_back({.tensor = "kept", .dtype = DType::i8, .written = scores()});
    }
    return form;
  }

  ClosedForm backward(std::int64_t b) const {
    const std::uint64_t d = number(w_.head_dim), dv = number(w_.head_dim_v);
    const std::uint64_t by_row = number(ceil_div(w_.seqlen_q, b));
    const std::uint64_t by_key = number(ceil_div(w_.seqlen_kv, b));
    const std::uint64_t by_dv = number(ceil_div(w_.head_dim_v, b));
    const std::uint64_t by_d = number(ceil_div(w_.head_dim, b));
    const std::uint64_t in_place = (parts_.scales ? 1 : 0) + (parts_.fills ? 1 : 0) + parts_.copies;
    const std::uint64_t drops = parts_.drops ? 1 : 0;
    const std::uint64_t weighs = parts_.weighs ? 1 : 0;
    const std::uint64_t passes = this->passes(gradient_);
    const DType dtype = w_.dtype;
    const bool copied = w_.runs_forward();
    ClosedForm form = {
        {.tensor = copied ? "Q_heads" : "Q", .dtype = dtype, .read = rows() * d * by_key},
        {.tensor = copied ? "K_heads" : "K", .dtype = dtype, .read = keys() * d * by_row},
        {.tensor = copied ? "V_heads" : "V", .dtype = dtype, .read = keys() * dv * by_row},
        {.tensor = "dO", .dtype = dtype, .read = 2 * rows() * dv * by_key},
        scores("P", weighs + passes + (1 - drops) * by_dv, 0),
        scores("dP", (parts_.weighs ? 1 : passes) + drops, 1 + drops),
        scores("dS", 2 * by_d + in_place, 1 + in_place),
        {.tensor = "dQ", .dtype = dtype, .read = rows() * d, .written = rows() * d},
        {.tensor = "dK", .dtype = dtype, .read = kv_rows() * d, .written = kv_rows() * d},
        {.tensor = "dV", .dtype = dtype, .read = kv_rows() * dv, .written = kv_rows() * dv},
        {.tensor = "dQ_tokens", .dtype = dtype, .written = rows() * d},
        {.tensor = "dK_tokens", .dtype = dtype, .written = kv_rows() * d},
        {.tensor = "dV_tokens", .dtype = dtype, .written = kv_rows() * dv}};
    if (parts_.weighs) form.push_back(scores("T", passes, 1));
    if (parts_.fills)
      form.push_back({.tensor = "mask", .dtype = parts_.mask_dtype, .read = scores()});
    if (parts_.drops) {
      form.push_back(scores("P_dropped", by_dv, 0));
      form.push_back({.tensor = "kept", .dtype = DType::i8, .read = scores()});
    }
    return form;
  }

  const Workload& w_;
  const Target& target_;
  const Parts parts_;
  const RowPieces softmax_, gradient_;
};

class StandardPytorch final : public Schedule {
 public:
  explicit StandardPytorch(const PlanRequest& r)
      : w_(r.workload), target_(r.target), parts_(r), mask_(w_), model_(w_, r.target, parts_) {
    sizes_ = choose_nest(r, model_);
    t_ = add_attention_tensors(program_, w_, 1, w_.runs_forward());
    if (w_.runs_forward()) s_ = add_scores("S", TensorRole::workspace, w_.dtype);
    p_ = dropped_ = add_scores("P", TensorRole::probabilities, w_.dtype);
    if (parts_.masks && (w_.runs_forward() || parts_.fills)) {
      mask_values_ =
          program_.add({"mask", TensorRole::mask, parts_.mask_dtype, 1, w_.seqlen_q, w_.seqlen_kv});
    }
    if (parts_.drops) {
      dropped_ = add_scores("P_dropped", TensorRole::dropped_probabilities, w_.dtype);
      dropping_ = {.spec = w_.dropout,
                   .scores = t_.shape,
                   .kept = add_scores("kept", TensorRole::workspace, DType::i8)};
    }
    if (w_.runs_forward()) plan_forward();
    if (w_.runs_backward()) plan_backward();
  }

  ClosedForm closed_form() const override { return model_.closed_form(sizes_); }

 private:
  Tensor add_scores(const char* name, TensorRole role, DType dtype) {
    return program_.add({name, role, dtype, w_.query_planes(), w_.seqlen_q, w_.seqlen_kv});
  }

  void plan_forward() {
    copy(0, "Q_heads", t_.q);
    copy(1, "K_heads", t_.k);
    copy(2, "V_heads", t_.v);
    t_.q = copies_[0].copy();
    t_.k = copies_[1].copy();
    t_.v = copies_[2].copy();
    multiply(0, {"scores", {t_.q}, {t_.k, true}, s_, w_.dtype, parts_.scales ? 1 : scale_});
    if (parts_.scales) scale(0, "scale", s_, scale_);
    if (parts_.masks) mask(0, "mask", s_, true);
    softmax_.add_to(program_, "softmax", s_, p_, model_.softmax()).launch =
        softmax_launch(model_.softmax(), w_.seqlen_kv, 1);
    if (parts_.drops) {
      dropout_
          .add_to(program_, "dropout", p_, dropped_, dropping_,
                  ElementBlocks::of(p_, elements_at_once(target_, kDropoutElements)))
          .launch = {.threads = 256, .registers = 32, .placement = Placement::persistent_static};
    }
    multiply(1, {"output", {dropped_}, {t_.v}, t_.o, w_.dtype});
  }

  void plan_backward() {
    g_ = add_gradient_tensors(program_, w_, w_.dtype);
    const Tensor d_p = add_scores("dP", TensorRole::workspace, w_.dtype);
    const Tensor d_s = add_scores("dS", TensorRole::workspace, w_.dtype);
    multiply(2, {"dv", {dropped_, true}, {g_.d_o}, g_.d_v, w_.dtype});
    multiply(3, {"dp", {g_.d_o}, {t_.v, true}, d_p, w_.dtype});
    if (parts_.drops) {
      dropout_gradient_.add_to(program_, "dropout_gradient", d_p, dropping_, vectors(d_p)).launch =
          kElementwise;
    }
    if (parts_.weighs) {
      weighted_.add_to(program_, "T", d_p, w_.dtype, vectors(d_p), p_).launch = kElementwise;
    }
    softmax_gradient_
        .add_to(program_, "ds", p_, parts_.weighs ? weighted_.copy() : d_p, d_s, model_.gradient())
        .launch = softmax_launch(model_.gradient(), w_.seqlen_kv, 2);
    // A copy in place moves what one into new storage moves.
    for (std::size_t n = 0; n < parts_.copies; ++n) scale(2 + n, "copy_gradient", d_s, 1);
    if (parts_.fills) mask(1, "mask_gradient", d_s, false);
    if (parts_.scales) scale(1, "scale_gradient", d_s, scale_);
    const double factor = parts_.scales ? 1 : scale_;
    multiply(4, {"dq", {d_s}, {t_.k}, g_.d_q, w_.dtype, factor});
    multiply(5, {"dk", {d_s, true}, {t_.q}, g_.d_k, w_.dtype, factor});
    copy(3, "dQ_tokens", g_.d_q);
    copy(4, "dK_tokens", g_.d_k);
    copy(5, "dV_tokens", g_.d_v);
  }

  void multiply(std::size_t n, const Product& product) {
    // A block of 128 columns takes 8 warps, one of 64 takes 4.
    const std::int64_t threads = product.to.cols() > 64 ? 256 : 128;
    const std::string& arch = target_.arch();
    products_[n].add_to(program_, product, sizes_.first, sizes_.second).launch = {
        .threads = threads,
        .registers = 128,
        .asynchronous_matrix = arch == "sm90" || arch == "sm100" || arch == "sm103",
        .double_buffered = true};
  }

  void copy(std::size_t n, const std::string& name, const Tensor& from) {
    copies_[n].add_to(program_, name, from, w_.dtype, strided(from)).launch = kElementwise;
  }
  void scale(std::size_t n, const std::string& name, const Tensor& x, double factor) {
    scales_[n].add_to(program_, name, x, factor, vectors(x)).launch = kElementwise;
  }
  void mask(std::size_t n, const std::string& name, const Tensor& x, bool hides) {
    masks_[n].add_to(program_, name, x, mask_values_, mask_, hides, strided(x)).launch =
        kElementwise;
  }

  /// What the tasks of an elementwise kernel take of a matrix: at once, or in rounds.
  ElementBlocks vectors(const Tensor& x) const {
    return ElementBlocks::of(x, elements_at_once(target_, kElements));
  }
  ElementBlocks strided(const Tensor& x) const {
    return ElementBlocks::of(x, elements_at_once(target_, kElements / kRounds), kRounds);
  }

  static inline const Launch kElementwise{.threads = 128, .registers = 32};

  const Workload w_;
  const Target& target_;
  const Parts parts_;
  const AttentionMask mask_;
  const ProductTiles model_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  TileSizes sizes_{};
  AttentionTensors t_;  // Q, K, V: what the products read
  GradientTensors g_;
  Tensor s_, p_, dropped_, mask_values_;
  Dropping dropping_;
  CopyKernel copies_[6], weighted_;
  ScaleKernel scales_[2 + kViewCopies];
  MaskKernel masks_[2];
  SoftmaxKernel softmax_;
  SoftmaxGradientKernel softmax_gradient_;
  DropoutKernel dropout_;
  DropoutGradientKernel dropout_gradient_;
  ProductKernel products_[6];
};

ATTNSIM_REGISTER_ALGORITHM("standard_pytorch", [] {
  return Algorithm{info(), plan_schedule<StandardPytorch>};
});

}  // namespace
}  // namespace attnsim
