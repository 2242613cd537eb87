// Attributes by interval: splitting, merging, references.
#include <gtest/gtest.h>
#include <map>

#include "svm/attributes.hpp"

namespace zesvm::svm {
namespace {

constexpr Interval space{{0}, {1 << 30}};
constexpr Interval pages(std::uint64_t begin, std::uint64_t end) {
  return {{begin * 4096}, {end * 4096}};
}
const Advice to_system = Advice::preferred_location(Place::system());

class AttributeMapTest : public testing::Test, public AttributeMap::References {
 protected:
  void hold(DeviceId device) noexcept override { ++held[device.index]; }
  void drop(DeviceId device) noexcept override { --held[device.index]; }
  void TearDown() override {
    map.check_invariants();
    map.clear();
    for (const auto& [device, count] : held) EXPECT_EQ(count, 0);
  }
  std::map<int, int> held;
  AttributeMap map{space, *this};
};

// proves: D7
TEST_F(AttributeMapTest, IsDefaultEverywhereAtFirst) {
  EXPECT_EQ(map.at({4096}).interval, space);
  EXPECT_EQ(map.at({4096}).attributes, Attributes{});
  EXPECT_TRUE(map.is_empty());
}

// proves: D3
TEST_F(AttributeMapTest, AdviceOnPartSplits) {
  map.apply(pages(0, 10), to_system);
  map.apply(pages(3, 5), Advice::atomic_access(AtomicAccess::device));
  EXPECT_EQ(map.entry_count(), 3u);
  EXPECT_EQ(map.at({0}).interval, pages(0, 3));
  EXPECT_EQ(map.at({4 * 4096}).interval, pages(3, 5));
  EXPECT_EQ(map.at({4 * 4096}).attributes.preferred, Place::system());
  EXPECT_EQ(map.at({4 * 4096}).attributes.atomic, AtomicAccess::device);
  EXPECT_EQ(map.at({9 * 4096}).interval, pages(5, 10));
}

// proves: D3
TEST_F(AttributeMapTest, EqualNeighboursMerge) {
  map.apply(pages(0, 4), to_system);
  map.apply(pages(8, 12), to_system);
  EXPECT_EQ(map.entry_count(), 2u);
  map.apply(pages(4, 8), to_system);
  EXPECT_EQ(map.entry_count(), 1u);
  EXPECT_EQ(map.at({0}).interval, pages(0, 12));
}

// proves: D3
TEST_F(AttributeMapTest, DefaultsLeaveNoEntry) {
  map.apply(pages(0, 10), to_system);
  map.reset(pages(2, 4));
  EXPECT_EQ(map.entry_count(), 2u);
  map.apply(pages(0, 10), Advice::defaults());
  EXPECT_TRUE(map.is_empty());
}

// proves: D4
TEST_F(AttributeMapTest, KnowsWhenNothingWouldChange) {
  map.apply(pages(0, 10), to_system);
  EXPECT_FALSE(map.would_change(pages(2, 8), to_system));
  EXPECT_TRUE(map.would_change(pages(2, 12), to_system));
  EXPECT_FALSE(map.would_change(pages(20, 30), Advice::defaults()));
}

// proves: D6
TEST_F(AttributeMapTest, HoldsOneReferencePerEntry) {
  map.apply(pages(0, 10), Advice::preferred_location(Place::on({1})));
  EXPECT_EQ(held[1], 1);
  map.apply(pages(4, 6), to_system);
  EXPECT_EQ(held[1], 2);
  map.apply(pages(0, 10), Advice::preferred_location(Place::on({2})));
  EXPECT_EQ(held[1], 0);
  EXPECT_EQ(held[2], 1);
  map.forget({2});
  EXPECT_EQ(held[2], 0);
  EXPECT_TRUE(map.is_empty());
}

// proves: D3
TEST_F(AttributeMapTest, ForgettingADeviceMergesWhatIsEqualThen) {
  map.apply(pages(0, 10), Advice::atomic_access(AtomicAccess::device));
  map.apply(pages(4, 6), Advice::preferred_location(Place::on({1})));
  EXPECT_EQ(map.entry_count(), 3u);
  map.forget({1});
  EXPECT_EQ(map.at({0}).interval, pages(0, 10));
  EXPECT_EQ(map.entry_count(), 1u);
}

}  // namespace
}  // namespace zesvm::svm
