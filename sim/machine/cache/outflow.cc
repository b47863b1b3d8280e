#include "sim/machine/cache/outflow.h"

namespace attnsim::machine {

void Outflow::fetch(LineRun lines, std::uint16_t tag) {
  if (below_ == nullptr || lines.count == 0) return;
  if (ordered_) send_write_back();
  if (fetch_.joins(lines, tag)) {
    fetch_.lines.count += lines.count;
    return;
  }
  send_fetch();
  fetch_ = {lines, tag};
}

void Outflow::write_back(LineRun lines, std::uint16_t tag) {
  if (below_ == nullptr || lines.count == 0) return;
  if (ordered_) send_fetch();
  if (write_back_.joins(lines, tag)) {
    write_back_.lines.count += lines.count;
    return;
  }
  send_write_back();
  write_back_ = {lines, tag};
}

void Outflow::replace(const Victims& victims, std::uint64_t first, bool fetched,
                      std::uint16_t tag) {
  if (below_ == nullptr) return;
  const std::uint64_t count = victims.lines.count;
  if (ordered_ && victims.dirty && fetched) {
    for (std::uint64_t i = 0; i < count; ++i) {
      write_back({victims.lines.first + i, 1}, victims.tag);
      fetch({first + i, 1}, tag);
    }
    return;
  }
  if (victims.dirty) write_back(victims.lines, victims.tag);
  if (fetched) fetch({first, count}, tag);
}

void Outflow::flush() {
  // In order: at most one of them is pending.
  send_fetch();
  send_write_back();
}

void Outflow::send_fetch() {
  if (fetch_.lines.count == 0) return;
  below_->fetch(fetch_.lines, fetch_.tag);
  fetch_.lines.count = 0;
}

void Outflow::send_write_back() {
  if (write_back_.lines.count == 0) return;
  below_->write_back(write_back_.lines, write_back_.tag);
  write_back_.lines.count = 0;
}

}  // namespace attnsim::machine
