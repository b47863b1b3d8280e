// How long a run takes and what its traffic costs, as JSON.
#include "sim/report/json_parts.h"

namespace attnsim::report {
namespace {

Json lane_json(const LaneRow& row) {
  Json out = Json::object();
  out["lane"] = row.lane;
  out["busy_seconds"] = real(row.busy_seconds);
  out["utilisation"] = real(row.utilisation);
  return out;
}

Json kernel_json(const KernelTime& row) {
  Json out = Json::object();
  out["kernel"] = row.kernel;
  out["seconds"] = real(row.seconds);
  out["limiter"] = row.limiter;
  out["tasks"] = row.tasks;
  out["places"] = row.places;
  return out;
}

}  // namespace

Json time_json(const TimeReport& time) {
  Json out = Json::object();
  out["seconds"] = real(time.seconds);
  out["limiter"] = time.limiter;
  out["flops"] = count(time.flops);
  out["tflops"] = real(time.tflops);
  out["lanes"] = array(time.lanes, lane_json);
  out["kernels"] = array(time.kernels, kernel_json);
  return out;
}

Json energy_json(const EnergyRow& row) {
  Json out = Json::object();
  out["memory"] = row.memory;
  out["bytes"] = count(row.bytes);
  out["joules"] = real(row.joules);
  return out;
}

}  // namespace attnsim::report
