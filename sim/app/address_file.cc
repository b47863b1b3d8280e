#include "sim/app/address_file.h"

#include "sim/app/progress.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/machine/cache_chain.h"
#include "sim/replay/cache_counts.h"
#include "sim/replay/line_source.h"

namespace attnsim::app {

std::optional<trace_file::AddressFormat> read_address_format(const std::string& file) {
  const auto format = trace_file::address_format_of(file);
  return format && trace_file::is_read(*format) ? format : std::nullopt;
}

CacheReport replay_addresses(const std::string& file, trace_file::AddressFormat format,
                             const Arguments& arguments) {
  CacheReport report{.file = file, .specs = config::load_caches(arguments.values("cache"))};
  if (report.specs.empty()) {
    throw UserError(file +
                    " holds addresses: it needs a cache, such as --cache "
                    "'capacity=1 MiB,line=64 B,ways=16,policy=lru'");
  }
  const replay::AddressLines lines(file, format, report.specs.front().cache.unit());
  machine::CacheChain chain(report.specs);
  {
    WorkProgress progress(arguments, "bytes");
    lines.replay([&](const machine::LineAccess& access) { chain.access(access); }, &progress);
  }
  chain.finish();
  report.accesses = lines.events();
  for (std::size_t i = 0; i < report.specs.size(); ++i) {
    report.caches.push_back(
        replay::cache_row(report.specs[i].cache.name, "total", chain.counts(i)));
  }
  const machine::MemoryCounts memory = chain.memory_counts();
  report.memory_read = Bytes(memory.bytes_read);
  report.memory_write = Bytes(memory.bytes_written);
  return report;
}

}  // namespace attnsim::app
