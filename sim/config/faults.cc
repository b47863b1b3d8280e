#include "sim/config/faults.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace attnsim::config {
namespace {

constexpr std::size_t kMostReported = 100;
constexpr std::size_t kMostCollected = 1000;

}  // namespace

void Faults::enter(const std::string& file) { files_.try_emplace(file, files_.size()); }

void Faults::add(const Position& at, const std::string& path, const std::string& message) {
  faults_.push_back(
      {.file = at.file, .line = at.line, .column = at.column, .path = path, .message = message});
  if (faults_.size() >= kMostCollected) throw_if_any();
}

std::size_t Faults::rank(const Diagnostic& fault) const {
  const auto it = files_.find(fault.file);
  return it == files_.end() ? files_.size() : it->second;
}

std::vector<Diagnostic> Faults::sorted() const {
  std::vector<Diagnostic> all = faults_;
  std::stable_sort(all.begin(), all.end(), [this](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(rank(a), a.line, a.column) < std::tuple(rank(b), b.line, b.column);
  });
  std::set<std::tuple<std::string, int, int, std::string>> seen;
  std::erase_if(all, [&seen](const Diagnostic& d) {
    return d.line > 0 && !seen.emplace(d.file, d.line, d.column, d.message).second;
  });
  if (all.size() > kMostReported) {
    const bool stopped = faults_.size() >= kMostCollected;
    const std::string rest = stopped ? "many" : std::to_string(all.size() - kMostReported);
    all.resize(kMostReported);
    all.push_back({.file = {}, .path = {}, .message = "and " + rest + " more"});
  }
  return all;
}

void Faults::throw_if_any() const {
  if (!faults_.empty()) throw UserError(sorted());
}

}  // namespace attnsim::config
