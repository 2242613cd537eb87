// Breaking on purpose: what a node does when parts of it fail.
#include <cstdlib>

#include "node/node_fixture.hpp"
#include "simulator/node/failure_plan.hpp"

namespace zesvm::simulator::node {
namespace {

TEST(FailurePlanTest, StrikesWhenAsked) {
  FailurePlan plan;
  EXPECT_EQ(plan.add("copy:3,map:2/2"), "");
  EXPECT_FALSE(plan.strikes(Failure::copy));
  EXPECT_FALSE(plan.strikes(Failure::copy));
  EXPECT_TRUE(plan.strikes(Failure::copy));
  EXPECT_FALSE(plan.strikes(Failure::copy));
  for (int i = 1; i < 8; ++i) EXPECT_EQ(plan.strikes(Failure::map), i % 2 == 0);
  EXPECT_FALSE(plan.strikes(Failure::vram));
}

TEST(FailurePlanTest, RefusesWhatMakesNoSense) {
  for (const char* text : {"copy", "copy:", "copy:0", "copy:-1", "copy:1/0", "copy:1x", "cpoy:1",
                           "copy:99999999999999999999", ",", "copy:1,,map:1"}) {
    FailurePlan plan;
    EXPECT_NE(plan.add(text), "") << text;
    EXPECT_FALSE(plan.strikes(Failure::copy)) << text;
  }
}

/// A node with a plan from the environment.
class NodeFailuresTest : public NodeTest {
 protected:
  void start_with(const char* plan) {
    ::setenv("ZESVM_FAIL", plan, 1);
    start();
    ::unsetenv("ZESVM_FAIL");
  }
};

// proves: B8
TEST_F(NodeFailuresTest, EveryFailingCopyLosesNothing) {
  for (int n = 1; n <= 6; ++n) {
    start_with(("copy:" + std::to_string(n)).c_str());
    const Address data = shared(8_MiB);
    std::memset(pointer_to(data), 0, 8 << 20);
    int rounds = 0;
    for (int i = 0; i < 3; ++i) {
      if (touch(first, data, 8_MiB, 2_MiB) == Status::ok) ++rounds;
    }
    // A copy that failed was tried again, or the page was used where it was.
    EXPECT_EQ(rounds, 3) << "copy " << n;
    for (Bytes at; at < 8_MiB; at += 2_MiB) {
      EXPECT_EQ(*pointer_to<int>(data + at), rounds) << "copy " << n;
    }
  }
}

// proves: F2
TEST_F(NodeFailuresTest, OwnersAreGroupedAnewWhenATileGoes) {
  auto description = small_node();
  const topology::LinkFigures figures{topology::Bandwidth{20}, topology::Bandwidth{20}, {}};
  description.links = {link({topology::LinkEnd::Kind::tile, 0, 1},
                            {topology::LinkEnd::Kind::tile, 1, 0}, topology::Protocol::pcie_switch,
                            figures)};
  start(description);
  EXPECT_TRUE(node_->share_owner(first, second));
  EXPECT_FALSE(node_->share_owner(second, other));  // first does not reach it
  ASSERT_EQ(node_->remove_tile(first), Status::ok);
  EXPECT_TRUE(node_->share_owner(second, other));
}

TEST_F(NodeFailuresTest, BrokenPeersReadOnesOverPcie) {
  auto description = small_node();
  const topology::LinkFigures figures{topology::Bandwidth{20}, topology::Bandwidth{20}, {}};
  description.links = {link({topology::LinkEnd::Kind::device, 0, 0},
                            {topology::LinkEnd::Kind::device, 1, 0},
                            topology::Protocol::pcie_switch, figures)};
  ::setenv("ZESVM_FAIL", "peer:1/1", 1);
  start(description);
  ::unsetenv("ZESVM_FAIL");
  const Address data = *node_->allocate_device(first, 2_MiB, {});
  ASSERT_EQ(add_one(first, data, 64), Status::ok);
  const auto read_by = [&](TileId tile) {
    int back = 0;
    EXPECT_EQ(node_->copy(tile, address_of(&back), data, 4_B), Status::ok);
    return back;
  };
  EXPECT_EQ(read_by(first), 1);
  EXPECT_EQ(read_by(second), 1);  // of the same card
  EXPECT_EQ(read_by(other), -1);
  // A kernel there sees ones, and what it writes is lost.
  ASSERT_EQ(add_one(other, data, 64), Status::ok);
  EXPECT_EQ(read_by(first), 1);
}

// proves: B8
TEST_F(NodeFailuresTest, AFailingMapLosesNothing) {
  for (int n = 1; n <= 4; ++n) {
    start_with(("map:" + std::to_string(n)).c_str());
    const Address data = shared(8_MiB);
    int rounds = 0;
    for (int i = 0; i < 3; ++i) {
      if (touch(first, data, 8_MiB, 8_MiB) == Status::ok) ++rounds;
    }
    EXPECT_GE(rounds, 2) << "map " << n;
    EXPECT_EQ(*pointer_to<int>(data), rounds) << "map " << n;
  }
}

TEST_F(NodeFailuresTest, ALostTileIsReported) {
  start_with("lost:2");
  const Address data = shared(2_MiB);
  EXPECT_EQ(touch(first, data, 2_MiB), Status::ok);
  EXPECT_EQ(touch(first, data, 2_MiB), Status::device_lost);
  EXPECT_GE(*pointer_to<int>(data), 1);
  EXPECT_EQ(touch(second, data, 2_MiB), Status::ok);
}

TEST_F(NodeFailuresTest, VramRunsOutOnRequest) {
  start_with("vram:2");
  EXPECT_EQ(node_->allocate_device(first, 1_MiB, {}).status(), Status::ok);
  EXPECT_EQ(node_->allocate_device(first, 1_MiB, {}).status(), Status::out_of_device_memory);
  EXPECT_EQ(node_->allocate_device(first, 1_MiB, {}).status(), Status::ok);
}

}  // namespace
}  // namespace zesvm::simulator::node
