// Memory of malloc and mmap, used by tiles in place.
#include <cstdlib>
#include <sys/mman.h>
#include <thread>

#include "node/node_fixture.hpp"
#include "simulator/node/program_mapping.hpp"
#include "simulator/node/thread_heaps.hpp"

namespace zesvm::simulator::node {
namespace {

class NodeProgramMemoryTest : public NodeTest {
 protected:
  void SetUp() override {
    topology::NodeDescription description = small_node();
    for (topology::DeviceDescription& device : description.devices) device.shared_system = true;
    start(description);
  }
};

TEST_F(NodeProgramMemoryTest, MallocedMemoryMovesAndComesBack) {
  const std::size_t count = 8 << 20;
  auto* ints = static_cast<int*>(std::malloc(count * sizeof(int)));
  for (std::size_t i = 0; i < count; ++i) ints[i] = static_cast<int>(i);
  ASSERT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_GT(node_->statistics(first).copied_in, 16_MiB);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(ints[i], static_cast<int>(i) + 1);
  std::free(ints);
}

TEST_F(NodeProgramMemoryTest, SmallBlocksOfTheHeapWork) {
  std::vector<std::unique_ptr<int[]>> blocks;
  for (int i = 0; i < 100; ++i) blocks.push_back(std::make_unique<int[]>(64));
  for (const auto& block : blocks) {
    ASSERT_EQ(add_one(first, address_of(block.get()), 64), Status::ok);
  }
  for (const auto& block : blocks) EXPECT_EQ(block[63], 1);
}

TEST_F(NodeProgramMemoryTest, HeapsOfThreadsDoNotMove) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's allocator has no such heaps";
#endif
  std::thread{[&] {
    // Below the C library's limit for mappings, and far enough apart for pieces of their own.
    constexpr std::uint32_t count = 100 * 256;
    std::vector<std::unique_ptr<int[]>> blocks;
    for (int i = 0; i < 8; ++i) blocks.push_back(std::make_unique<int[]>(count));
    ASSERT_TRUE(is_in_thread_heap(address_of(blocks[0].get())));
    for (const auto& block : blocks)
      EXPECT_EQ(add_one(first, address_of(block.get()), count), Status::ok);
    EXPECT_EQ(node_->statistics(first).copied_in, Bytes{});
    for (const auto& block : blocks) EXPECT_EQ(block[count - 1], 1);
  }}.join();
}

TEST_F(NodeProgramMemoryTest, WhatLooksLikeAThreadsHeapMoves) {
  constexpr Bytes heap = 64_MiB;
  void* const room = ::mmap(nullptr, 2 * heap.count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const Address begin = align_up(address_of(room), heap);
  ASSERT_EQ(::mprotect(pointer_to<void>(begin), (4_MiB).count, PROT_READ | PROT_WRITE), 0);
  pointer_to<int>(begin)[0] = 1;
  EXPECT_FALSE(is_in_thread_heap(begin));
  EXPECT_EQ(add_one(first, begin, 64), Status::ok);
  EXPECT_GT(node_->statistics(first).copied_in, Bytes{});
  ::munmap(room, 2 * heap.count);
}

TEST_F(NodeProgramMemoryTest, MemoryMappedAnewIsNoticed) {
  const std::size_t size = 4 << 20;
  auto* ints = static_cast<int*>(
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_EQ(touch(first, address_of(ints), {size}), Status::ok);
  ASSERT_EQ(
      ::mmap(ints, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
      ints);
  ints[0] = 10;
  ASSERT_EQ(touch(first, address_of(ints), {size}), Status::ok);
  EXPECT_EQ(ints[0], 11);
  EXPECT_EQ(ints[64 * 1024 / 4], 1);
  ::munmap(ints, size);
  EXPECT_NE(add_one(first, address_of(ints), 64), Status::ok);
}

TEST_F(NodeProgramMemoryTest, WritersWaitWhileItIsAdopted) {
  const std::size_t count = 4 << 20;
  std::vector<int> ints(count);
  std::atomic<bool> is_done{false};
  module_of(first);
  std::vector<int> written(count);
  std::thread writer{[&] {
    // Only odd places; the tile works on the even ones.
    for (int round = 1; !is_done.load(); ++round) {
      for (std::size_t i = 1; i < count; i += 4096 + 2) {
        __atomic_store_n(&ints[i], round, __ATOMIC_RELAXED);
        written[i] = round;
      }
    }
  }};
  EXPECT_EQ(touch(first, address_of(ints.data()), {count * sizeof(int)}, 16_KiB), Status::ok);
  is_done.store(true);
  writer.join();
  for (std::size_t i = 1; i < count; i += 4096 + 2) ASSERT_EQ(ints[i], written[i]);
  for (std::size_t i = 0; i < count; i += 4096) ASSERT_EQ(ints[i], i % 2 == 0 ? 1 : 0);
}

TEST_F(NodeProgramMemoryTest, OutlivesTheNode) {
  std::vector<int> ints(4 << 20, 1);
  ASSERT_EQ(add_one(first, address_of(ints.data()), 1 << 20), Status::ok);
  node_.reset();
  for (std::size_t i = 0; i < ints.size(); ++i) ASSERT_EQ(ints[i], i < (1 << 20) ? 2 : 1);
}

TEST_F(NodeProgramMemoryTest, CopiesAndPrefetchesWork) {
  // Not from malloc, which may take it from its heap, and that does not move.
  const Bytes size = 16_MiB;
  auto* ints = static_cast<int*>(
      ::mmap(nullptr, size.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  std::fill_n(ints, size.count / sizeof(int), 1);
  const Interval all{address_of(ints), address_of(ints) + size};
  ASSERT_EQ(node_->prefetch(first, all), Status::ok);
  EXPECT_GT(node_->statistics(first).copied_in, 8_MiB);
  const Address device = *node_->allocate_device(first, size, {});
  ASSERT_EQ(add_one(first, all.begin, 1024), Status::ok);
  ASSERT_EQ(node_->copy(first, device, all.begin, size), Status::ok);
  std::vector<int> back(size.count / sizeof(int));
  ASSERT_EQ(node_->copy(first, address_of(back.data()), device, size), Status::ok);
  EXPECT_EQ(back[1023], 2);
  EXPECT_EQ(back[1024], 1);
  ::munmap(ints, size.count);
}

TEST_F(NodeProgramMemoryTest, StacksAreRefused) {
  std::thread{[&] {
    int theirs[64] = {};
    EXPECT_EQ(add_one(first, address_of(theirs), 64), Status::permission_denied);
  }}.join();
  EXPECT_EQ(add_one(first, Address{4096}, 64), Status::not_mapped);
}

// Where newer C libraries put guard pages into mappings, stacks merge with what is beside them.
TEST_F(NodeProgramMemoryTest, WhatIsBehindAGuardPageIsUsedUnlessItIsAStack) {
  constexpr int guard_install = 102;
  constexpr std::size_t size = 16 << 20;
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const Address guard = align_up(address_of(memory), 2_MiB) + 4_MiB + 32_KiB;
  if (::madvise(pointer_to<void>(guard), cpu_page.count, guard_install) != 0)
    GTEST_SKIP() << "guard pages inside mappings need Linux 6.13";
  // As at the upper end of a stack.
  auto* const descriptor = pointer_to<std::uint64_t>(guard + 4_MiB + Bytes{0x6c0});
  descriptor[0] = descriptor[2] = address_of(descriptor).value;
  EXPECT_EQ(add_one(first, guard - 4_KiB, 64), Status::ok);
  EXPECT_EQ(add_one(first, guard + 4_KiB, 64), Status::permission_denied);
  EXPECT_EQ(add_one(first, guard + 5_MiB, 64), Status::ok);
  descriptor[0] = 0;
  EXPECT_EQ(add_one(first, guard + 4_KiB, 64), Status::ok);
  EXPECT_EQ(*pointer_to<int>(guard - 4_KiB), 1);
  EXPECT_EQ(*pointer_to<int>(guard + 4_KiB), 1);
  ::munmap(memory, size);
}

TEST_F(NodeProgramMemoryTest, StacksOfThreadsThatEndedAreRefused) {
  Address stack{};
  std::thread{[&] {
    int theirs = 0;
    stack = address_of(&theirs);
  }}.join();
  // The C library keeps it for the next thread.
  if (!is_accessible(stack)) GTEST_SKIP() << "no stack is kept";
  EXPECT_EQ(add_one(first, stack, 64), Status::permission_denied);
}

TEST_F(NodeProgramMemoryTest, DevicesWithoutItRefuse) {
  start();
  std::vector<int> ints(1 << 20);
  EXPECT_EQ(add_one(first, address_of(ints.data()), 64), Status::not_mapped);
}

}  // namespace
}  // namespace zesvm::simulator::node
