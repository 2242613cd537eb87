// Devices that leave, or are lost.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class DeviceRemovalTest : public CoreTest {
 protected:
  DeviceRemovalTest() : gpu(machine.add_tile()), other(machine.add_tile()) {
    machine.map(chunks(0, 4));
    machine.populate(chunks(0, 4), 2);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(gpu.write(chunk(i).begin, 30 + i), Status::ok);
    EXPECT_EQ(other.write(chunk(2).begin, 32), Status::ok);
  }
  Tile& gpu;
  Tile& other;
};

// proves: B7
TEST_F(DeviceRemovalTest, ItsBlocksGoToSystemMemory) {
  EXPECT_EQ(space().leave(gpu.id), Status::ok);
  EXPECT_EQ(gpu.pagemap.usage().blocks, 0u);
  EXPECT_TRUE(gpu.mapped().empty());
  EXPECT_TRUE(gpu.stale().empty());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(*machine.read(chunk(i).begin), 30u + i);
    EXPECT_EQ(*machine.read(chunk(i).begin + 8_KiB), 2 + (chunk(i).begin + 8_KiB).value);
  }
  EXPECT_EQ(other.mapped(), std::vector{chunk(2)});
}

// proves: B7
TEST_F(DeviceRemovalTest, NothingMoreGoesToIt) {
  ASSERT_EQ(space().leave(gpu.id), Status::ok);
  EXPECT_EQ(gpu.write(chunk(3).begin, 1), Status::no_device);
  EXPECT_EQ(space().prefetch(std::vector{chunk(3)}, Place::on(gpu.id)).status(), Status::no_device);
  EXPECT_EQ(space().reserve_device_memory(gpu.id, chunk(8)), Status::no_device);
  EXPECT_EQ(space().user_pages(gpu.id, chunk(3), Access::read).status(), Status::no_device);
  EXPECT_EQ(space().advise(chunk(3), Advice::preferred_location(Place::on(gpu.id))).status(),
            Status::no_device);
  EXPECT_EQ(space().leave(gpu.id), Status::no_device);
  EXPECT_EQ(space().device_count(), 1u);
}

// proves: B7
TEST_F(DeviceRemovalTest, AdviceForItIsForgotten) {
  ASSERT_TRUE(space().advise(chunk(3), Advice::preferred_location(Place::on(gpu.id))));
  EXPECT_EQ(gpu.pagemap.references(), 1u);
  ASSERT_EQ(space().leave(gpu.id), Status::ok);
  EXPECT_EQ(gpu.pagemap.references(), 0u);
  EXPECT_EQ(space().attributes(chunk(3))[0].attributes, Attributes{});
  EXPECT_EQ(other.write(chunk(3).begin, 1), Status::ok);
}

// proves: B7
TEST_F(DeviceRemovalTest, PlainAllocationsLiveOnInSystemMemory) {
  ASSERT_EQ(space().reserve_device_memory(gpu.id, chunk(8)), Status::ok);
  ASSERT_EQ(gpu.write(chunk(8).begin, 77), Status::ok);
  ASSERT_EQ(space().leave(gpu.id), Status::ok);
  EXPECT_EQ(gpu.pagemap.usage().blocks, 0u);
  EXPECT_EQ(*other.read(chunk(8).begin), 77u);
}

// proves: B7
TEST_F(DeviceRemovalTest, AMigrationUnderWayLosesNothing) {
  machine.plan.at(Gate::copy_to_vram, [&] {
    machine.meanwhile_until([&] { (void)space().leave(gpu.id); },
                            [&] { return gpu.pagemap.is_closed(); });
  });
  EXPECT_NE(gpu.write(chunk(3).begin, 1), Status::timed_out);
  machine.join();
  EXPECT_EQ(gpu.pagemap.usage().blocks, 0u);
  EXPECT_EQ(*machine.read(chunk(3).begin + 4_KiB), 2 + (chunk(3).begin + 4_KiB).value);
}

// proves: B7
TEST_F(DeviceRemovalTest, APinnedBlockMakesItBusyAndStays) {
  ASSERT_EQ(space().pin(chunk(0)), Status::ok);
  EXPECT_EQ(space().leave(gpu.id), Status::busy);
  EXPECT_EQ(gpu.pagemap.usage().blocks, 1u);
  space().unpin(chunk(0));
  EXPECT_EQ(*machine.read(chunk(0).begin), 30u);
  EXPECT_EQ(*machine.read(chunk(1).begin), 31u);
}

// proves: B7, B8
TEST_F(DeviceRemovalTest, WhatCannotBeSavedDoesNotHinderTheRest) {
  machine.plan.fail_at(1);
  EXPECT_EQ(space().leave(gpu.id), Status::copy_failed);
  EXPECT_EQ(gpu.pagemap.usage().blocks, 1u);
  machine.plan.clear();
  EXPECT_EQ(*machine.read(chunk(0).begin), 30u);
  EXPECT_EQ(*machine.read(chunk(1).begin), 31u);
}

// proves: B7
TEST_F(DeviceRemovalTest, ALostDeviceIsNotAskedForItsBytes) {
  machine.plan.clear();
  ASSERT_EQ(space().pin(chunk(0)), Status::ok);
  EXPECT_EQ(space().lose(gpu.id), Status::ok);
  EXPECT_EQ(machine.plan.reached(Gate::copy_to_system), 0);
  EXPECT_EQ(gpu.pagemap.usage().blocks, 0u);
  EXPECT_EQ(*machine.read(chunk(0).begin), 2 + chunk(0).begin.value);
  EXPECT_EQ(*machine.read(chunk(2).begin), 32u);
  space().unpin(chunk(0));
}

// proves: B7
TEST_F(DeviceRemovalTest, CausesSayThatADeviceWent) {
  ASSERT_EQ(space().leave(gpu.id), Status::ok);
  const auto statistics = *space().statistics(gpu.id);
  EXPECT_EQ(statistics.causes[static_cast<std::size_t>(pagemap::Cause::device_removal)], 2u);
}

}  // namespace
}  // namespace zesvm::svm::fake
