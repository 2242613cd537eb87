// What a node's work is charged on the virtual clock.
#include "node/node_fixture.hpp"
#include "simulator/node/virtual_clock.hpp"

namespace zesvm::simulator::node {
namespace {

using topology::LinkEnd;
using topology::Protocol;

/// The small node with links of round figures.
topology::NodeDescription linked_node() {
  topology::NodeDescription node = small_node();
  const topology::LinkFigures host{{10}, {10}, VirtualTime{1000}};
  const topology::LinkFigures tiles{{100}, {100}, VirtualTime{500}};
  for (std::uint32_t i = 0; i < 2; ++i) {
    node.devices[i].memory_bandwidth = {1000};
    node.links.push_back(link({LinkEnd::Kind::device, i, 0}, {}, Protocol::pcie_root, host));
  }
  node.links.push_back(
      link({LinkEnd::Kind::tile, 0, 0}, {LinkEnd::Kind::tile, 0, 1}, Protocol::same_device, tiles));
  node.links.back().atomics = true;
  return node;
}

class NodeVirtualTimeTest : public NodeTest {
 protected:
  void SetUp() override {
    start(linked_node());
    data_ = shared(size);
    std::memset(pointer_to(data_), 0, size.count);
  }
  VirtualClock& clock() { return node_->virtual_clock(); }
  const topology::SimulatedCosts& costs() { return clock().model().costs(); }
  VirtualTime move_time(std::size_t from, std::size_t to) {
    using topology::MemoryPlace;
    return clock().model().moving(MemoryPlace::on(from), MemoryPlace::on(to)).time_for(size);
  }

  static constexpr Bytes size = 2_MiB;
  Address data_;
};

TEST_F(NodeVirtualTimeTest, AFaultIsChargedToTheTileThatFaulted) {
  ASSERT_EQ(add_one(first, data_, 64), Status::ok);
  const VirtualUse use = clock().use_of(index_of(first));
  const auto copy = clock().model().reading(0, topology::MemoryPlace::system()).time_for(size);
  EXPECT_EQ(use.of(ChargeKind::copy), copy);
  EXPECT_GE(use.of(ChargeKind::fault), costs().gpu_fault + costs().copy_setup + costs().map);
  EXPECT_EQ(use.of(ChargeKind::launch), costs().kernel_launch);
  EXPECT_EQ(clock().tile_now(index_of(second)), VirtualTime{});
}

TEST_F(NodeVirtualTimeTest, AMoveBetweenTilesTakesTheirLink) {
  ASSERT_EQ(add_one(first, data_, 64), Status::ok);
  ASSERT_EQ(add_one(second, data_, 64), Status::ok);
  EXPECT_EQ(clock().use_of(index_of(second)).of(ChargeKind::copy), move_time(0, 1));
}

TEST_F(NodeVirtualTimeTest, ACpuFaultIsChargedToTheHost) {
  ASSERT_EQ(add_one(first, data_, 64), Status::ok);
  const VirtualTime before = clock().host_now();
  EXPECT_EQ(*pointer_to<int>(data_), 1);
  const auto back = clock().model().writing(0, topology::MemoryPlace::system()).time_for(size);
  EXPECT_GE(clock().host_now() - before, costs().cpu_fault + back);
}

// proves: F3
TEST_F(NodeVirtualTimeTest, AccessesInPlaceAreChargedByTheirLink) {
  ASSERT_TRUE(node_->address_space()
                  .advise({data_, data_ + size},
                          svm::Advice::preferred_location(svm::Place::on(svm::DeviceId{1})))
                  .has_value());
  const std::uint32_t count = 64 * 1024;
  ASSERT_EQ(add_one(first, data_, count), Status::ok);
  const VirtualTime settled = clock().tile_now(index_of(first));
  const Bytes remote = clock().use_of(index_of(first)).remote_read;
  ASSERT_EQ(add_one(first, data_, count), Status::ok);
  // Reads and writes of an int per item, over a link of 100 GB/s.
  const Bytes bytes{count * sizeof(int)};
  EXPECT_EQ(clock().use_of(index_of(first)).remote_read - remote, bytes);
  const auto each = topology::Bandwidth{100}.time_for(bytes) + VirtualTime{500};
  EXPECT_EQ(clock().tile_now(index_of(first)) - settled, costs().kernel_launch + 2 * each);
}

TEST_F(NodeVirtualTimeTest, ACopyCommandTakesTheSlowerSide) {
  const auto device = node_->allocate_device(first, size, {});
  ASSERT_EQ(device.status(), Status::ok);
  ASSERT_EQ(node_->copy(first, *device, data_, size), Status::ok);
  const VirtualTime before = clock().use_of(index_of(first)).of(ChargeKind::copy);
  ASSERT_EQ(node_->copy(first, *device, data_, size), Status::ok);
  const auto host = clock().model().reading(0, topology::MemoryPlace::system()).time_for(size);
  EXPECT_EQ(clock().use_of(index_of(first)).of(ChargeKind::copy) - before, host);
}

TEST_F(NodeVirtualTimeTest, WhatIsThereAlreadyCostsNoMove) {
  ASSERT_EQ(node_->prefetch(first, {data_, data_ + size}), Status::ok);
  const VirtualTime before = clock().tile_now(index_of(first));
  ASSERT_EQ(node_->prefetch(first, {data_, data_ + size}), Status::ok);
  EXPECT_EQ(clock().tile_now(index_of(first)), before);
}

}  // namespace
}  // namespace zesvm::simulator::node
