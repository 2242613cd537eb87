// One buffer over many tiles.
#include "topology/distribution.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace zesvm::topology {
namespace {

using Pieces = std::vector<DistributedPiece>;

TEST(DistributionTest, BlocksAreAsEqualAsUnitsAllow) {
  EXPECT_EQ(distribute_block(14_MiB, 3, 2_MiB),
            (Pieces{{Bytes{}, 6_MiB, 0}, {6_MiB, 10_MiB, 1}, {10_MiB, 14_MiB, 2}}));
}

TEST(DistributionTest, TheLastBlockEndsWithTheBuffer) {
  EXPECT_EQ(distribute_block(5_MiB, 2, 2_MiB), (Pieces{{Bytes{}, 4_MiB, 0}, {4_MiB, 5_MiB, 1}}));
}

TEST(DistributionTest, FewerUnitsThanTilesLeaveTilesOut) {
  EXPECT_EQ(distribute_block(2_MiB, 4, 2_MiB), (Pieces{{Bytes{}, 2_MiB, 0}}));
  EXPECT_TRUE(distribute_block(Bytes{}, 4, 2_MiB).empty());
}

TEST(DistributionTest, CyclicGoesRound) {
  EXPECT_EQ(distribute_cyclic(7_MiB, 2, 2_MiB),
            (Pieces{{Bytes{}, 2_MiB, 0}, {2_MiB, 4_MiB, 1}, {4_MiB, 6_MiB, 0}, {6_MiB, 7_MiB, 1}}));
}

TEST(DistributionTest, FirstTouchDecides) {
  const std::vector<FirstTouch> touches{{4_MiB, 6_MiB, 2}, {Bytes{}, 5_MiB, 1}, {6_MiB, 7_MiB, 0}};
  EXPECT_EQ(distribute_first_touch(8_MiB, touches, 2_MiB),
            (Pieces{{Bytes{}, 4_MiB, 1}, {4_MiB, 6_MiB, 2}, {6_MiB, 8_MiB, 0}}));
}

TEST(DistributionTest, WhatNobodyTouchesGoesWithItsNeighbour) {
  const FirstTouch middle{2_MiB, 3_MiB, 5};
  EXPECT_EQ(distribute_first_touch(6_MiB, {&middle, 1}, 2_MiB), (Pieces{{Bytes{}, 6_MiB, 5}}));
}

TEST(DistributionTest, NonsenseIsRefused) {
  EXPECT_THROW(distribute_block(2_MiB, 0, 2_MiB), std::invalid_argument);
  EXPECT_THROW(distribute_cyclic(2_MiB, 1, Bytes{}), std::invalid_argument);
  EXPECT_THROW(distribute_first_touch(2_MiB, {}, 2_MiB), std::invalid_argument);
}

}  // namespace
}  // namespace zesvm::topology
