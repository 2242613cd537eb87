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
                           "copy:99999999999999999999", ",", "copy:1,,map:1", "hosts:1"}) {
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

/// Memory whose words say where they are, moved about; kernels added `rounds` to the first.
class MovedMemory {
 public:
  explicit MovedMemory(Address begin) : words_(pointer_to<std::uint32_t>(begin)) {
    for (std::uint32_t i = 0; i < count; i += step) words_[i] = i;
  }
  /// Returns how many words are not what they should be, looking at four in each page.
  std::uint32_t wrong_words(std::uint32_t rounds) const {
    std::uint32_t wrong = 0;
    for (std::uint32_t i = 0; i < count; i += step) wrong += words_[i] != i + (i == 0 ? rounds : 0);
    return wrong;
  }
  static constexpr Bytes size = 4_MiB;

 private:
  static constexpr std::uint32_t count = size.count / sizeof(std::uint32_t);
  static constexpr std::uint32_t step = 256;
  std::uint32_t* words_;
};

/// Sends memory to two tiles, back by CPU faults, and by prefetches, with the n-th occasion of a
/// failure failing, for each n until the program takes no more occasions.
class EachFailureTest : public NodeFailuresTest {
 protected:
  /// Returns whether the failure was reached.
  bool run_with(const std::string& plan) {
    const std::uint64_t struck = node_->failures_struck();
    EXPECT_EQ(node_->plan_failures(plan), Status::ok);
    auto made = node_->allocate_shared(MovedMemory::size, {});
    // Refused as a whole, and possible when asked again.
    if (!made.has_value()) made = node_->allocate_shared(MovedMemory::size, {});
    EXPECT_EQ(made.status(), Status::ok) << plan;
    const MovedMemory memory{*made};
    const Interval interval{*made, *made + MovedMemory::size};
    std::uint32_t rounds = 0;
    for (const TileId tile : {first, second, other}) {
      rounds += touch(tile, *made, MovedMemory::size, MovedMemory::size) == Status::ok;
      EXPECT_EQ(memory.wrong_words(rounds), 0U) << plan;
      static_cast<void>(node_->prefetch(second, interval));
      static_cast<void>(node_->prefetch_to_host(interval));
      EXPECT_EQ(memory.wrong_words(rounds), 0U) << plan;
    }
    // One failure is survived by trying again, or costs one launch.
    EXPECT_GE(rounds, 2U) << plan;
    EXPECT_EQ(node_->free(*made), Status::ok) << plan;
    return node_->failures_struck() != struck;
  }

  int count_reached(const std::string& what) {
    start();
    int n = 1;
    while (n < 200 && run_with(what + ":" + std::to_string(n))) ++n;
    return n - 1;
  }
};

// proves: B8
TEST_F(EachFailureTest, AFailingMapLosesNothing) { EXPECT_GE(count_reached("map"), 8); }

// proves: B8
TEST_F(EachFailureTest, AFailingCopyLosesNothing) { EXPECT_GE(count_reached("copy"), 8); }

// proves: B8
TEST_F(EachFailureTest, AKernelThatRefusesMemoryLosesNothing) {
  // Windows, mappings, traps and their ends.
  EXPECT_GE(count_reached("host"), 10);
}

TEST_F(NodeFailuresTest, ARefusedWindowIsReportedAndAskedForAgain) {
  ::setenv("ZESVM_FAIL", "host:1", 1);
  EXPECT_EQ(Node::create(small_node()).status(), Status::out_of_host_memory);
  ::unsetenv("ZESVM_FAIL");
  start();
  // More than the first window holds.
  ASSERT_EQ(node_->plan_failures("host:1"), Status::ok);
  EXPECT_EQ(node_->allocate_host(65_GiB, {}).status(), Status::out_of_host_memory);
  const auto made = node_->allocate_host(65_GiB, {});
  ASSERT_EQ(made.status(), Status::ok);
  EXPECT_EQ(touch(first, *made + 64_GiB, 2_MiB), Status::ok);
}

TEST_F(NodeFailuresTest, ALostTileIsReported) {
  start_with("lost:2");
  const Address data = shared(2_MiB);
  EXPECT_EQ(touch(first, data, 2_MiB), Status::ok);
  EXPECT_EQ(touch(first, data, 2_MiB), Status::device_lost);
  EXPECT_GE(*pointer_to<int>(data), 1);
  EXPECT_EQ(touch(second, data, 2_MiB), Status::ok);
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

TEST_F(NodeFailuresTest, VramRunsOutOnRequest) {
  start_with("vram:2");
  EXPECT_EQ(node_->allocate_device(first, 1_MiB, {}).status(), Status::ok);
  EXPECT_EQ(node_->allocate_device(first, 1_MiB, {}).status(), Status::out_of_device_memory);
  EXPECT_EQ(node_->allocate_device(first, 1_MiB, {}).status(), Status::ok);
}

}  // namespace
}  // namespace zesvm::simulator::node
