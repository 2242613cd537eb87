// ZE_FLAT_DEVICE_HIERARCHY and ZE_AFFINITY_MASK, without a node.
#include "simulator/driver/device_selection.hpp"

#include <gmock/gmock.h>

namespace zesvm::simulator::driver {
namespace {

constexpr std::uint32_t two_cards_of_two[]{2, 2};

TEST(DeviceSelectionTest, ShowsEverythingWithoutAMask) {
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::composite, ""),
              testing::ElementsAre(VisibleCard{0, {0, 1}}, VisibleCard{1, {0, 1}}));
}

TEST(DeviceSelectionTest, TakesCardsAndTilesUnderComposite) {
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::composite, "1"),
              testing::ElementsAre(VisibleCard{1, {0, 1}}));
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::composite, "1.1,0.0"),
              testing::ElementsAre(VisibleCard{0, {0}}, VisibleCard{1, {1}}));
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::composite, "0.1,0.1,0.0"),
              testing::ElementsAre(VisibleCard{0, {0, 1}}));
}

TEST(DeviceSelectionTest, CountsTilesUnderFlat) {
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::flat, "1,2"),
              testing::ElementsAre(VisibleCard{0, {1}}, VisibleCard{1, {0}}));
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::combined, "3"),
              testing::ElementsAre(VisibleCard{1, {1}}));
}

TEST(DeviceSelectionTest, IgnoresPartsThatNameNothing) {
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::composite, "7,0.9,x,,1.0"),
              testing::ElementsAre(VisibleCard{1, {0}}));
  EXPECT_THAT(select_devices(two_cards_of_two, Hierarchy::flat, "4,-1,0.1,99999999999"),
              testing::IsEmpty());
}

TEST(DeviceSelectionTest, FallsBackToFlat) {
  EXPECT_EQ(Hierarchy::composite, parse_hierarchy("COMPOSITE"));
  EXPECT_EQ(Hierarchy::combined, parse_hierarchy("COMBINED"));
  EXPECT_EQ(Hierarchy::flat, parse_hierarchy("FLAT"));
  EXPECT_EQ(Hierarchy::flat, parse_hierarchy("anything"));
}

}  // namespace
}  // namespace zesvm::simulator::driver
