// One head of as many queries as keys, whose words are all alike.
#pragma once

#include <cstdint>

#include "sim/core/workload.h"

namespace attnsim::test {

inline Workload square(std::int64_t seqlen, std::int64_t head_dim, Pass pass = Pass::forward) {
  return {.seqlen_q = seqlen,
          .seqlen_kv = seqlen,
          .head_dim = head_dim,
          .head_dim_v = head_dim,
          .dtype = DType::f32,
          .pass = pass};
}

}  // namespace attnsim::test
