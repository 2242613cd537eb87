// Notifiers: they come with their first range and go with their last.
#include <future>

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class NotifierTest : public CoreTest {
 protected:
  NotifierTest() {
    AddressSpaceOptions options;
    options.notifier_size = 4_MiB;
    machine.make_space(options);
  }
};

// proves: A4
TEST_F(NotifierTest, ComesWithItsFirstRangeAndGoesWithItsLast) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 4));
  EXPECT_EQ(space().notifier_count(), 0u);
  ASSERT_EQ(gpu.write(chunk(0).begin, 1), Status::ok);
  ASSERT_EQ(gpu.write(chunk(1).begin, 1), Status::ok);
  EXPECT_EQ(space().notifier_count(), 1u);
  ASSERT_EQ(gpu.write(chunk(2).begin, 1), Status::ok);
  EXPECT_EQ(space().notifier_count(), 2u);
  machine.unmap(chunk(0));
  space().collect_unmapped();
  EXPECT_EQ(space().notifier_count(), 2u);
  machine.unmap(chunks(1, 3));
  space().collect_unmapped();
  EXPECT_EQ(space().notifier_count(), 0u);
}

// proves: A4
TEST_F(NotifierTest, IsNotLeftBehindByARefusedFault) {
  Tile& gpu = machine.add_tile();
  EXPECT_EQ(space().fault(gpu.id, chunk(0).begin, Access::read), Status::not_mapped);
  EXPECT_EQ(space().notifier_count(), 0u);
}

// proves: A2
TEST_F(NotifierTest, BoundsTheChunksInsideIt) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 4));
  ASSERT_EQ(gpu.write(chunk(1).end - 8_B, 1), Status::ok);
  ASSERT_EQ(gpu.write(chunk(1).end, 1), Status::ok);
  EXPECT_EQ(space().ranges(machine.memory()), (std::vector{chunk(1), chunk(2)}));
}

// proves: A4
TEST_F(NotifierTest, FaultsInDifferentOnesDoNotWaitForEachOther) {
  Tile& gpu = machine.add_tile();
  machine.map(chunks(0, 4));
  machine.populate(chunks(0, 4));
  // While a copy for the first notifier is going, the second serves a fault from start to end.
  machine.plan.at(Gate::copy_to_vram, [&] {
    auto other = std::async(std::launch::async, [&] { return gpu.write(chunk(2).begin, 5); });
    EXPECT_EQ(other.get(), Status::ok);
  });
  EXPECT_EQ(gpu.write(chunk(0).begin, 4), Status::ok);
  EXPECT_EQ(*machine.read(chunk(2).begin), 5u);
}

// proves: A4
TEST_F(NotifierTest, MappingInOneDoesNotWaitForAnother) {
  Tile& gpu = machine.add_tile();
  Tile& other_gpu = machine.add_tile();
  machine.map(chunks(0, 4));
  // The lock of the first notifier is held at this gate.
  machine.plan.at(Gate::map, [&] {
    auto other = std::async(std::launch::async, [&] { return other_gpu.write(chunk(2).begin, 5); });
    EXPECT_EQ(other.get(), Status::ok);
  });
  EXPECT_EQ(gpu.write(chunk(0).begin, 4), Status::ok);
}

}  // namespace
}  // namespace zesvm::svm::fake
