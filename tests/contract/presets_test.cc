// What the machines in configs/hardware promise: their numbers agree with each other, what a
// duration needs is there, and every guess is listed. That each runs with every algorithm is a
// promise of the algorithms (algorithms_test.cc).
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "tests/contract/source_tree.h"

namespace attnsim::contract {
namespace {

const config::SearchPath& search() {
  static const config::SearchPath kSearch{ATTNSIM_SOURCE_DIR};
  return kSearch;
}

const std::map<std::string, std::string>& preset_texts() {
  static const std::map<std::string, std::string> kTexts = [] {
    std::map<std::string, std::string> texts;
    const std::string folder = "configs/hardware";
    for (const SourceFile& file : repository_files()) {
      if (folder_of(file.path) != folder) continue;
      const std::size_t begin = folder.size() + 1;
      const std::size_t end = file.path.rfind(".yaml");
      texts[file.path.substr(begin, end - begin)] = file.text;
    }
    return texts;
  }();
  return kTexts;
}

std::vector<std::string> ids() {
  std::vector<std::string> result;
  for (const auto& [id, text] : preset_texts()) result.push_back(id);
  return result;
}

/// A line of a preset's file that sets a value: its dotted path and its comment.
struct Setting {
  std::string path;
  std::string comment;
};

std::vector<Setting> settings_of(const std::string& id) {
  std::vector<Setting> settings;
  std::vector<std::string> sections;
  for (const std::string_view line : lines_of(preset_texts().at(id))) {
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':');
    if (indent == std::string_view::npos || line[indent] == '#' || line[indent] == '-') continue;
    if (colon == std::string_view::npos) continue;
    sections.resize(std::min(sections.size(), indent / 2));
    sections.emplace_back(line.substr(indent, colon - indent));
    std::string path = sections.front();
    for (std::size_t i = 1; i < sections.size(); ++i) path += "." + sections[i];
    const std::size_t comment = line.find(" # ", colon);
    settings.push_back({path, comment == std::string_view::npos
                                  ? std::string()
                                  : std::string(line.substr(comment + 3))});
  }
  return settings;
}

/// The preset that this one extends; empty: none.
std::string base_of(const std::string& id) {
  constexpr std::string_view kKey = "extends: ";
  for (const std::string_view line : lines_of(preset_texts().at(id))) {
    if (line.starts_with(kKey)) return std::string(line.substr(kKey.size()));
  }
  return {};
}

class Preset : public testing::TestWithParam<std::string> {
 protected:
  bool abstract() const { return machine_.uniform_words; }
  bool lists(const std::string& path) const {
    return std::ranges::find(machine_.estimated, path) != machine_.estimated.end();
  }
  double per_clock_and_core(double rate, std::optional<double> clock) const {
    return rate / static_cast<double>(machine_.cores) / clock.value_or(0);
  }

