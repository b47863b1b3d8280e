// Nests of the backward pass as parameters of tiled_backward.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "sim/core/error.h"
#include "sim/trace/backward_nest.h"

namespace attnsim {
namespace {

using Kind = BackwardNest::Kind;

/// In the order of Kind.
constexpr std::string_view kKinds[] = {"keys_outside", "rows_outside", "ds_stored", "stored"};

void set_product(ParamValues& params, const std::string& gradient, const ProductTiles& tiles) {
  params.set(gradient + "_rows", tiles.rows);
  params.set(gradient + "_cols", tiles.cols);
}

ProductTiles product_of(const ParamValues& params, const std::string& gradient) {
  return {.rows = params.integer(gradient + "_rows"), .cols = params.integer(gradient + "_cols")};
}

ParamSpec size_param(std::string name, std::string unit, std::string value, std::string doc,
                     std::int64_t minimum = 1) {
  return {.name = std::move(name),
          .type = ParamType::integer,
          .unit = std::move(unit),
          .default_value = std::move(value),
          .doc = std::move(doc),
          .minimum = minimum};
}

}  // namespace

std::vector<ParamSpec> backward_nest_parameters() {
  std::vector<ParamSpec> out = {
      {.name = "gradients",
       .type = ParamType::choice,
       .default_value = "keys_outside",
       .doc = "keys stay with dK and dV, rows with dQ, or as keys_outside with dS in memory, or "
              "both P and dS in memory",
       .choices = {"keys_outside", "rows_outside", "ds_stored", "stored"}},
      {.name = "dk_held",
       .type = ParamType::boolean,
       .default_value = "true",
       .doc = "ds_stored: dK stays with its keys; otherwise it is a product of matrices, too"},
      size_param("q_columns", "columns", "0", "stored: of Q, that stay while keys pass", 0),
      size_param("p_strips", "strips", "1", "stored: that the Bc keys of a tile of P are cut into"),
      size_param("ds_rows", "rows", "64", "stored: of a tile of dS"),
      size_param("ds_keys", "keys", "64", "stored: of a strip of a tile of dS"),
      size_param("ds_strips", "strips", "1", "stored: of a tile of dS"),
      size_param("do_columns", "columns", "0", "stored: of dO, that stay while keys pass", 0)};
  for (const char* gradient : {"dv", "dk", "dq"}) {
    const std::string name = gradient;
    out.push_back(
        size_param(name + "_rows", "rows", "64", "of a block of " + name + " by product"));
    out.push_back(
        size_param(name + "_cols", "columns", "64", "of a block of " + name + " by product"));
  }
  return out;
}

AlgorithmChoice choice_of(const BackwardNest& nest) {
  const bool stored = nest.kind == Kind::stored;
  AlgorithmChoice choice{.name = "tiled_backward"};
  choice.tiles = {
      TileRule::explicit_sizes,
      {{"Br", stored ? nest.p.rows : nest.Br}, {"Bc", stored ? nest.p.width() : nest.Bc}}};
  ParamValues& params = choice.params;
  params.set("gradients", std::string(kKinds[static_cast<std::size_t>(nest.kind)]));
  if (nest.kind == Kind::ds_stored) params.set("dk_held", nest.dk_held);
  if (stored) {
    params.set("q_columns", nest.p.columns);
    params.set("p_strips", nest.p.strips);
    params.set("ds_rows", nest.d_s.rows);
    params.set("ds_keys", nest.d_s.keys);
    params.set("ds_strips", nest.d_s.strips);
    params.set("do_columns", nest.d_s.columns);
    set_product(params, "dv", nest.d_v);
  }
  if (stored || (nest.kind == Kind::ds_stored && !nest.dk_held)) {
    set_product(params, "dk", nest.d_k);
  }
  if (stored || nest.kind == Kind::ds_stored) set_product(params, "dq", nest.d_q);
  return choice;
}

BackwardNest backward_nest_of(const ParamValues& params) {
  for (const char* name : {"p_strips", "ds_strips"}) {
    if (params.integer(name) <= kMostStrips) continue;
    throw UserError(std::string("algorithm.") + name + ": expected at most " +
                    std::to_string(kMostStrips) + ", got '" + std::to_string(params.integer(name)) +
                    "'");
  }
  const auto* const kind = std::ranges::find(kKinds, params.choice("gradients"));
  return {.kind = static_cast<Kind>(kind - std::begin(kKinds)),
          .dk_held = params.boolean("dk_held"),
          .p = {.strips = params.integer("p_strips"), .columns = params.integer("q_columns")},
          .d_s = {.rows = params.integer("ds_rows"),
                  .keys = params.integer("ds_keys"),
                  .strips = params.integer("ds_strips"),
                  .columns = params.integer("do_columns")},
          .d_v = product_of(params, "dv"),
          .d_k = product_of(params, "dk"),
          .d_q = product_of(params, "dq")};
}

}  // namespace attnsim
