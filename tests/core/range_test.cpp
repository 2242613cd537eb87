// Ranges: their words, their pages per device, their reuse, and the table that finds them.
#include "svm/range.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "core/core_fixture.hpp"
#include "svm/range_table.hpp"

namespace zesvm::svm {
namespace {

constexpr Address base{std::uint64_t{1} << 40};

// proves: A11
TEST(PagesTest, AWordHoldsAllThatIsMapped) {
  const Pages pages{
      {513}, Pages::mapped | Pages::writable, pagemap::Protocol::peer_pcie, 0x1ffffffff};
  EXPECT_EQ(pages.device(), DeviceId{513});
  EXPECT_TRUE(pages.has(Pages::mapped) && pages.has(Pages::writable) && pages.has(Pages::used));
  EXPECT_FALSE(pages.has(Pages::atomics) || pages.has(Pages::in_vram));
  EXPECT_EQ(pages.protocol(), pagemap::Protocol::peer_pcie);
  EXPECT_EQ(pages.sequence(), 0xffffffffu);
  EXPECT_EQ(Pages{pages.word()}.word(), pages.word());
  EXPECT_EQ(pages.direction(), Direction::bidirectional);
}

// proves: A11, C4
TEST(PagesTest, AllowWhatTheirFlagsSay) {
  const auto with = [](std::uint8_t flags) {
    return Pages{{0}, flags, pagemap::Protocol::system, 0};
  };
  EXPECT_FALSE(with(0).allow(Access::read));
  EXPECT_TRUE(with(Pages::mapped).allow(Access::read));
  EXPECT_FALSE(with(Pages::mapped).allow(Access::write));
  EXPECT_TRUE(with(Pages::mapped | Pages::writable).allow(Access::write));
  EXPECT_FALSE(with(Pages::mapped | Pages::writable).allow(Access::atomic));
  EXPECT_FALSE(with(Pages::mapped | Pages::atomics).allow(Access::atomic));
  EXPECT_TRUE(with(Pages::mapped | Pages::writable | Pages::atomics).allow(Access::atomic));
}

// proves: A12
TEST(RangeTest, OneDeviceCostsNoArray) {
  RangePool pool;
  RangeRef range{pool.make(), pool};
  const auto pages_of = [](std::uint16_t device) {
    return Pages{{device}, Pages::mapped, pagemap::Protocol::system, device};
  };
  ASSERT_TRUE(range->set_pages(pages_of(4)));
  EXPECT_EQ(range->more_pages.load(), nullptr);
  for (const std::uint16_t device : {0, 9, 300}) ASSERT_TRUE(range->set_pages(pages_of(device)));
  EXPECT_NE(range->more_pages.load(), nullptr);
  for (const std::uint16_t device : {0, 4, 9, 300})
    EXPECT_EQ(range->pages({device}).word(), pages_of(device).word());
  EXPECT_FALSE(range->pages({5}).has(Pages::used));
}

// proves: A11
TEST(RangeTest, FlagsChangeInOneWrite) {
  RangePool pool;
  RangeRef range{pool.make(), pool};
  range->change_flags(Range::migratable, 0);
  std::atomic<bool> stops{false};
  std::atomic<int> torn{0};
  std::atomic<int> changes_seen{0};
  // One of two states at any time, never something between them.
  std::thread reader{[&] {
    std::uint16_t before = 0;
    while (!stops.load()) {
      const std::uint16_t flags = range->flags.load();
      if (std::exchange(before, flags) != flags) ++changes_seen;
      const bool is_first = flags == Range::migratable;
      const bool is_second = flags == (Range::unmapped | Range::partially_unmapped);
      if (!is_first && !is_second) ++torn;
    }
  }};
  while (changes_seen.load() < 300) {
    range->change_flags(Range::unmapped | Range::partially_unmapped, Range::migratable);
    range->change_flags(Range::migratable, Range::unmapped | Range::partially_unmapped);
  }
  stops = true;
  reader.join();
  EXPECT_EQ(torn.load(), 0);
}

TEST(RangePoolTest, ReusesRangesAndCountsThem) {
  RangePool pool;
  RangeRef first{pool.make(), pool};
  Range* const memory = first.get();
  EXPECT_EQ(pool.in_use(), Bytes{sizeof(Range)});
  first.reset();
  EXPECT_EQ(pool.in_use(), 0_B);
  RangeRef second{pool.make(), pool};
  EXPECT_EQ(second.get(), memory);
  EXPECT_EQ(second->first_pages.load(), 0u);
  EXPECT_EQ(second->flags.load(), 0u);
}

TEST(RangePoolTest, AReferenceIsNotTakenFromWhatIsBeingReused) {
  RangePool pool;
  RangeRef range{pool.make(), pool};
  Range* const memory = range.get();
  EXPECT_TRUE(RangeRef::try_take(memory, pool));
  range.reset();
  EXPECT_FALSE(RangeRef::try_take(memory, pool));
}

TEST(RangeHoldTest, IsExclusive) {
  RangePool pool;
  RangeRef range{pool.make(), pool};
  RangeHold first{*range};
  EXPECT_TRUE(first.is_held());
  EXPECT_FALSE((RangeHold{*range, Wait::no}.is_held()));
  first.release();
  EXPECT_TRUE((RangeHold{*range, Wait::no}.is_held()));
}

class RangeTableTest : public testing::Test {
 protected:
  void put(Interval interval) {
    Range* range = pool.make();
    ASSERT_EQ(table.insert(range, interval), Status::ok);
    range->place.store(Range::place_of(interval));
  }
  ~RangeTableTest() override {
    std::vector<Range*> all;
    table.for_each({base, base + 512_MiB}, [&](Range& range) { all.push_back(&range); });
    for (Range* range : all) take(range);
  }
  void take(Range* range) {
    table.erase(range->interval());
    range->place.store(0);
    RangeRef{range, pool};
  }
  RangePool pool;
  TablePool tables{TableShape{{2_MiB, 64_KiB, 4_KiB}, 512_MiB}};
  RangeTable table{tables};
};

// proves: A2
TEST_F(RangeTableTest, FindsRangesOfEverySize) {
  put({base, base + 2_MiB});
  put({base + 2_MiB, base + 2_MiB + 64_KiB});
  put({base + 2_MiB + 64_KiB, base + 2_MiB + 68_KiB});
  EXPECT_EQ(table.find(base + 1_MiB)->interval(), (Interval{base, base + 2_MiB}));
  EXPECT_EQ(table.find(base + 2_MiB + 60_KiB)->interval().size(), 64_KiB);
  EXPECT_EQ(table.find(base + 2_MiB + 67_KiB)->interval().size(), 4_KiB);
  EXPECT_EQ(table.find(base + 2_MiB + 68_KiB), nullptr);
  EXPECT_EQ(table.find(base + 4_MiB), nullptr);
  table.check_invariants();
}

// proves: A2
TEST_F(RangeTableTest, KnowsWhatOverlaps) {
  put({base + 64_KiB, base + 68_KiB});
  EXPECT_FALSE(table.is_free({base, base + 2_MiB}));
  EXPECT_FALSE(table.is_free({base + 64_KiB, base + 128_KiB}));
  EXPECT_TRUE(table.is_free({base, base + 64_KiB}));
  EXPECT_TRUE(table.is_free({base + 68_KiB, base + 72_KiB}));
  EXPECT_TRUE(table.is_free({base + 2_MiB, base + 4_MiB}));
}

TEST_F(RangeTableTest, EmptyTablesGoBack) {
  const Bytes before = tables.in_use();
  put({base + 64_KiB, base + 68_KiB});
  EXPECT_GT(tables.in_use(), before);
  take(table.find(base + 64_KiB));
  EXPECT_EQ(tables.in_use(), before);
  EXPECT_TRUE(table.is_free({base, base + 2_MiB}));
}

}  // namespace
}  // namespace zesvm::svm
