// VRAM pressure: who goes, who stays, and plain device allocations among them.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

using EvictionTest = CoreTest;

std::optional<Place> place_of(AddressSpace& space, std::uint64_t n) {
  return space.residency(chunk(n)).place;
}

// proves: B1
TEST_F(EvictionTest, ARangeIsOneBlockWhileItIsInVram) {
  Tile& gpu = machine.add_tile();
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_EQ(gpu.pagemap.usage().blocks, 1u);
  EXPECT_EQ(space().residency(chunk(0)).chunks[0].extent.size, 2_MiB);
  EXPECT_EQ(*machine.read(base + 1_MiB), 0u);
  EXPECT_EQ(gpu.pagemap.usage().blocks, 0u);
  EXPECT_FALSE(machine.is_trapped(base));
}

// proves: B4
TEST_F(EvictionTest, TheLeastRecentlyUsedGoesFirst) {
  Tile& gpu = machine.add_tile(6_MiB);
  machine.map(chunks(0, 4));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 10 + i), Status::ok);
  // Used again: mapped anew, so that the core hears of it.
  machine.invalidate(chunk(0), Event::protect);
  ASSERT_EQ(*gpu.read(chunk(0).begin), 10u);
  ASSERT_EQ(gpu.write(chunk(3).begin, 13), Status::ok);
  EXPECT_EQ(place_of(space(), 0), Place::on(gpu.id));
  EXPECT_EQ(place_of(space(), 1), Place::system());
  EXPECT_EQ(place_of(space(), 2), Place::on(gpu.id));
  EXPECT_FALSE(gpu.mapping_at(chunk(1).begin));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(*machine.read(chunk(i).begin), 10u + i);
  EXPECT_EQ(space().statistics(gpu.id)->evictions, 1u);
}

// proves: B4
TEST_F(EvictionTest, MoreMemoryThanVramStaysCorrect) {
  Tile& gpu = machine.add_tile(4_MiB);
  machine.map(chunks(0, 16));
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 16; ++i) ASSERT_EQ(gpu.add(chunk(i).begin, i + 1), Status::ok);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(*machine.read(chunk(i).begin), 3u * (i + 1));
  EXPECT_LE(gpu.pagemap.usage().peak, 4_MiB);
}

// proves: B4
TEST_F(EvictionTest, PlainAllocationsAndRangesPushEachOtherOut) {
  Tile& gpu = machine.add_tile(4_MiB);
  machine.map(chunks(0, 2));
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(10)), Status::ok);
  ASSERT_EQ(gpu.write(chunk(10).begin, 5), Status::ok);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 20 + i), Status::ok);
  EXPECT_EQ(place_of(space(), 10), Place::system());
  EXPECT_EQ(*gpu.read(chunk(10).begin), 5u);
  EXPECT_EQ(place_of(space(), 10), Place::on(gpu.id));
  EXPECT_EQ(place_of(space(), 0), Place::system());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(*machine.read(chunk(i).begin), 20u + i);
}

// proves: B4
TEST_F(EvictionTest, APlainAllocationInUseIsNotMoved) {
  Tile& gpu = machine.add_tile(4_MiB);
  machine.map(chunks(0, 4));
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(10)), Status::ok);
  ASSERT_EQ(space().pin(chunk(10)), Status::ok);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(gpu.write(chunk(i).begin, 20 + i), Status::ok);
  EXPECT_EQ(place_of(space(), 10), Place::on(gpu.id));
  space().unpin(chunk(10));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gpu.add(chunk(i).begin, 1), Status::ok);
  EXPECT_EQ(place_of(space(), 10), Place::system());
}

// proves: B4
TEST_F(EvictionTest, PinsNest) {
  Tile& gpu = machine.add_tile(2_MiB);
  machine.map(chunk(0));
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(10)), Status::ok);
  ASSERT_EQ(space().pin(chunk(10)), Status::ok);
  ASSERT_EQ(space().pin(chunk(10)), Status::ok);
  space().unpin(chunk(10));
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_EQ(place_of(space(), 0), Place::system());
  space().unpin(chunk(10));
  space().unpin(chunk(10));
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  EXPECT_EQ(place_of(space(), 10), Place::system());
}

