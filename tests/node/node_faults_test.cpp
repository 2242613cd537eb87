// Page faults of tiles and of the CPU on memory of a node.
#include <thread>

#include "node/node_fixture.hpp"

namespace zesvm::simulator::node {
namespace {

using NodeFaultsTest = NodeTest;

TEST_F(NodeFaultsTest, DataGoesToTheTileAndBack) {
  start();
  const Address data = shared(1_MiB);
  auto* ints = pointer_to<int>(data);
  for (int i = 0; i < 1024; ++i) ints[i] = i;
  ASSERT_EQ(add_one(first, data, 1024), Status::ok);
  EXPECT_EQ(node_->residence({data, data + 4_KiB}).front().tile, first);
  for (int i = 0; i < 1024; ++i) ASSERT_EQ(ints[i], i + 1);
  EXPECT_EQ(node_->residence({data, data + 4_KiB}).front().tile, std::nullopt);
  EXPECT_GE(node_->statistics(first).gpu_faults, 1u);
  EXPECT_EQ(node_->statistics(first).cpu_faults, 1u);
}

// proves: B3
TEST_F(NodeFaultsTest, ACpuTouchBringsBackOneChunk) {
  start();
  const Address data = shared(32_MiB);
  std::memset(pointer_to(data), 0, 32 << 20);
  ASSERT_EQ(touch(first, data, 32_MiB), Status::ok);
  EXPECT_EQ(node_->statistics(first).copied_in, 32_MiB);
  EXPECT_EQ(*pointer_to<volatile int>(data + 7_MiB), 1);
  EXPECT_EQ(node_->statistics(first).copied_out, 2_MiB);
  EXPECT_EQ(node_->residence({data + 6_MiB, data + 8_MiB}).front().tile, std::nullopt);
  EXPECT_EQ(node_->residence({data + 8_MiB, data + 32_MiB}).front().interval,
            (Interval{data + 8_MiB, data + 32_MiB}));
}

// proves: C2
TEST_F(NodeFaultsTest, AtomicsWorkOnUntouchedMemoryWherePagesDoNotMove) {
  topology::NodeDescription description = small_node();
  for (topology::DeviceDescription& device : description.devices) {
    device.smallest_migratable = 64_KiB;
    device.system_atomics = false;
  }
  start(description);
  for (const Bytes size : {64_B, 2_MiB + 4_KiB}) {
    const Address last = shared(size) + size - 64_B;
    ASSERT_EQ(run(first, "count_up", {PointerArgument{last}}, 128).status, Status::ok);
    EXPECT_EQ(*pointer_to<int>(last), 128);
  }
}

// proves: B3
TEST_F(NodeFaultsTest, ManyThreadsTouchAtOnce) {
  start();
  const Address data = shared(16_MiB);
  for (int round = 1; round <= 3; ++round) {
    ASSERT_EQ(touch(first, data, 16_MiB), Status::ok);
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (std::uint64_t t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 256; ++i) {
          const Bytes at = 64_KiB * ((i * 37 + t * 11) % 256);
          if (*pointer_to<volatile int>(data + at) != round) wrong.fetch_add(1);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_EQ(node_->statistics(first).copied_out, 16_MiB * round);
  }
}

// proves: B4
TEST_F(NodeFaultsTest, MoreThanAllVramStaysCorrect) {
  start();
  const Bytes size = 300_MiB;
  const Address data = shared(size);
  ASSERT_EQ(touch(first, data, size), Status::ok);
  ASSERT_EQ(touch(first, data, size), Status::ok);
  EXPECT_GT(node_->statistics(first).evictions, 0u);
  for (Bytes at; at < size; at += 64_KiB) ASSERT_EQ(*pointer_to<int>(data + at), 2);
}

// proves: A12
TEST_F(NodeFaultsTest, TwoTilesUseOneRange) {
  start();
  const Address data = shared(4_MiB);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(touch(first, data, 4_MiB), Status::ok);
    ASSERT_EQ(touch(second, data, 4_MiB), Status::ok);
    ASSERT_EQ(touch(other, data, 4_MiB), Status::ok);
  }
  for (Bytes at; at < 4_MiB; at += 64_KiB) ASSERT_EQ(*pointer_to<int>(data + at), 12);
}

// proves: C7
TEST_F(NodeFaultsTest, TilesRaceForOneRange) {
  start();
  const Address data = shared(4_MiB);
  module_of(first);
  module_of(other);
  std::thread rival{[&] {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(add_one(other, data + 4_KiB, 64), Status::ok);
  }};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(add_one(first, data, 64), Status::ok);
  rival.join();
  EXPECT_EQ(*pointer_to<int>(data), 10);
  EXPECT_EQ(*pointer_to<int>(data + 4_KiB), 10);
}

TEST_F(NodeFaultsTest, HostMemoryIsUsedInPlace) {
  start();
  const Address data = *node_->allocate_host(1_MiB, {});
  auto* ints = pointer_to<int>(data);
  ints[3] = 5;
  ASSERT_EQ(add_one(first, data, 64), Status::ok);
  EXPECT_EQ(ints[3], 6);
  EXPECT_EQ(node_->statistics(first).copied_in, 0_B);
}

// proves: F3
TEST_F(NodeFaultsTest, PeersUseDeviceMemoryInPlace) {
  start();
  const Address data = *node_->allocate_device(first, 2_MiB, {});
  ASSERT_EQ(add_one(first, data, 64), Status::ok);
  ASSERT_EQ(add_one(second, data, 64), Status::ok);
  int back = 0;
  ASSERT_EQ(node_->copy(first, address_of(&back), data, 4_B), Status::ok);
  EXPECT_EQ(back, 2);
  EXPECT_EQ(node_->residence({data, data + 4_KiB}).front().tile, first);
}

TEST_F(NodeFaultsTest, DeviceMemoryWithoutALinkIsOutOfReach) {
  start();
  ASSERT_FALSE(node_->can_access_peer(other, first));
  const Address data = *node_->allocate_device(first, 2_MiB, {});
  EXPECT_NE(add_one(other, data, 64), Status::ok);
  EXPECT_EQ(node_->residence({data, data + 4_KiB}).front().tile, first);
}

// proves: C3
TEST_F(NodeFaultsTest, AWildPointerFailsTheLaunch) {
  start();
  const Address data = shared(64_KiB);
  ASSERT_EQ(node_->free(data), Status::ok);
  const Outcome outcome = run(first, "add_one", {PointerArgument{data}}, 64);
  EXPECT_EQ(outcome.status, Status::not_mapped);
  EXPECT_FALSE(outcome.message.empty());
  EXPECT_EQ(add_one(first, shared(64_KiB), 64), Status::ok);
}

// proves: B6
TEST_F(NodeFaultsTest, AtomicsOfTilesAndTheCpuAddUp) {
  start();
  const Address data = shared(64_KiB);
  std::atomic<bool> is_done{false};
  int mine = 0;
  module_of(first);
  std::thread program{[&] {
    while (!is_done.load()) {
      __atomic_fetch_add(pointer_to<int>(data), 1, __ATOMIC_SEQ_CST);
      ++mine;
    }
  }};
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(run(first, "count_up", {PointerArgument{data}}, 640).status, Status::ok);
  }
  is_done.store(true);
  program.join();
  EXPECT_EQ(*pointer_to<int>(data), mine + 20 * 640);
}

// proves: B10
TEST_F(NodeFaultsTest, PrefetchMovesAhead) {
  start();
  const Address data = shared(8_MiB);
  std::memset(pointer_to(data), 0, 8 << 20);
  ASSERT_EQ(node_->prefetch(first, {data, data + 8_MiB}), Status::ok);
  EXPECT_EQ(node_->statistics(first).copied_in, 8_MiB);
  ASSERT_EQ(touch(first, data, 8_MiB), Status::ok);
  EXPECT_EQ(node_->statistics(first).gpu_faults, 0u);
  ASSERT_EQ(node_->prefetch_to_host({data, data + 8_MiB}), Status::ok);
  EXPECT_EQ(*pointer_to<int>(data), 1);
  EXPECT_EQ(node_->statistics(first).cpu_faults, 0u);
}

TEST_F(NodeFaultsTest, CopiesLeaveMemoryWhereItIs) {
  start();
  const Address data = shared(4_MiB);
  ASSERT_EQ(touch(first, data, 4_MiB), Status::ok);
  std::vector<int> plain(1 << 20, 3);
  ASSERT_EQ(node_->copy(first, data, address_of(plain.data()), 4_MiB), Status::ok);
  EXPECT_EQ(node_->residence({data, data + 4_MiB}).front().tile, first);
  EXPECT_EQ(node_->residence({data, data + 4_MiB}).size(), 1u);
  EXPECT_EQ(*pointer_to<int>(data + 3_MiB), 3);
}

// proves: B7
TEST_F(NodeFaultsTest, RemovingATileLosesNothing) {
  start();
  const Address data = shared(8_MiB);
  ASSERT_EQ(touch(first, data, 8_MiB), Status::ok);
  ASSERT_EQ(node_->remove_tile(first), Status::ok);
  EXPECT_TRUE(node_->is_lost(first));
  for (Bytes at; at < 8_MiB; at += 64_KiB) ASSERT_EQ(*pointer_to<int>(data + at), 1);
  EXPECT_EQ(node_->allocate_device(first, 1_MiB, {}).status(), Status::device_lost);
  EXPECT_EQ(add_one(second, data, 64), Status::ok);
  EXPECT_EQ(*pointer_to<int>(data), 2);
}

// proves: B7
TEST_F(NodeFaultsTest, AKilledTileHangsNobody) {
  start();
  const Address data = shared(8_MiB);
  ASSERT_EQ(touch(first, data, 8_MiB), Status::ok);
  const Address device = *node_->allocate_device(first, 1_MiB, {});
  node_->kill_tile(first);
  for (Bytes at; at < 8_MiB; at += 64_KiB) ASSERT_EQ(*pointer_to<int>(data + at), 1);
  while (!node_->is_lost(first)) std::this_thread::yield();
  EXPECT_EQ(node_->launch(first, {}).get().status, Status::device_lost);
  int back = 0;
  EXPECT_EQ(node_->copy(first, address_of(&back), device, 4_B), Status::device_lost);
  EXPECT_EQ(add_one(second, data, 64), Status::ok);
  EXPECT_EQ(node_->free(device), Status::ok);
  EXPECT_EQ(node_->free(data), Status::ok);
}

// proves: B7
TEST_F(NodeFaultsTest, KillingATileEndsItsLaunch) {
  start();
  const Address data = shared(64_KiB);
  const ModuleId module = module_of(first);
  auto running = node_->launch(first, {.module = module,
                                       .kernel = "add_one",
                                       .arguments = {PointerArgument{data}},
                                       .group_size = {64, 1, 1},
                                       .group_count = {1u << 20, 1, 1}});
  node_->kill_tile(first);
  const Status status = running.get().status;
  EXPECT_TRUE(status == Status::device_lost || status == Status::not_mapped);
}

TEST_F(NodeFaultsTest, DevicesWithoutFaultsArePrepared) {
  topology::NodeDescription description = small_node();
  for (topology::DeviceDescription& device : description.devices) device.page_faults = false;
  start(description);
  const Address data = shared(4_MiB);
  const Address holder = shared(64_KiB);
  *pointer_to<std::uint64_t>(holder) = data.value;
  ASSERT_EQ(touch(first, data, 4_MiB), Status::ok);
  EXPECT_EQ(node_->statistics(first).gpu_faults, 0u);
  const std::vector<KernelArgument> arguments{PointerArgument{holder}};
  EXPECT_EQ(*pointer_to<int>(data), 1);
  EXPECT_NE(run(first, "add_one_behind", arguments, 64).status, Status::ok);
  EXPECT_EQ(run(first, "add_one_behind", arguments, 64, {.shared = true}).status, Status::ok);
  EXPECT_EQ(*pointer_to<int>(data), 2);
}

TEST_F(NodeFaultsTest, FreedWhileInVram) {
  start();
  for (int i = 0; i < 20; ++i) {
    const Address data = shared(16_MiB);
    ASSERT_EQ(touch(first, data, 16_MiB, 2_MiB), Status::ok);
    ASSERT_EQ(node_->free(data), Status::ok);
    EXPECT_EQ(node_->memory_of(first).free, 64_MiB);
  }
}

}  // namespace
}  // namespace zesvm::simulator::node
