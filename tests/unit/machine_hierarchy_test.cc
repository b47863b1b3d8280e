// The boundaries data crosses between two memories of a machine.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/machine/hierarchy.h"

namespace attnsim::machine {
namespace {

MemorySpec on_core(std::string name, MemoryKind kind, std::string parent) {
  return {.name = std::move(name), .kind = kind, .per_core = true, .parent = std::move(parent)};
}

MemorySpec shared(std::string name, MemoryKind kind, std::string parent = {}) {
  return {.name = std::move(name), .kind = kind, .per_core = false, .parent = std::move(parent)};
}

constexpr MemoryKind kRegisters = MemoryKind::registers;
constexpr MemoryKind kScratchpad = MemoryKind::scratchpad;
constexpr MemoryKind kCache = MemoryKind::cache;
constexpr MemoryKind kDram = MemoryKind::dram;

/// Fast memory under slow memory.
MachineSpec two_level() {
  MachineSpec spec;
  spec.memories = {on_core("sram", kScratchpad, "hbm"), shared("hbm", kDram)};
  return spec;
}

/// Register file and shared memory side by side, as in a GPU's multiprocessor.
MachineSpec gpu() {
  MachineSpec spec;
  spec.memories = {on_core("regs", kRegisters, "l2"), on_core("sram", kScratchpad, "l2"),
                   shared("l2", kCache, "hbm"), shared("hbm", kDram)};
  return spec;
}

/// A cube core whose operand buffers lie under L1, and a vector core beside it.
MachineSpec ascend() {
  MachineSpec spec;
  spec.memories = {on_core("l0a", kScratchpad, "l1"),
                   on_core("l0b", kScratchpad, "l1"),
                   on_core("l0c", kScratchpad, "l2"),
                   on_core("l1", kScratchpad, "l2"),
                   on_core("ub", kScratchpad, "l2"),
                   shared("l2", kCache, "hbm"),
                   shared("hbm", kDram)};
  return spec;
}

std::size_t index_of(const MachineSpec& spec, const std::string& name) {
  return static_cast<std::size_t>(spec.memory(name) - spec.memories.data());
}

/// "l2 out, l2 in": the boundaries of a path in order.
std::string path(const MachineSpec& spec, const std::string& from, const std::string& to) {
  const Hierarchy hierarchy(spec);
  std::string out;
  for (const Crossing& c : hierarchy.path(index_of(spec, from), index_of(spec, to))) {
    out += (out.empty() ? "" : ", ") + spec.memories[c.memory].name;
    out += c.outwards ? " out" : " in";
  }
  return out;
}

TEST(HierarchyPath, OnTheTwoLevelMachine) {
  EXPECT_EQ(path(two_level(), "sram", "hbm"), "hbm out");
  EXPECT_EQ(path(two_level(), "hbm", "sram"), "hbm in");
  EXPECT_EQ(path(two_level(), "sram", "sram"), "");
  EXPECT_EQ(path(two_level(), "hbm", "hbm"), "");
}

TEST(HierarchyPath, OnAGpuPassesTheCache) {
  EXPECT_EQ(path(gpu(), "hbm", "sram"), "hbm in, l2 in");
  EXPECT_EQ(path(gpu(), "sram", "hbm"), "l2 out, hbm out");
  EXPECT_EQ(path(gpu(), "regs", "hbm"), "l2 out, hbm out");
  EXPECT_EQ(path(gpu(), "hbm", "regs"), "hbm in, l2 in");
}

TEST(HierarchyPath, JoinsRegistersAndScratchpadOfACoreDirectly) {
  EXPECT_EQ(path(gpu(), "sram", "regs"), "sram in");
  EXPECT_EQ(path(gpu(), "regs", "sram"), "sram out");
  EXPECT_EQ(path(gpu(), "regs", "regs"), "");
}

TEST(HierarchyPath, JoinsRegistersUnderTheirScratchpad) {
  MachineSpec spec = gpu();
  spec.memories[0].parent = "sram";
  EXPECT_EQ(path(spec, "sram", "regs"), "sram in");
  EXPECT_EQ(path(spec, "regs", "sram"), "sram out");
  EXPECT_EQ(path(spec, "hbm", "regs"), "hbm in, l2 in, sram in");
  EXPECT_EQ(path(spec, "regs", "hbm"), "sram out, l2 out, hbm out");
}

TEST(HierarchyPath, BetweenBranchesGoesOutToWhereTheyMeetAndBackIn) {
  EXPECT_EQ(path(ascend(), "l0c", "ub"), "l2 out, l2 in");
  EXPECT_EQ(path(ascend(), "ub", "l0a"), "l2 out, l2 in, l1 in");
  EXPECT_EQ(path(ascend(), "l0a", "l0b"), "l1 out, l1 in");
}

TEST(HierarchyPath, AlongOneBranch) {
  EXPECT_EQ(path(ascend(), "hbm", "l0a"), "hbm in, l2 in, l1 in");
  EXPECT_EQ(path(ascend(), "l1", "l0a"), "l1 in");
  EXPECT_EQ(path(ascend(), "l0a", "l1"), "l1 out");
  EXPECT_EQ(path(ascend(), "l0c", "hbm"), "l2 out, hbm out");
  EXPECT_EQ(path(ascend(), "l2", "hbm"), "hbm out");
}

TEST(Hierarchy, ChainsWithoutAParentGoToTheNextMemory) {
  MachineSpec spec = two_level();
  spec.memories[0].parent = {};
  EXPECT_EQ(path(spec, "sram", "hbm"), "hbm out");
}

TEST(Hierarchy, KnowsTheRegistersBesideAScratchpad) {
  const MachineSpec spec = gpu();
  const Hierarchy hierarchy(spec);
  EXPECT_EQ(hierarchy.registers_beside(index_of(spec, "sram")), index_of(spec, "regs"));
  EXPECT_EQ(hierarchy.registers_beside(index_of(spec, "regs")), std::nullopt);
  EXPECT_EQ(hierarchy.registers_beside(index_of(spec, "l2")), std::nullopt);
  EXPECT_EQ(hierarchy.registers_beside(index_of(spec, "hbm")), std::nullopt);
  const MachineSpec without = ascend();
  EXPECT_EQ(Hierarchy(without).registers_beside(index_of(without, "l1")), std::nullopt);
}

TEST(Hierarchy, TheCoreBoundaryIsTheInnermostSharedMemory) {
  const MachineSpec small = two_level();
  EXPECT_EQ(Hierarchy(small).core_boundary(), index_of(small, "hbm"));
  const MachineSpec large = gpu();
  const Hierarchy hierarchy(large);
  EXPECT_EQ(hierarchy.core_boundary(), index_of(large, "l2"));
  EXPECT_EQ(hierarchy.home(), index_of(large, "hbm"));
  EXPECT_TRUE(hierarchy.outside_core(index_of(large, "l2")));
  EXPECT_FALSE(hierarchy.outside_core(index_of(large, "sram")));
}

}  // namespace
}  // namespace attnsim::machine
