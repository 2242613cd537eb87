// What allocations of a node are, before any kernel runs.
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "node/node_fixture.hpp"

namespace zesvm::simulator::node {
namespace {

using NodeAllocationsTest = NodeTest;

TEST_F(NodeAllocationsTest, SharedMemoryIsTheCpusToo) {
  start();
  const Address where = shared(100_KiB);
  auto* bytes = pointer_to<char>(where);
  EXPECT_EQ(bytes[0], 0);
  std::memset(bytes, 5, 100 * 1024);
  EXPECT_EQ(bytes[100 * 1024 - 1], 5);
  const auto found = node_->allocation_at(where + 5_KiB);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, MemoryKind::shared);
  EXPECT_EQ(found->interval, (Interval{where, where + 100_KiB}));
  EXPECT_EQ(node_->free(where), Status::ok);
  EXPECT_FALSE(node_->allocation_at(where));
  EXPECT_EQ(node_->free(where), Status::invalid_argument);
}

TEST_F(NodeAllocationsTest, FreedMemoryComesBackAsZeros) {
  start();
  const Address where = shared(1_MiB);
  std::memset(pointer_to(where), 9, 1 << 20);
  ASSERT_EQ(node_->free(where), Status::ok);
  const Address again = shared(1_MiB);
  EXPECT_EQ(again, where);
  EXPECT_EQ(*pointer_to<char>(again), 0);
}

TEST_F(NodeAllocationsTest, RefusesWhatCannotBe) {
  start();
  EXPECT_EQ(node_->allocate_shared({}, {}).status(), Status::invalid_argument);
  EXPECT_EQ(node_->allocate_host(4_KiB, 3_B).status(), Status::invalid_argument);
  EXPECT_EQ(node_->allocate_host({~std::uint64_t{0}}, {}).status(), Status::out_of_host_memory);
  EXPECT_EQ(node_->allocate_device(first, 65_MiB, {}).status(), Status::out_of_device_memory);
  EXPECT_EQ(node_->allocate_device(TileId{7}, 1_MiB, {}).status(), Status::invalid_argument);
}

TEST_F(NodeAllocationsTest, AlignsAsAsked) {
  start();
  for (const Bytes alignment : {4_KiB, 64_KiB, 2_MiB, 1_GiB}) {
    const auto made = node_->allocate_host(100_B, alignment);
    ASSERT_EQ(made.status(), Status::ok);
    EXPECT_TRUE(is_aligned(*made, alignment));
  }
}

TEST_F(NodeAllocationsTest, GrowsWhenAWindowIsFull) {
  start();
  std::vector<Address> all;
  for (int i = 0; i < 6; ++i) {
    const auto made = node_->allocate_host(30_GiB, {});
    ASSERT_EQ(made.status(), Status::ok);
    *pointer_to<int>(*made, 29_GiB) = i;
    all.push_back(*made);
  }
  for (int i = 0; i < 6; ++i) EXPECT_EQ(*pointer_to<int>(all[i], 29_GiB), i);
  for (const Address where : all) EXPECT_EQ(node_->free(where), Status::ok);
}

TEST_F(NodeAllocationsTest, CopiesBetweenAllKinds) {
  start();
  const Bytes size = 5_MiB;
  const Address device = *node_->allocate_device(first, size, {});
  const Address host = *node_->allocate_host(size, {});
  const Address movable = shared(size);
  std::vector<int> plain(size.count / sizeof(int));
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<int>(i);
  ASSERT_EQ(node_->copy(first, host, address_of(plain.data()), size), Status::ok);
  ASSERT_EQ(node_->copy(first, device, host, size), Status::ok);
  ASSERT_EQ(node_->copy(first, movable, device, size), Status::ok);
  std::vector<int> back(plain.size());
  ASSERT_EQ(node_->copy(first, address_of(back.data()), movable, size), Status::ok);
  EXPECT_EQ(back, plain);
  EXPECT_EQ(std::memcmp(pointer_to(movable), plain.data(), size.count), 0);
}

TEST_F(NodeAllocationsTest, CopiesLikeMemmove) {
  start();
  const Address where = *node_->allocate_device(first, 8_MiB, {});
  std::vector<int> expected((8 << 20) / sizeof(int));
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<int>(i);
  ASSERT_EQ(node_->copy(first, where, address_of(expected.data()), 8_MiB), Status::ok);
  ASSERT_EQ(node_->copy(first, where + 12_B, where, 7_MiB), Status::ok);
  std::memmove(expected.data() + 3, expected.data(), 7 << 20);
  std::vector<int> back(expected.size());
  ASSERT_EQ(node_->copy(first, address_of(back.data()), where, 8_MiB), Status::ok);
  EXPECT_EQ(back, expected);
}

TEST_F(NodeAllocationsTest, FillsWithAPattern) {
  start();
  const Address where = *node_->allocate_device(first, 4_MiB, {});
  const std::array<std::byte, 3> pattern{std::byte{1}, std::byte{2}, std::byte{3}};
  ASSERT_EQ(node_->fill(first, where, pattern, 3_MiB + 1_B), Status::ok);
  std::vector<char> back(4 << 20, 9);
  ASSERT_EQ(node_->copy(first, address_of(back.data()), where, 4_MiB), Status::ok);
  for (std::size_t i = 0; i <= (3u << 20); ++i) ASSERT_EQ(back[i], static_cast<char>(1 + i % 3));
  EXPECT_EQ(back[(3 << 20) + 1], 0);
}

TEST_F(NodeAllocationsTest, CopiesRegions) {
  start();
  const Address where = *node_->allocate_device(first, 64_KiB, {});
  std::vector<std::uint8_t> source(16 * 16);
  for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<std::uint8_t>(i);
  const Region from{address_of(source.data()), {4, 2, 0}, 16_B, {}};
  ASSERT_EQ(node_->copy_region(first, {where, {1, 1, 0}, 32_B, {}}, from, {8, 3, 1}), Status::ok);
  std::vector<std::uint8_t> back(128);
  ASSERT_EQ(node_->copy(first, address_of(back.data()), where, 128_B), Status::ok);
  for (int row = 0; row < 3; ++row) {
    for (int x = 0; x < 8; ++x) EXPECT_EQ(back[(row + 1) * 32 + 1 + x], (row + 2) * 16 + 4 + x);
  }
  EXPECT_EQ(back[32], 0);
  EXPECT_EQ(back[32 + 9], 0);
}

TEST_F(NodeAllocationsTest, RefusesCopiesBeyondAnAllocation) {
  start();
  const Address where = *node_->allocate_device(first, 64_KiB, {});
  std::vector<char> plain(128 << 10);
  EXPECT_EQ(node_->copy(first, where, address_of(plain.data()), 65_KiB), Status::invalid_address);
  EXPECT_EQ(node_->copy(first, where + 1_GiB, address_of(plain.data()), 1_KiB),
            Status::invalid_address);
}

// proves: B4
TEST_F(NodeAllocationsTest, DeviceMemoryMayExceedVram) {
  start();
  std::vector<Address> all;
  for (char i = 0; i < 5; ++i) {
    all.push_back(*node_->allocate_device(first, 24_MiB, {}));
    const std::byte value{static_cast<unsigned char>(i + 1)};
    ASSERT_EQ(node_->fill(first, all.back(), {&value, 1}, 24_MiB), Status::ok);
  }
  std::vector<char> back(24 << 20);
  for (char i = 0; i < 5; ++i) {
    ASSERT_EQ(node_->copy(first, address_of(back.data()), all[i], 24_MiB), Status::ok);
    EXPECT_EQ(back.front(), i + 1);
    EXPECT_EQ(back.back(), i + 1);
  }
}

TEST_F(NodeAllocationsTest, DeviceMemoryIsNotTheCpus) {
  start();
  const Address where = *node_->allocate_device(first, 64_KiB, {});
  EXPECT_DEATH(*pointer_to<volatile char>(where) = 1, "");
}

TEST_F(NodeAllocationsTest, HostMemoryGoesToAnotherProcess) {
  start();
  const Address where = *node_->allocate_host(1_MiB, {});
  std::strcpy(pointer_to<char>(where), "ours");
  const auto exported = node_->export_memory(where);
  ASSERT_EQ(exported.status(), Status::ok);
  EXPECT_EQ(exported->size, 1_MiB);
  const pid_t child = ::fork();
  if (child == 0) {
    void* there = ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, exported->fd,
                         static_cast<off_t>(exported->offset.count));
    const bool same = std::strcmp(static_cast<char*>(there), "ours") == 0;
    std::strcpy(static_cast<char*>(there), "theirs");
    ::_exit(same ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_STREQ(pointer_to<char>(where), "theirs");
  ::close(exported->fd);
}

TEST_F(NodeAllocationsTest, ImportedMemoryIsTheSameMemory) {
  start();
  // So that what is exported does not begin where its file does.
  ASSERT_EQ(node_->allocate_host(2_MiB, {}).status(), Status::ok);
  const Address device = *node_->allocate_device(first, 3_MiB, {});
  const int value = 77;
  ASSERT_EQ(node_->copy(first, device + 2_MiB, address_of(&value), 4_B), Status::ok);
  const auto exported = node_->export_memory(device);
  ASSERT_EQ(exported.status(), Status::ok);
  const auto imported = node_->import_memory(*exported, first);
  ::close(exported->fd);
  ASSERT_EQ(imported.status(), Status::ok);
  EXPECT_NE(*imported, device);
  ASSERT_EQ(add_one(first, *imported + 2_MiB, 64), Status::ok);
  int back = 0;
  ASSERT_EQ(node_->copy(first, address_of(&back), device + 2_MiB, 4_B), Status::ok);
  EXPECT_EQ(back, 78);
  ASSERT_EQ(add_one(first, device + 2_MiB, 64), Status::ok);
  ASSERT_EQ(node_->copy(first, address_of(&back), *imported + 2_MiB, 4_B), Status::ok);
  EXPECT_EQ(back, 79);
  EXPECT_EQ(node_->free(*imported), Status::ok);
  EXPECT_EQ(node_->free(device), Status::ok);
}

}  // namespace
}  // namespace zesvm::simulator::node
