// Host memory and threads near a GPU, with a system of the test's own.
#include "topology/host_placement.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

#include "topology/fake_numa.hpp"

namespace zesvm::topology {
namespace {

using Outcome = HostPlacementResult::Outcome;

class HostPlacementTest : public testing::Test {
 protected:
  FakeNuma numa;
  HostPlacement placement{numa};
  const Interval memory{Address{0x10000}, Address{0x30000}};
};

TEST_F(HostPlacementTest, MemoryGoesToTheNodeOfTheGpu) {
  EXPECT_EQ(placement.place(memory, 1).outcome, Outcome::applied);
  ASSERT_EQ(numa.placed.size(), 1u);
  EXPECT_EQ(numa.placed[0], std::pair(memory, 1u));
}

TEST_F(HostPlacementTest, OnlyWholePagesArePlaced) {
  placement.place({memory.begin + Bytes{1}, memory.end - Bytes{1}}, 1);
  EXPECT_EQ(numa.placed[0].first, (Interval{memory.begin + cpu_page, memory.end - cpu_page}));
  EXPECT_EQ(placement.place({memory.begin, memory.begin + Bytes{100}}, 1).outcome,
            Outcome::not_needed);
}

TEST_F(HostPlacementTest, OneNodeNeedsNothing) {
  numa.present = {0};
  EXPECT_EQ(placement.place(memory, 0).outcome, Outcome::not_needed);
  EXPECT_EQ(placement.bind_thread(0).outcome, Outcome::not_needed);
  EXPECT_TRUE(numa.placed.empty());
  EXPECT_TRUE(numa.bound.empty());
}

TEST_F(HostPlacementTest, AnUnknownNodeIsNotAskedFor) {
  EXPECT_EQ(placement.place(memory, 4).outcome, Outcome::refused);
  EXPECT_EQ(placement.place(memory, std::nullopt).outcome, Outcome::not_needed);
  EXPECT_TRUE(numa.placed.empty());
}

TEST_F(HostPlacementTest, ThreadsAreBoundToTheNode) {
  EXPECT_EQ(placement.bind_thread(1).outcome, Outcome::applied);
  EXPECT_EQ(numa.bound, std::vector<std::uint32_t>{1});
}

TEST_F(HostPlacementTest, ARefusalSaysWhy) {
  numa.refusal = "mbind: not here";
  const auto result = placement.place(memory, 1);
  EXPECT_EQ(result.outcome, Outcome::refused);
  EXPECT_EQ(result.reason, "mbind: not here");
}

TEST(HostNumaTest, TheSystemTakesAPreference) {
  HostNuma& system = HostNuma::of_this_machine();
  const auto nodes = system.nodes();
  if (nodes.empty()) GTEST_SKIP() << "no libnuma";
  void* const memory = std::aligned_alloc(cpu_page.count, cpu_page.count);
  const Interval page{address_of(memory), address_of(memory) + cpu_page};
  std::string reason;
  const bool is_taken = system.prefer(page, nodes.front(), reason);
  std::free(memory);
  // Containers may forbid the call; then the reason has its name.
  if (!is_taken) {
    EXPECT_NE(reason.find("mbind: "), std::string::npos) << reason;
  }
}

TEST(HostNumaTest, ThisMachineAnswers) {
  // Whatever it is: no crash, and no placement on a node that is not there.
  HostPlacement here;
  EXPECT_NE(here.bind_thread(10'000).outcome, Outcome::applied);
}

}  // namespace
}  // namespace zesvm::topology
