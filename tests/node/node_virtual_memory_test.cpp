// Reserved addresses and physical memory.
#include "node/node_fixture.hpp"

namespace zesvm::simulator::node {
namespace {

using NodeVirtualMemoryTest = NodeTest;

TEST_F(NodeVirtualMemoryTest, MapsPhysicalMemoryOfATile) {
  start();
  const Address base = *node_->reserve_virtual(8_MiB);
  const PhysicalId physical = *node_->create_physical(first, 2_MiB);
  const Interval there{base + 2_MiB, base + 4_MiB};
  ASSERT_EQ(node_->map_virtual(there, physical, {}, PageAccess::read_write), Status::ok);
  ASSERT_EQ(add_one(first, there.begin, 64), Status::ok);
  EXPECT_EQ(add_one(first, base, 64), Status::not_mapped);
  ASSERT_EQ(node_->unmap_virtual(there), Status::ok);
  EXPECT_EQ(add_one(first, there.begin, 64), Status::not_mapped);
  // The bytes belong to the physical memory, not to the address.
  ASSERT_EQ(node_->map_virtual({base, base + 2_MiB}, physical, {}, PageAccess::read_write),
            Status::ok);
  int back = 0;
  ASSERT_EQ(node_->copy(first, address_of(&back), base, 4_B), Status::ok);
  EXPECT_EQ(back, 1);
}

TEST_F(NodeVirtualMemoryTest, HostPhysicalMemoryIsTheCpusToo) {
  start();
  const Address base = *node_->reserve_virtual(4_MiB);
  const PhysicalId physical = *node_->create_physical({}, 2_MiB);
  ASSERT_EQ(node_->map_virtual({base, base + 2_MiB}, physical, {}, PageAccess::read_write),
            Status::ok);
  *pointer_to<int>(base) = 41;
  ASSERT_EQ(add_one(first, base, 64), Status::ok);
  EXPECT_EQ(*pointer_to<int>(base), 42);
}

TEST_F(NodeVirtualMemoryTest, HonoursAccess) {
  start();
  const Address base = *node_->reserve_virtual(2_MiB);
  const PhysicalId physical = *node_->create_physical(first, 2_MiB);
  const Interval all{base, base + 2_MiB};
  ASSERT_EQ(node_->map_virtual(all, physical, {}, PageAccess::read_only), Status::ok);
  EXPECT_EQ(add_one(first, base, 64), Status::permission_denied);
  ASSERT_EQ(node_->set_access(all, PageAccess::read_write), Status::ok);
  EXPECT_EQ(add_one(first, base, 64), Status::ok);
  const auto access = node_->access_at(base + 64_KiB);
  ASSERT_EQ(access.status(), Status::ok);
  EXPECT_EQ(access->first, PageAccess::read_write);
  EXPECT_EQ(access->second, all);
}

TEST_F(NodeVirtualMemoryTest, RefusesWhatIsInUse) {
  start();
  const Address base = *node_->reserve_virtual(4_MiB);
  const PhysicalId physical = *node_->create_physical(first, 2_MiB);
  const Interval half{base, base + 2_MiB};
  ASSERT_EQ(node_->map_virtual(half, physical, {}, PageAccess::read_write), Status::ok);
  EXPECT_EQ(node_->map_virtual(half, physical, {}, PageAccess::read_write), Status::busy);
  EXPECT_EQ(node_->destroy_physical(physical), Status::busy);
  EXPECT_EQ(node_->release_virtual({base, base + 4_MiB}), Status::busy);
  EXPECT_EQ(node_->unmap_virtual(half), Status::ok);
  EXPECT_EQ(node_->unmap_virtual(half), Status::invalid_argument);
  EXPECT_EQ(node_->destroy_physical(physical), Status::ok);
  EXPECT_EQ(node_->destroy_physical(physical), Status::invalid_argument);
  EXPECT_EQ(node_->release_virtual({base, base + 4_MiB}), Status::ok);
  EXPECT_EQ(node_->memory_of(first).free, 64_MiB);
}

TEST_F(NodeVirtualMemoryTest, PhysicalMemoryIsBoundedByVram) {
  start();
  EXPECT_EQ(node_->create_physical(first, 66_MiB).status(), Status::out_of_device_memory);
  const auto most = node_->create_physical(first, 64_MiB);
  ASSERT_EQ(most.status(), Status::ok);
  EXPECT_NE(node_->create_physical(first, 2_MiB).status(), Status::ok);
  EXPECT_EQ(node_->destroy_physical(*most), Status::ok);
  EXPECT_EQ(node_->create_physical(first, 2_MiB).status(), Status::ok);
}

TEST_F(NodeVirtualMemoryTest, ReservesAtAWantedAddress) {
  start();
  const Address base = *node_->reserve_virtual(2_MiB);
  ASSERT_EQ(node_->release_virtual({base, base + 2_MiB}), Status::ok);
  EXPECT_EQ(*node_->reserve_virtual(2_MiB, base), base);
  EXPECT_NE(*node_->reserve_virtual(2_MiB, base), base);
}

}  // namespace
}  // namespace zesvm::simulator::node