  const MachineSpec machine_ = config::load_machine(GetParam(), search());
};

/// The nearest power of two.
double power_of_two(double x) { return std::exp2(std::round(std::log2(x))); }

TEST_P(Preset, ListsEveryGuessOfItsFile) {
  for (const Setting& s : settings_of(GetParam())) {
    if (s.comment.find("source: estimate") == std::string::npos) continue;
    EXPECT_TRUE(lists(s.path)) << s.path << " is a guess that `estimated` does not list";
  }
}

/// A list replaces the base's: what was a guess there stays one here unless the file knows better.
TEST_P(Preset, ListsTheGuessesOfItsBase) {
  const std::string base = base_of(GetParam());
  if (base.empty()) return;
  std::set<std::string> own;
  for (const Setting& s : settings_of(GetParam())) own.insert(s.path);
  for (const std::string& path : config::load_machine(base, search()).estimated) {
    EXPECT_TRUE(own.contains(path) || lists(path)) << path << " is a guess in " << base;
  }
}

TEST_P(Preset, SaysWhatADurationNeeds) {
  if (abstract()) return;
  EXPECT_FALSE(machine_.units.matrix.empty());
  EXPECT_TRUE(machine_.units.vector.has_value());
  EXPECT_TRUE(machine_.units.exp.has_value());
  EXPECT_TRUE(machine_.home().bandwidth.has_value());
  EXPECT_TRUE(machine_.clock.has_value());
  EXPECT_EQ(machine_.units.clock, machine_.clock) << "rates are stated at the clock of the machine";
  for (const Role role : {Role::operand, Role::accumulator, Role::vector}) {
    EXPECT_TRUE(machine_.space(role).capacity.has_value()) << name(role);
  }
}

TEST_P(Preset, SustainsNoMoreThanItsPeaks) {
  for (const MemorySpec& m : machine_.memories) {
    if (!m.bandwidth) continue;
    EXPECT_LE(m.read_bandwidth.value_or(0), *m.bandwidth) << m.name;
    EXPECT_LE(m.write_bandwidth.value_or(0), *m.bandwidth) << m.name;
  }
}

/// Inner memories are faster, where both rates are known.
TEST_P(Preset, IsFasterInside) {
  for (const MemorySpec& m : machine_.memories) {
    const MemorySpec* outer = machine_.memory(m.parent);
    if (outer == nullptr) continue;
    if (m.bandwidth) {
      EXPECT_GT(*m.bandwidth, outer->bandwidth.value_or(0)) << m.name;
    }
    if (outer->latency) {
      EXPECT_LT(m.latency.value_or(0), *outer->latency) << m.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Preset, testing::ValuesIn(ids()),
                         [](const auto& test) { return test.param; });

class NvidiaPreset : public Preset {};

/// A matrix unit does a power of two of operations a clock: a rate, a number of SMs and a clock
/// that belong to different boards do not give one.
TEST_P(NvidiaPreset, MatrixRateBelongsToItsClock) {
  ASSERT_TRUE(machine_.units.matrix.contains(DType::f16));
  const double flops =
      per_clock_and_core(machine_.units.matrix.at(DType::f16), machine_.units.matrix_clock);
  EXPECT_GE(flops, 512 * 0.97);
  EXPECT_NEAR(flops / power_of_two(flops), 1, 0.03) << flops << " FLOP/clk/SM";
}

TEST_P(NvidiaPreset, VectorRateBelongsToItsClock) {
  const double flops = per_clock_and_core(machine_.units.vector.value_or(0), machine_.units.clock);
  EXPECT_GE(flops, 128 * 0.97);  // 64 lanes
  EXPECT_LE(flops, 256 * 1.03);  // 128
  EXPECT_NEAR(flops / power_of_two(flops), 1, 0.03) << flops << " FLOP/clk/SM";
}

TEST_P(NvidiaPreset, ExponentialsAreSomeLanesAClock) {
  const double lanes = per_clock_and_core(machine_.units.exp.value_or(0), machine_.units.clock);
  EXPECT_NEAR(lanes / power_of_two(lanes), 1, 0.01) << lanes << " per clk and SM";
  EXPECT_GE(lanes, 4 * 0.99);
  EXPECT_LE(lanes, 32 * 1.01);
}

TEST_P(NvidiaPreset, SharedMemoryHas32Banks) {
  const MemorySpec* sram = machine_.memory("sram");
  ASSERT_NE(sram, nullptr);
  EXPECT_NEAR(per_clock_and_core(sram->bandwidth.value_or(0), machine_.units.clock), 128, 0.2);
}

TEST_P(NvidiaPreset, HasACopyPathThatIsWiderThanL2) {
  EXPECT_NEAR(per_clock_and_core(machine_.units.copy.value_or(0), machine_.units.clock), 64, 0.1);
  const MemorySpec* l2 = machine_.memory("l2");
  ASSERT_NE(l2, nullptr);
  ASSERT_TRUE(l2->read_bandwidth.has_value());
  EXPECT_GT(machine_.units.copy.value_or(0), *l2->read_bandwidth);
}

TEST_P(NvidiaPreset, SustainsWhatDramCan) {
  const MemorySpec& hbm = machine_.home();
  ASSERT_TRUE(hbm.read_bandwidth && hbm.write_bandwidth);
  EXPECT_GT(*hbm.read_bandwidth, 0.8 * *hbm.bandwidth);
  EXPECT_GT(*hbm.write_bandwidth, 0.7 * *hbm.bandwidth);
}

/// CUDA C++ Programming Guide, compute capabilities: threads, CTAs and KiB of shared memory that an
/// SM holds (one CTA gets 1 KiB less from sm80 on).
struct SmLimits {
  std::string_view arch;
  std::int64_t threads, tasks, shared_kib;
};

constexpr auto kSmLimits = std::to_array<SmLimits>({{"sm70", 2048, 32, 96},
                                                    {"sm75", 1024, 16, 64},
                                                    {"sm80", 2048, 32, 164},
                                                    {"sm86", 1536, 16, 100},
                                                    {"sm89", 1536, 24, 100},
                                                    {"sm90", 2048, 32, 228},
                                                    {"sm100", 2048, 32, 228},
                                                    {"sm103", 2048, 32, 228},
                                                    {"sm120", 1536, 24, 100}});

TEST_P(NvidiaPreset, HoldsWhatItsArchitectureHolds) {
  const auto* limits = std::ranges::find(kSmLimits, machine_.arch, &SmLimits::arch);
  ASSERT_NE(limits, kSmLimits.end()) << machine_.arch;
  EXPECT_EQ(machine_.core.partitions, 4);
  EXPECT_EQ(machine_.core.threads, limits->threads);
  EXPECT_EQ(machine_.core.registers, 65536);
  EXPECT_EQ(machine_.core.tasks, limits->tasks);
  const std::int64_t reserved = limits->arch < "sm80" && limits->arch.size() == 4 ? 0 : 1;
  EXPECT_EQ(machine_.memory("sram")->capacity->amount,
            static_cast<std::uint64_t>((limits->shared_kib - reserved) * 1024));
  EXPECT_TRUE(machine_.launch && machine_.launch_next);
}

std::vector<std::string> nvidia_ids() {
  std::vector<std::string> result = ids();
  std::erase_if(result, [](const std::string& id) { return !id.starts_with("nvidia_"); });
  return result;
}

INSTANTIATE_TEST_SUITE_P(All, NvidiaPreset, testing::ValuesIn(nvidia_ids()),
                         [](const auto& test) { return test.param; });

/// The document's table of machines names each once, and no other.
TEST(Presets, AreListedInTheirDocument) {
  std::set<std::string> listed;
  for (const SourceFile& file : repository_files()) {
    if (file.path != "configs/README.md") continue;
    for (const std::string_view line : lines_of(file.text)) {
      if (!line.starts_with("| `")) continue;
      const std::string first(line.substr(3, line.find('`', 3) - 3));
      if (preset_texts().contains(first)) {
        EXPECT_TRUE(listed.insert(first).second) << first << " is listed twice";
      }
    }
  }
  for (const std::string& id : ids()) EXPECT_TRUE(listed.contains(id)) << id;
}

}  // namespace
}  // namespace attnsim::contract
