// Two cards without peer access and without page faults.
#include <gtest/gtest.h>

#include "placement/pipeline.hpp"

namespace zesvm::tests {
namespace {

class UnlinkedPlacementTest : public ::testing::Test {
 protected:
  static Runtime& runtime() {
    static Runtime one;
    return one;
  }
  Runtime& rt = runtime();
};

// proves: B5
TEST_F(UnlinkedPlacementTest, APipelineGivesTheSameResultThroughTheHost) {
  constexpr std::size_t blocks = 6;
  const PipelineOutcome outcome = run_pipeline(rt, blocks);
  EXPECT_EQ(outcome.sum, pipeline_sum(blocks));
  std::uint64_t through_host = 0, direct = 0;
  for (const TileStatistics& tile : outcome.moved.tiles) {
    through_host += tile.to_system.bytes;
    direct += tile.from_peer.bytes;
  }
  EXPECT_EQ(direct, 0u);
  EXPECT_GE(through_host, blocks * chunk);
}

TEST_F(UnlinkedPlacementTest, WhatBothUseIsPlannedIntoSystemMemory) {
  auto data = rt.address_space().make_array<std::uint32_t>(chunk / sizeof(std::uint32_t));
  const PlacementPlanner planner(rt);
  const auto plan =
      planner.plan(data.data(), chunk,
                   {used_by(rt.device(0), 0, chunk, 10), used_by(rt.device(1), chunk, 0, 10)});
  ASSERT_EQ(plan.pieces.size(), 1u);
  EXPECT_EQ(plan.pieces[0].where, PlacedPiece::Where::system);
  const bool is_followed = planner.apply(plan).front().outcome != HintOutcome::ignored;
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("fill").kernel("fill"), grid(64), data, 7u);
  stream.wait();
  const auto found = rt.address_space().residency(data.data(), chunk);
  if (is_followed) {
    EXPECT_EQ(found.bytes_in(Place::device), 0u);
  }
  EXPECT_EQ(data[63], 7u);
}

}  // namespace
}  // namespace zesvm::tests
