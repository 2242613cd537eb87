// Each kind of memory a program can have, given to tiles as it is, and what their atomics find there.
#include <algorithm>
#include <map>
#include <memory_resource>
#include <sys/shm.h>

#include "node/system_memory_fixture.hpp"

namespace zesvm::simulator::node {
namespace {

constexpr int plain = MAP_PRIVATE | MAP_ANONYMOUS;

class SystemMemoryKindsTest : public SystemMemoryTest {
 protected:
  Outcome count_up(int* counter, TileId tile = first) {
    return run(tile, "count_up", {PointerArgument{address_of(counter)}}, 64);
  }
};

// proves: B3, C1
TEST_F(SystemMemoryKindsTest, HugePagesMoveAndComeBack) {
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, plain | MAP_HUGETLB, -1, 0);
  if (at == MAP_FAILED) GTEST_SKIP() << "no huge pages are reserved here (vm.nr_hugepages)";
  int* const ints = static_cast<int*>(at);
  for (std::uint32_t i = 0; i < count; ++i) ints[i] = static_cast<int>(i);
  ASSERT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_GE(node_->statistics(first).copied_in, 4_MiB);
  EXPECT_TRUE(holds(ints, 0, count, 1));
  EXPECT_EQ(count_up(ints).status, Status::ok);
  EXPECT_EQ(ints[0], 65);
  EXPECT_EQ(::munmap(at, size), 0);
}

// proves: B3, C1
TEST_F(SystemMemoryKindsTest, MemoryThatMayBecomeHugeMovesAndComesBack) {
  int* const begin =
      static_cast<int*>(::mmap(nullptr, 3 * size, PROT_READ | PROT_WRITE, plain, -1, 0));
  int* const ints = pointer_to<int>(align_up(address_of(begin), 2_MiB));
  ASSERT_EQ(::madvise(ints, 2 * size, MADV_HUGEPAGE), 0);
  for (std::uint32_t i = 0; i < count; ++i) ints[i] = static_cast<int>(i);
  ASSERT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_GE(node_->statistics(first).copied_in, 4_MiB);
  EXPECT_TRUE(holds(ints, 0, count, 1));
  EXPECT_EQ(ints[2 * count - 1], 0);
  ::munmap(begin, 3 * size);
}

TEST_F(SystemMemoryKindsTest, SegmentsOfSystemVAreUsedInPlaceOrRefused) {
  const int id = ::shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
  ASSERT_GE(id, 0);
  int* const ints = static_cast<int*>(::shmat(id, nullptr, 0));
  ::shmctl(id, IPC_RMID, nullptr);
  ints[1] = 5;
  const Status status = add_one(first, address_of(ints), count);
  const bool is_allowed = ::access("/proc/self/map_files", X_OK) == 0 && status == Status::ok;
  EXPECT_EQ(status, is_allowed ? Status::ok : Status::permission_denied);
  EXPECT_EQ(ints[1], is_allowed ? 6 : 5);
  ASSERT_EQ(::shmdt(ints), 0);
  EXPECT_EQ(add_one(first, address_of(ints), 1), Status::not_mapped);
}

// proves: C2, C4
TEST_F(SystemMemoryKindsTest, AtomicsWorkOnTheHeap) {
  const auto counter = std::make_unique<int>(7);
  ASSERT_EQ(add_one(other, address_of(counter.get()), 1), Status::ok);
  EXPECT_EQ(count_up(counter.get()).status, Status::ok);
  EXPECT_EQ(count_up(counter.get(), other).status, Status::ok);
  EXPECT_EQ(*counter, 7 + 1 + 2 * 64);
}

// proves: C2
TEST_F(SystemMemoryKindsTest, AtomicsWorkInVramWhereMemoryMoves) {
  int* const counter = mapped(plain);
  *counter = 1;
  EXPECT_EQ(count_up(counter).status, Status::ok);
  EXPECT_GT(node_->statistics(first).copied_in, 0_B);
  EXPECT_EQ(*counter, 65);
  ::munmap(counter, size);
}

// proves: C3
TEST_F(SystemMemoryKindsTest, AtomicsOnMemoryOfFilesSayWhatToDo) {
  const int file = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(file, size), 0);
  int* const shared_file = mapped(MAP_SHARED, file);
  int* const private_file = mapped(MAP_PRIVATE, file);
  for (int* const counter : {shared_file, private_file}) {
    const int before = *counter;
    const Outcome outcome = count_up(counter);
    EXPECT_EQ(outcome.status, Status::permission_denied);
    EXPECT_NE(outcome.message.find("use memory of malloc or new"), std::string::npos)
        << outcome.message;
    EXPECT_EQ(*counter, before);
    EXPECT_EQ(add_one(first, address_of(counter), 1), Status::ok);
    EXPECT_EQ(*counter, before + 1);
  }
  ::munmap(shared_file, size);
  ::munmap(private_file, size);
  ::close(file);
}

// proves: B3
TEST_F(SystemMemoryKindsTest, NodesOfAMapLiveInVram) {
  // The nodes of a container, in memory that moves: each look-up of the CPU may fault.
  void* const memory = mapped(plain);
  {
    std::pmr::monotonic_buffer_resource resource{memory, size, std::pmr::null_memory_resource()};
    std::pmr::map<int, int> map{&resource};
    for (int i = 0; i < 10'000; ++i) map[i] = i;
    for (int i = 0; i < 10'000; i += 1000) {
      const TileId tile = i % 2000 == 0 ? first : other;
      ASSERT_EQ(add_one(tile, address_of(&map.at(i)), 1), Status::ok);
    }
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(map.at(i), i % 1000 == 0 ? i + 1 : i);
    map.erase(map.begin(), map.find(5000));
    EXPECT_EQ(map.size(), 5000u);
  }
  ::munmap(memory, size);
}

}  // namespace
}  // namespace zesvm::simulator::node
