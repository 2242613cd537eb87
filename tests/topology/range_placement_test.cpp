// Which host memory is placed for whom, with a system of the test's own.
#include "topology/range_placement.hpp"

#include <gmock/gmock.h>
#include <stdexcept>

#include "topology/fake_numa.hpp"

namespace zesvm::topology {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class RangePlacementTest : public ::testing::Test {
 protected:
  static Interval pages(std::uint64_t begin, std::uint64_t end) {
    return {Address{begin * 4096}, Address{end * 4096}};
  }
  FakeNuma numa;
  int asked = 0;
  RangePlacement ranges{numa, [this] {
                          ++asked;
                          return std::vector<std::optional<std::uint32_t>>{0, 1, std::nullopt};
                        }};
};

TEST_F(RangePlacementTest, OnlyWhatNobodyPlacedIsPlacedByUse) {
  ranges.place_first(pages(4, 6), 0);
  ranges.place_first(pages(8, 10), 0);
  ranges.place_first(pages(2, 12), 1);
  EXPECT_THAT(numa.placed,
              ElementsAre(Pair(pages(4, 6), 0), Pair(pages(8, 10), 0), Pair(pages(2, 4), 1),
                          Pair(pages(6, 8), 1), Pair(pages(10, 12), 1)));
  ranges.place_first(pages(3, 11), 0);
  EXPECT_EQ(numa.placed.size(), 5u);
}

TEST_F(RangePlacementTest, AdvicePlacesWhateverWasThere) {
  ranges.place_first(pages(4, 8), 0);
  EXPECT_EQ(ranges.place(pages(6, 10), 1).reason, "on NUMA node 1");
  EXPECT_EQ(numa.placed.back(), std::pair(pages(6, 10), 1u));
  ranges.place_first(pages(4, 10), 0);
  EXPECT_EQ(numa.placed.size(), 2u);
}

// RP3
TEST_F(RangePlacementTest, AdviceTakesTheEntriesItCoversAway) {
  ranges.place_first(pages(4, 6), 0);
  ranges.place(pages(2, 12), 1);
  ranges.forget(pages(10, 12));
  ranges.place_first(pages(2, 12), 0);
  EXPECT_EQ(numa.placed.back(), std::pair(pages(10, 12), 0u));
}

TEST_F(RangePlacementTest, WhatWasFreedIsPlacedAgain) {
  ranges.place_first(pages(4, 10), 0);
  ranges.forget(pages(6, 8));
  ranges.place_first(pages(4, 10), 1);
  EXPECT_EQ(numa.placed.back(), std::pair(pages(6, 8), 1u));
}

TEST_F(RangePlacementTest, ADeviceOfUnknownNodePlacesNothing) {
  ranges.place_first(pages(4, 6), 2);
  EXPECT_EQ(ranges.place(pages(4, 6), 2).outcome, HostPlacementResult::Outcome::not_needed);
  EXPECT_EQ(ranges.bind_thread(7).outcome, HostPlacementResult::Outcome::not_needed);
  EXPECT_THAT(numa.placed, IsEmpty());
  EXPECT_EQ(asked, 1);
}

TEST_F(RangePlacementTest, OneNodeIsNeverAskedAbout) {
  numa.present = {0};
  RangePlacement alone{
      numa, []() -> std::vector<std::optional<std::uint32_t>> { throw std::logic_error("asked"); }};
  alone.place_first(pages(4, 6), 0);
  EXPECT_EQ(alone.place(pages(4, 6), 0).outcome, HostPlacementResult::Outcome::not_needed);
  EXPECT_FALSE(alone.is_needed());
  EXPECT_THAT(numa.placed, IsEmpty());
}

TEST_F(RangePlacementTest, ARefusalByAdviceLeavesThePlaceOpen) {
  numa.refusal = "mbind: not here";
  EXPECT_EQ(ranges.place(pages(4, 6), 1).outcome, HostPlacementResult::Outcome::refused);
  numa.refusal.clear();
  ranges.place_first(pages(4, 6), 0);
  EXPECT_EQ(numa.placed.back(), std::pair(pages(4, 6), 0u));
}

}  // namespace
}  // namespace zesvm::topology
