// Memory of the program that tiles use, and what the program does with it meanwhile.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <fcntl.h>
#include <future>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "node/system_memory_fixture.hpp"
#include "simulator/node/memory_calls.hpp"

namespace zesvm::simulator::node {
namespace {

TEST_F(SystemMemoryTest, CallsOfTheCLibraryAreHeard) {
  for (const char* name : {"munmap", "mmap", "mremap", "mprotect", "madvise", "brk", "shmdt"}) {
    EXPECT_TRUE(is_heard(name)) << name;
  }
}

// proves: A7
TEST_F(SystemMemoryTest, PartialUnmapKeepsTheRest) {
  int* const ints = counted_on_tile();
  const std::size_t middle = count / 4 + 1024;
  ASSERT_EQ(::munmap(ints + middle, 3 * 4096), 0);
  const std::size_t after = middle + 3 * 1024;
  EXPECT_EQ(add_one(first, address_of(ints), static_cast<std::uint32_t>(middle)), Status::ok);
  EXPECT_EQ(add_one(first, address_of(ints + after), static_cast<std::uint32_t>(count - after)),
            Status::ok);
  EXPECT_EQ(add_one(first, address_of(ints + middle), 1), Status::not_mapped);
  EXPECT_TRUE(holds(ints, 0, middle, 2));
  EXPECT_TRUE(holds(ints, after, count, 2));
  ::munmap(ints, size);
}

TEST_F(SystemMemoryTest, UnmappedVramIsFreeAtOnce) {
  int* const ints = counted_on_tile();
  EXPECT_LT(node_->memory_of(first).free, 61_MiB);
  ::munmap(ints, size);
  EXPECT_GT(node_->memory_of(first).free, 62_MiB);
}

// proves: A6
TEST_F(SystemMemoryTest, GrownMemoryMovesWithItsContent) {
  int* const ints = counted_on_tile();
  void* const moved = ::mremap(ints, size, 2 * size, MREMAP_MAYMOVE);
  ASSERT_NE(moved, MAP_FAILED);
  auto* const now = static_cast<int*>(moved);
  EXPECT_EQ(add_one(first, address_of(now), count * 2), Status::ok);
  EXPECT_TRUE(holds(now, 0, count, 2));
  EXPECT_EQ(now[count], 1);
  ::munmap(now, 2 * size);
}

TEST_F(SystemMemoryTest, DroppedPagesReadAsZeros) {
  int* const ints = counted_on_tile();
  ASSERT_EQ(::madvise(ints + 1024, 4096, MADV_DONTNEED), 0);
  EXPECT_EQ(ints[1024], 0);
  EXPECT_EQ(ints[2047], 0);
  EXPECT_TRUE(holds(ints, 0, 1024, 1));
  EXPECT_TRUE(holds(ints, 2048, count, 1));
  ::munmap(ints, size);
}

// proves: C6
TEST_F(SystemMemoryTest, ProtectedMemoryIsReadAndNotWritten) {
  int* const ints = counted_on_tile();
  ASSERT_EQ(::mprotect(ints, size, PROT_READ), 0);
  EXPECT_TRUE(holds(ints, 0, count, 1));
  EXPECT_EQ(add_one(first, address_of(ints), 1), Status::permission_denied);
  ASSERT_EQ(::mprotect(ints, size, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_TRUE(holds(ints, 0, count, 2));
  ::munmap(ints, size);
}

TEST_F(SystemMemoryTest, MemoryThatIsOnlyReadIsReadInPlace) {
  int* const ints = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  std::fill_n(ints, count, 7);
  ASSERT_EQ(::mprotect(ints, size, PROT_READ), 0);
  auto* const to = counted_on_tile();
  const auto done =
      run(first, "copy_ints", {PointerArgument{address_of(to)}, PointerArgument{address_of(ints)}},
          count);
  EXPECT_EQ(done.status, Status::ok);
  EXPECT_EQ(std::count(to, to + count, 7), long{count});
  EXPECT_EQ(add_one(first, address_of(ints), 1), Status::permission_denied);
  ASSERT_EQ(::mprotect(ints, size, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_EQ(std::count(ints, ints + count, 8), long{count});
  ::munmap(to, size);
  ::munmap(ints, size);
}

TEST_F(SystemMemoryTest, MemoryRightBesideStacksIsUsed) {
  if (!is_heard("mmap")) GTEST_SKIP() << "calls are not heard here";
  constexpr std::size_t stack = 2 * mebibyte;
  constexpr std::size_t beside = 64 * 1024;
  const auto map_at = [](Address at, std::size_t bytes, int flags) {
    return ::mmap(pointer_to<void>(at), bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);
  };
  // As the C library maps them, with a guard page below.
  void* const room =
      ::mmap(nullptr, stack + 2 * beside, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const Address below = address_of(room);
  const Address begin = below + Bytes{beside};
  const Address above = begin + Bytes{stack};
  ASSERT_NE(map_at(begin, stack, MAP_STACK), MAP_FAILED);
  ASSERT_EQ(::mprotect(pointer_to<void>(begin), 4096, PROT_NONE), 0);
  ASSERT_NE(map_at(below, beside, 0), MAP_FAILED);
  ASSERT_NE(map_at(above, beside, 0), MAP_FAILED);
  for (const Address memory : {below, above}) {
    EXPECT_EQ(add_one(first, memory, beside / sizeof(int)), Status::ok);
    EXPECT_EQ(std::count(pointer_to<int>(memory), pointer_to<int>(memory) + beside / 4, 1),
              long{beside / 4});
  }
  EXPECT_EQ(add_one(first, above - Bytes{4096}, 1), Status::permission_denied);
  EXPECT_EQ(add_one(first, begin + Bytes{4096}, 1), Status::permission_denied);
  ASSERT_NE(map_at(begin, stack, 0), MAP_FAILED);
  EXPECT_EQ(add_one(first, begin + Bytes{4096}, 1), Status::ok);
  ::munmap(room, stack + 2 * beside);
}

TEST_F(SystemMemoryTest, FreedBlocksAreHeardOf) {
  for (int round = 0; round < 4; ++round) {
    auto* const ints = static_cast<int*>(std::malloc(64 * mebibyte));
    ints[0] = round;
    ASSERT_EQ(touch(first, address_of(ints), {64 * mebibyte}, 1_MiB), Status::ok);
    auto* const less = static_cast<int*>(std::realloc(ints, 40 * mebibyte));
    ASSERT_EQ(less[0], round + 1);
    std::free(less);
  }
}

/// Notes where memory goes, and what it held then.
class Watcher : public MemoryCallListener {
 public:
  explicit Watcher(const int* wanted) : wanted_(wanted) { listen_to_memory_calls(*this); }
  ~Watcher() override { stop_listening(*this); }
  bool concerns(Interval interval) noexcept override {
    return interval.contains(address_of(wanted_));
  }
  void before_change(std::span<const Interval>, Change) noexcept override { held = *wanted_; }
  void after_change() noexcept override {}
  void before_fork() noexcept override {}
  void missed_change() noexcept override {}
  void after_fork(ForkSide) noexcept override {}
  int held = -1;

 private:
  const int* wanted_;
};

/// Blocks at the end of the heap, 4 MiB of them.
std::vector<std::unique_ptr<int[]>> blocks_of_heap(int value) {
  std::vector<std::unique_ptr<int[]>> blocks;
  for (int i = 0; i < 64; ++i) {
    blocks.push_back(std::make_unique<int[]>(16 * 1024));
    std::fill_n(blocks.back().get(), 16 * 1024, value);
  }
  return blocks;
}

// proves: A6
TEST_F(SystemMemoryTest, AHeapThatShrinksIsHeardOf) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's heap does not shrink";
#endif
  module_of(first);
  auto blocks = blocks_of_heap(5);
  int* const last = blocks.back().get();
  ASSERT_LT(static_cast<void*>(last), ::sbrk(0));
  ASSERT_EQ(add_one(first, address_of(last), 16 * 1024), Status::ok);
  const Watcher watcher{last};
  blocks.clear();
  ::malloc_trim(0);
  ASSERT_GE(static_cast<void*>(last), ::sbrk(0));
  // Not the pages of the node's file any more; the C library writes to the begin of what is free.
  EXPECT_EQ(add_one(first, address_of(last), 16), Status::not_mapped);
  blocks = blocks_of_heap(7);
  for (const auto& block : blocks) {
    ASSERT_EQ(add_one(first, address_of(block.get()), 16 * 1024), Status::ok);
    ASSERT_EQ(std::count(block.get(), block.get() + 16 * 1024, 8), 16 * 1024);
  }
  EXPECT_NE(watcher.held, -1);
}

// The C library locks its heaps for a fork, and while it gives parts of them back.
// proves: H5
TEST_F(SystemMemoryTest, ForksGoOnWhileHeapsShrink) {
  module_of(first);
  std::atomic<bool> is_done{false};
  std::atomic<int*> newest{nullptr};
  std::thread allocating{[&] {
    while (!is_done.load()) {
      auto blocks = blocks_of_heap(5);
      newest.store(blocks.back().get());
      while (newest.load() != nullptr && !is_done.load()) std::this_thread::yield();
    }
  }};
  for (int round = 0; round < 20; ++round) {
    int* block = nullptr;
    while ((block = newest.load()) == nullptr) std::this_thread::yield();
    EXPECT_EQ(add_one(first, address_of(block), 1024), Status::ok);
    newest.store(nullptr);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(std::make_unique<int>(7) != nullptr ? 0 : 1);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  is_done.store(true);
  allocating.join();
}

// proves: H5
TEST_F(SystemMemoryTest, ForkedChildHasTheData) {
  int* const ints = counted_on_tile();
  auto heap = std::make_unique<int>(5);
  ASSERT_EQ(add_one(first, address_of(heap.get()), 1), Status::ok);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_right = holds(ints, 0, count, 1) && *heap == 6;
    std::fill_n(ints, count, -1);
    *heap = -1;
    ::_exit(is_right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_TRUE(holds(ints, 0, count, 2));
  EXPECT_EQ(*heap, 6);
  ::munmap(ints, size);
}

// proves: H5
TEST_F(SystemMemoryTest, ForksWhileThreadsAndKernelsUseMemory) {
  int* const ints = counted_on_tile();
  auto* const busy = static_cast<int*>(std::calloc(count, sizeof(int)));
  module_of(other);
  std::atomic<bool> is_done{false};
  int rounds = 0;
  std::thread worker{[&] {
    for (; !is_done.load(); ++rounds) {
      ASSERT_EQ(add_one(other, address_of(busy), count), Status::ok);
      std::for_each(busy, busy + count, [](int& value) { ++value; });
    }
  }};
  for (int i = 0; i < 10; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(holds(ints, 0, count, 1 + i) ? 0 : 1);
    // The parent's goes on while the child looks at its own.
    EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  is_done.store(true);
  worker.join();
  EXPECT_EQ(std::count(busy, busy + count, 2 * rounds), long{count});
  EXPECT_TRUE(holds(ints, 0, count, 11));
  std::free(busy);
  ::munmap(ints, size);
}

TEST_F(SystemMemoryTest, SharedFilesAreMappedAsTheyAre) {
  const int file = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(file, size), 0);
  int* const ints = mapped(MAP_SHARED, file);
  int* const other = mapped(MAP_SHARED, file);
  for (std::uint32_t i = 0; i < count; ++i) ints[i] = static_cast<int>(i);
  EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_TRUE(holds(other, 0, count, 1));
  ::munmap(ints, size);
  EXPECT_EQ(add_one(first, address_of(ints), 1), Status::not_mapped);
  EXPECT_EQ(add_one(first, address_of(other), count), Status::ok);
  EXPECT_TRUE(holds(other, 0, count, 2));
  ::munmap(other, size);
  ::close(file);
}

TEST_F(SystemMemoryTest, FilesToReadAreReadAndNotWritten) {
  const int file = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(file, size), 0);
  for (const int flags : {MAP_SHARED, MAP_PRIVATE}) {
    int* const ints = mapped(flags, file, PROT_READ);
    EXPECT_EQ(add_one(first, address_of(ints), 1), Status::permission_denied);
    ::munmap(ints, size);
  }
  ::close(file);
}

TEST_F(SystemMemoryTest, PrivateFilesStayPrivate) {
  const int file = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(file, size), 0);
  int* const shared = mapped(MAP_SHARED, file);
  std::fill_n(shared, count, 7);
  int* const ints = mapped(MAP_PRIVATE, file);
  EXPECT_EQ(add_one(first, address_of(ints), 4096), Status::ok);
  EXPECT_EQ(ints[4095], 8);
  EXPECT_EQ(ints[4096 * 8], 7);
  EXPECT_EQ(shared[0], 7);
  ::munmap(ints, size);
  ::munmap(shared, size);
  ::close(file);
}

TEST_F(SystemMemoryTest, WaitsOnAdoptedMemoryAreWoken) {
  for (int round = 0; round < 30; ++round) {
    // Waited for by address, in memory that is adopted meanwhile.
    auto promise = std::make_unique<std::promise<int>>();
    std::future<int> future = promise->get_future();
    auto value = std::make_unique<int[]>(64);
    std::thread waiter{[&] { EXPECT_EQ(future.get(), round); }};
    ASSERT_EQ(add_one(first, address_of(value.get()), 64), Status::ok);
    promise->set_value(round);
    waiter.join();
    EXPECT_EQ(value[0], 1);
  }
}

TEST_F(SystemMemoryTest, MutexesSharedWithOthersStillWork) {
  struct Shared {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int turns = 0;
    int data[256] = {};
  };
  const auto shared = std::make_unique<Shared>();
  pthread_mutexattr_t mutex;
  pthread_condattr_t condition;
  ::pthread_mutexattr_init(&mutex);
  ::pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
  ::pthread_condattr_init(&condition);
  ::pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
  ::pthread_mutex_init(&shared->mutex, &mutex);
  ::pthread_cond_init(&shared->changed, &condition);
  module_of(first);
  std::thread waiter{[&] {
    ::pthread_mutex_lock(&shared->mutex);
    while (shared->turns < 10) ::pthread_cond_wait(&shared->changed, &shared->mutex);
    ::pthread_mutex_unlock(&shared->mutex);
  }};
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(add_one(first, address_of(shared->data), 256), Status::ok);
    ::pthread_mutex_lock(&shared->mutex);
    ++shared->turns;
    ::pthread_cond_broadcast(&shared->changed);
    ::pthread_mutex_unlock(&shared->mutex);
  }
  waiter.join();
  EXPECT_EQ(shared->data[255], 10);
}

TEST_F(SystemMemoryTest, ThreadsAllocateWhileKernelsUseTheirHeap) {
  std::atomic<bool> is_done{false};
  std::vector<std::thread> threads;
  module_of(first);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::unique_ptr<int[]>> blocks(64);
      for (unsigned round = 0; !is_done.load(); ++round) {
        const std::size_t ints = std::size_t{16} << (round * 7 + static_cast<unsigned>(t)) % 16;
        auto& block = blocks[round % blocks.size()];
        block = std::make_unique<int[]>(ints);
        block[0] = block[ints - 1] = static_cast<int>(round);
      }
    });
  }
  for (int round = 0; round < 42; ++round) {
    const std::size_t ints = std::size_t{64} << (round % 14);
    const auto block = std::make_unique<int[]>(ints);
    EXPECT_EQ(add_one(first, address_of(block.get()), static_cast<std::uint32_t>(ints)),
              Status::ok);
    ASSERT_EQ(std::count(block.get(), block.get() + ints, 1), static_cast<long>(ints));
  }
  is_done.store(true);
  for (std::thread& thread : threads) thread.join();
}

TEST_F(SystemMemoryTest, TilesAndThreadsTakeTurns) {
  int* const ints = counted_on_tile();
  for (int round = 1; round < 20; ++round) {
    for (std::uint32_t i = 0; i < count; i += 1024) ++ints[i];
    ASSERT_EQ(add_one(round % 2 == 0 ? first : other, address_of(ints), count), Status::ok);
    ASSERT_EQ(ints[1], 2 + round);
    ASSERT_EQ(ints[1024], 1024 + 1 + 2 * round);
  }
  ::munmap(ints, size);
}

TEST_F(SystemMemoryTest, ChangesWhileAKernelRunsHarmNeither) {
  int* const ints = counted_on_tile();
  module_of(first);
  std::atomic<bool> is_done{false};
  // Another part of the same chunks is unmapped and mapped again all the time.
  std::thread changer{[&] {
    while (!is_done.load()) {
      ASSERT_EQ(::munmap(ints + count / 2, 64 * 1024), 0);
      ASSERT_EQ(::mmap(ints + count / 2, 64 * 1024, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                ints + count / 2);
    }
  }};
  for (int round = 0; round < 20; ++round)
    EXPECT_EQ(add_one(first, address_of(ints), count / 2), Status::ok);
  is_done.store(true);
  changer.join();
  EXPECT_TRUE(holds(ints, 0, count / 2, 21));
  EXPECT_TRUE(holds(ints, count / 2 + 16 * 1024, count, 1));
  ::munmap(ints, size);
}

}  // namespace
}  // namespace zesvm::simulator::node
