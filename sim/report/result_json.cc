// A result of a replay, and the bounds it is set against, as JSON.
#include <algorithm>
#include <variant>

#include "sim/report/json.h"
#include "sim/report/json_parts.h"

namespace attnsim::report {
namespace {

Json or_null(const std::optional<std::int64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json param_json(const ParamValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Json mask_json(const MaskSpec& mask) {
  Json out = Json::object();
  out["kind"] = mask.kind;
  out["block"] = mask.block;
  out["seed"] = mask.seed;
  for (const auto& [param, value] : mask.params.all()) out[param] = param_json(value);
  return out;
}

Json workload_json(const Workload& w) {
  Json out = Json::object();
  out["batch"] = w.batch;
  out["heads"] = w.heads;
  out["kv_heads"] = w.kv_heads;
  out["seqlen_q"] = w.seqlen_q;
  out["seqlen_kv"] = w.seqlen_kv;
  out["head_dim"] = w.head_dim;
  out["head_dim_v"] = w.head_dim_v;
  out["dtype"] = name(w.dtype);
  out["causal"] = w.causal;
  Json window;  // null
  if (w.window_left || w.window_right) {
    window["left"] = or_null(w.window_left);
    window["right"] = or_null(w.window_right);
  }
  out["window"] = std::move(window);
  if (w.mask) out["mask"] = mask_json(*w.mask);
  if (w.dropout) {
    out["dropout"] = {{"probability", w.dropout.probability}, {"seed", w.dropout.seed}};
  }
  if (w.prefix > 0) out["prefix"] = w.prefix;
  out["pass"] = name(w.pass);
  return out;
}

Json algorithm_json(const Result& result) {
  Json params = Json::object();
  for (const auto& [tile, size] : result.tiles) params[tile] = size;
  for (const auto& [param, value] : result.run.algorithm.params.all()) {
    params[param] = param_json(value);
  }
  Json out = Json::object();
  out["name"] = result.run.algorithm.name;
  out["tiles"] = result.tile_rule;
  out["params"] = std::move(params);
  return out;
}

Json run_json(const Result& result) {
  Json out = Json::object();
  out["workload"] = workload_json(result.run.workload);
  out["hardware"] = machine_json(result.run.machine);
  out["algorithm"] = algorithm_json(result);
  return out;
}

Json io_json(const IoRow& row) {
  Json out = Json::object();
  out["memory"] = row.memory;
  out["device"] = row.device;
  out["tensor"] = row.tensor;
  out["read_bytes"] = count(row.read_bytes);
  out["write_bytes"] = count(row.write_bytes);
  out["bytes"] = count(row.bytes());
  out["read_words"] = count(row.read_words);
  out["write_words"] = count(row.write_words);
  out["words"] = count(row.words());
  out["init_bytes"] = count(row.init_bytes);
  out["init_words"] = count(row.init_words);
  return out;
}

// One entry per memory, in order of appearance.
Json closed_form_json(const std::vector<ClosedFormRow>& rows) {
  Json out = Json::array();
  for (const ClosedFormRow& row : rows) {
    auto entry = std::find_if(out.begin(), out.end(),
                              [&](const Json& e) { return e["memory"] == row.memory; });
    if (entry == out.end()) {
      Json fresh = Json::object();
      fresh["memory"] = row.memory;
      fresh["words"] = nullptr;
      fresh["equals"] = nullptr;
      fresh["bytes"] = nullptr;
      fresh["tensors"] = Json::array();
      out.push_back(std::move(fresh));
      entry = out.end() - 1;
    }
    Json figures = Json::object();
    figures["words"] = count(row.words);
    figures["equals"] = row.equals;
    figures["bytes"] = count(row.bytes);
    if (row.tensor == "total") {
      entry->update(figures);
    } else {
      Json tensor = Json::object();
      tensor["tensor"] = row.tensor;
      tensor.update(figures);
      (*entry)["tensors"].push_back(std::move(tensor));
    }
  }
  return out;
}

Json footprint_json(const FootprintRow& row) {
  Json out = Json::object();
  out["space"] = row.space;
  out["peak_bytes"] = count(row.peak_bytes);
  out["peak_words"] = count(row.peak_words);
  out["capacity_bytes"] = count(row.capacity_bytes);
  out["capacity_words"] = count(row.capacity_words);
  out["fits"] = row.fits;
  out["static_bytes"] = count(row.static_bytes);
  for (const auto& [part, bytes] : row.parts) out[part + "_bytes"] = count(bytes);
  return out;
}

Json bound_json(const BoundRow& row) {
  Json out = Json::object();
  out["id"] = row.id;
  out["kind"] = row.kind;
  out["memory"] = row.memory;
  out["m_words"] = count(row.m_words);
  out["rigorous"] = row.rigorous;
  out["applies"] = row.applies;
  out["words"] = count(row.words);
  out["bytes"] = count(row.bytes);
  out["ratio"] = row.ratio > 0 ? real(row.ratio) : Json(nullptr);
  out["class"] = row.holds_for;
  out["regime"] = row.regime;
  out["formula"] = row.formula;
  out["source"] = row.source;
  return out;
}

Json density_json(const Density& density) {
  Json out = Json::object();
  out["realised"] = real(density.realised());
  out["useful"] = real(density.useful());
  out["tiles"] = density.tiles;
  out["visited_tiles"] = density.visited_tiles;
  out["visited_elements"] = density.visited_elements;
  out["visible_elements"] = density.visible_elements;
  return out;
}

Json work_json(const WorkSummary& work) {
  Json out = Json::object();
  out["matrix_flops"] = work.matrix_flops;
  out["exp_ops"] = work.exp_ops;
  out["vector_ops"] = work.vector_ops;
  out["operations"] = work.operations;
  out["tasks"] = work.tasks;
  return out;
}

Json provenance_json(const Provenance& provenance) {
  Json out = Json::object();
  out["config_hash"] = provenance.config_hash;
  out["seed"] = provenance.seed;
  out["command"] = provenance.command;
  out["estimated_inputs"] = provenance.estimated_inputs;
  return out;
}

}  // namespace

Json cache_json(const CacheRow& row) {
  Json out = Json::object();
  out["name"] = row.name;
  out["tensor"] = row.tensor;
  out["accesses"] = row.accesses;
  out["hits"] = row.hits;
  out["misses"] = row.misses;
  out["read_misses"] = row.read_misses;
  out["write_misses"] = row.write_misses;
  out["cold"] = row.cold;
  out["capacity"] = row.capacity;
  out["conflict"] = row.conflict;
  out["fills"] = row.fills;
  out["evictions"] = row.evictions;
  out["write_backs"] = row.write_backs;
  out["final_dirty"] = row.final_dirty;
  return out;
}

std::string_view tool_version() { return ATTNSIM_VERSION; }

Json tool_json() {
  Json tool = Json::object();
  tool["name"] = "attnsim";
  tool["version"] = tool_version();
  return tool;
}

namespace {

Json headed(const Result& result) {
  Json out = versioned();
  out["tool"] = tool_json();
  out["run"] = run_json(result);
  return out;
}

Json result_json(const Result& result) {
  Json out = headed(result);
  out["io"] = array(result.io, io_json);
  out["closed_form"] = closed_form_json(result.closed_form);
  out["footprint"] = array(result.footprint, footprint_json);
  out["bounds"] = array(result.bounds, bound_json);
  if (!result.caches.empty()) out["caches"] = array(result.caches, cache_json);
  if (!result.energy.empty()) out["energy"] = array(result.energy, energy_json);
  if (result.density) out["density"] = density_json(*result.density);
  out["work"] = work_json(result.work);
  if (result.time) {
    out["time"] = time_json(*result.time);
  } else if (!result.no_time.empty()) {
    out["time"] = nullptr;
    out["no_time"] = result.no_time;
  }
  out["provenance"] = provenance_json(result.provenance);
  return out;
}

std::string line(const Json& json) { return json.dump(-1, ' ', false, kReplace); }

}  // namespace

std::string to_json(const Result& result) { return dump(result_json(result)); }

std::string to_json_line(const Result& result) { return line(result_json(result)); }

std::string to_json_line(const Result& without, const std::string& no_result) {
  Json out = headed(without);
  out["no_result"] = no_result;
  out["provenance"] = provenance_json(without.provenance);
  return line(out);
}

std::string to_json(const std::vector<BoundRow>& bounds) {
  Json out = versioned();
  out["bounds"] = array(bounds, bound_json);
  return dump(out);
}

}  // namespace attnsim::report