// proves: B4, C3
TEST_F(EvictionTest, WhenAllIsPinnedAnAtomicFailsAndAReadDoesNot) {
  Tile& gpu = machine.add_tile(2_MiB);
  machine.map(chunk(0));
  ASSERT_EQ(machine.write(base, 3), Status::ok);
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(10)), Status::ok);
  ASSERT_EQ(space().pin(chunk(10)), Status::ok);
  EXPECT_NE(gpu.add(base, 1), Status::ok);
  EXPECT_EQ(*gpu.read(base), 3u);
  space().unpin(chunk(10));
  EXPECT_EQ(gpu.add(base, 1), Status::ok);
  EXPECT_EQ(*machine.read(base), 4u);
}

// proves: B4
TEST_F(EvictionTest, PinningBringsDeviceMemoryHomeFirst) {
  Tile& gpu = machine.add_tile(2_MiB);
  machine.map(chunk(0));
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(10)), Status::ok);
  ASSERT_EQ(gpu.write(chunk(10).begin, 8), Status::ok);
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  ASSERT_EQ(place_of(space(), 10), Place::system());
  ASSERT_EQ(space().pin(chunk(10)), Status::ok);
  EXPECT_EQ(place_of(space(), 10), Place::on(gpu.id));
  EXPECT_EQ(*gpu.read(chunk(10).begin), 8u);
  space().unpin(chunk(10));
}

// proves: B4
TEST_F(EvictionTest, ReservingRefusesWhatCannotBe) {
  Tile& gpu = machine.add_tile(4_MiB);
  machine.map(chunk(0));
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_EQ(space().reserve_device_memory({9}, chunk(10)), Status::no_device);
  EXPECT_EQ(space().reserve_device_memory(gpu.id, chunk(0)), Status::invalid_argument);
  EXPECT_EQ(space().reserve_device_memory(gpu.id, {base + 1_B, base + 4_KiB}),
            Status::invalid_argument);
  EXPECT_EQ(space().release_device_memory(chunk(10)), Status::invalid_argument);
  EXPECT_EQ(space().range_count(), 1u);
}

// proves: B4, B8
TEST_F(EvictionTest, ReservingMoreThanCanBePinnedGivesAllBack) {
  Tile& gpu = machine.add_tile(4_MiB);
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(9)), Status::ok);
  ASSERT_EQ(space().pin(chunk(9)), Status::ok);
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(10)), Status::ok);
  ASSERT_EQ(space().pin(chunk(10)), Status::ok);
  EXPECT_NE(space().reserve_device_memory(gpu.id, chunks(11, 2)), Status::ok);
  EXPECT_EQ(space().range_count(), 2u);
  EXPECT_EQ(gpu.pagemap.usage().used, 4_MiB);
  ASSERT_EQ(space().release_device_memory(chunks(9, 2)), Status::ok);
  EXPECT_EQ(gpu.pagemap.usage().used, 0_B);
}

// proves: B4
TEST_F(EvictionTest, SmallBlocksShareTheOrderWithLargeOnes) {
  Tile& gpu = machine.add_tile(2_MiB);
  machine.map({base, base + 64_KiB});
  machine.map(chunk(1));
  machine.populate({base, base + 64_KiB}, 3);
  ASSERT_EQ(*gpu.read(base), 3 + base.value);
  ASSERT_EQ(gpu.write(chunk(1).begin, 6), Status::ok);
  EXPECT_EQ(space().residency(chunk(1)).place, Place::on(gpu.id));
  EXPECT_EQ(*machine.read(base + 4_KiB), 3 + (base + 4_KiB).value);
}

// proves: B4, B8
TEST_F(EvictionTest, AnEvictionThatFailsLosesNothing) {
  Tile& gpu = machine.add_tile(2_MiB);
  machine.map(chunks(0, 2));
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  ASSERT_EQ(machine.write(chunk(1).begin, 2), Status::ok);
  machine.plan.fail_always(Gate::copy_to_system);
  EXPECT_EQ(*gpu.read(chunk(1).begin), 2u);
  EXPECT_EQ(place_of(space(), 0), Place::on(gpu.id));
  machine.plan.clear();
  EXPECT_EQ(*machine.read(chunk(0).begin), 1u);
}

}  // namespace
}  // namespace zesvm::svm::fake
