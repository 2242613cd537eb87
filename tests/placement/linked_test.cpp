// Two cards behind one switch, with peer access.
#include <gtest/gtest.h>
#include <sstream>

#include "placement/pipeline.hpp"

namespace zesvm::tests {
namespace {

class LinkedPlacementTest : public ::testing::Test {
 protected:
  static Runtime& runtime() {
    static Runtime one;
    return one;
  }
  Runtime& rt = runtime();
  AddressSpace& space = rt.address_space();
  static constexpr std::size_t items = chunk / sizeof(std::uint32_t);
};

// proves: B5
TEST_F(LinkedPlacementTest, APipelineMovesFromVramToVramWithoutTheHost) {
  constexpr std::size_t blocks = 6;
  const PipelineOutcome outcome = run_pipeline(rt, blocks);
  EXPECT_EQ(outcome.sum, pipeline_sum(blocks));
  std::uint64_t through_host = 0, direct = 0;
  for (const TileStatistics& tile : outcome.moved.tiles) {
    through_host += tile.to_device.bytes + tile.to_system.bytes;
    direct += tile.from_peer.bytes;
  }
  EXPECT_EQ(through_host, 0u);
  // Launches bring whole allocations of paged memory.
  if (rt.device(0).capabilities().backing == Backing::paged)
    EXPECT_GE(direct, blocks * chunk);
  else
    EXPECT_EQ(direct, blocks * chunk);
}

// proves: F3
TEST_F(LinkedPlacementTest, PlannedMemoryIsUsedInPlaceByThePeer) {
  auto data = space.make_array<std::uint32_t>(items);
  const PlacementPlanner planner(rt);
  const auto plan = planner.plan(
      data.data(), chunk,
      {used_by(rt.device(1), chunk, chunk, 100), used_by(rt.device(0), 4096, 4096, 100)});
  ASSERT_EQ(plan.pieces.size(), 1u);
  EXPECT_EQ(plan.pieces[0].device, std::size_t{1});
  ASSERT_EQ(planner.apply(plan)[0].outcome, HintOutcome::applied);
  const Statistics before = rt.statistics();
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("fill").kernel("increment"), grid(1024), data);
  stream.wait();
  const Statistics used = rt.statistics() - before;
  EXPECT_EQ(space.residency(data.data(), chunk).bytes_on(rt.device(1)), chunk);
  EXPECT_EQ(used.tiles[0].migrations() + used.tiles[1].migrations(), 0u);
  EXPECT_EQ(used.tiles[0].virtual_time.remote_read_bytes, 1024 * sizeof(std::uint32_t));
}

// proves: C4
TEST_F(LinkedPlacementTest, AtomicsFollowTheLink) {
  // This switch carries none: the memory goes to the card whose kernel counts.
  auto counter = space.make_array<std::uint32_t>(items);
  counter[0] = 0;
  ASSERT_EQ(space.advise(counter.data(), chunk, preferred_location(rt.device(1))).outcome,
            HintOutcome::applied);
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("fill").kernel("count"), grid(1000), counter);
  stream.wait();
  EXPECT_EQ(space.residency(counter.data(), 4096).bytes_on(rt.device(0)), 4096u);
  EXPECT_EQ(counter[0], 1000u);
}

TEST_F(LinkedPlacementTest, ABufferIsDistributedOverBothCards) {
  auto data = space.make_array<std::uint32_t>(4 * items);
  const PlacementPlanner planner(rt);
  planner.apply(planner.block(data.data(), 4 * chunk));
  EXPECT_EQ(space.residency(data.data(), 2 * chunk).bytes_on(rt.device(0)), 2 * chunk);
  EXPECT_EQ(space.residency(data.data() + 2 * items, 2 * chunk).bytes_on(rt.device(1)), 2 * chunk);
  planner.apply(planner.cyclic(data.data(), 4 * chunk, chunk));
  EXPECT_EQ(space.residency(data.data() + items, chunk).bytes_on(rt.device(1)), chunk);
  EXPECT_EQ(space.residency(data.data() + 2 * items, chunk).bytes_on(rt.device(0)), chunk);
}

TEST_F(LinkedPlacementTest, APlanSaysWhy) {
  auto data = space.make_array<std::uint32_t>(items);
  std::ostringstream text;
  text << PlacementPlanner(rt).plan(data.data(), chunk, {used_by(rt.device(0), chunk, 0)});
  EXPECT_NE(text.str().find("virtual time"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("next,"), std::string::npos) << text.str();
}

TEST_F(LinkedPlacementTest, NonsenseIsRefused) {
  auto data = space.make_array<std::uint32_t>(items);
  MemoryUse beyond = used_by(rt.device(0), chunk, 0);
  beyond.end = chunk + 1;
  const PlacementPlanner planner(rt);
  EXPECT_THROW(planner.plan(data.data(), chunk, {beyond}), Error);
  EXPECT_THROW(planner.cyclic(data.data(), chunk, 0), Error);
  EXPECT_THROW(planner.first_touch(data.data(), chunk, {used_by_cpu(1, 1)}), Error);
}

TEST_F(LinkedPlacementTest, WorkThatWaitsBeginsLaterOnTheVirtualClock) {
  auto first = space.make_array<std::uint32_t>(8 * items);
  auto second = space.make_array<std::uint32_t>(64);
  const auto fill = rt.load_module("fill").kernel("fill");
  Stream busy(rt.device(0));
  Stream waiting(rt.device(1));
  busy.launch(fill, grid(8 * items), first, 1u);
  waiting.wait_for(busy.record());
  waiting.launch(fill, grid(64), second, 2u);
  waiting.wait();
  const auto tiles = rt.statistics().tiles;
  EXPECT_GT(tiles[1].virtual_time.now, tiles[0].virtual_time.now);
}

TEST_F(LinkedPlacementTest, VirtualTimeIsReported) {
  const Statistics before = rt.statistics();
  run_pipeline(rt, 1);
  const Statistics used = rt.statistics() - before;
  EXPECT_GT(used.virtual_nanoseconds, 0u);
  EXPECT_GT(used.tiles[1].virtual_time.copies, 0u);
  EXPECT_NE(report_text(used).find("virtual time"), std::string::npos);
}

}  // namespace
}  // namespace zesvm::tests
