// Tiles and threads of the program at the same memory at the same time.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>

#include "node/system_memory_fixture.hpp"
#include "simulator/node/memory_calls.hpp"

namespace zesvm::simulator::node {
namespace {

class SystemMemoryRacesTest : public SystemMemoryTest {
 protected:
  void SetUp() override {
    SystemMemoryTest::SetUp();
    module_of(first);
    module_of(other);
  }

  /// Counts on two devices and the CPU at once, all on one cache line: one counter for all, and one
  /// for each. Returns how far the CPU came.
  int count_together(int* line, int rounds) {
    std::atomic<int> working{2};
    std::vector<std::thread> threads;
    for (const TileId tile : {first, other}) {
      threads.emplace_back([&, tile] {
        int* const own = line + 1 + (tile == first ? 0 : 1);
        for (int round = 0; round < rounds; ++round) {
          EXPECT_EQ(count_up(tile, line), Status::ok);
          EXPECT_EQ(count_up(tile, own), Status::ok);
        }
        working.fetch_sub(1);
      });
    }
    int counted = 0;
    do {
      __atomic_fetch_add(line, 1, __ATOMIC_SEQ_CST);
      __atomic_fetch_add(line + 3, 1, __ATOMIC_SEQ_CST);
      ++counted;
    } while (working.load() != 0);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(line[0], counted + 2 * 64 * rounds);
    EXPECT_EQ(line[1], 64 * rounds);
    EXPECT_EQ(line[2], 64 * rounds);
    EXPECT_EQ(line[3], counted);
    return counted;
  }
  /// Copies on a tile, while this thread changes nothing with calls that give both back to it.
  void copy_while_given_back(int* to, int* from, std::size_t bytes) {
    std::atomic<bool> is_copied{false};
    std::thread copying{[&] {
      EXPECT_EQ(node_->copy(first, address_of(to), address_of(from), Bytes{bytes}), Status::ok);
      is_copied.store(true);
    }};
    while (!is_copied.load()) {
      for (int* const ints : {from, to}) {
        const Interval pages =
            Interval{address_of(ints), address_of(ints) + Bytes{bytes}}.rounded_out(cpu_page);
        EXPECT_EQ(
            ::mprotect(pointer_to<void>(pages.begin), pages.size().count, PROT_READ | PROT_WRITE),
            0);
      }
    }
    copying.join();
  }
  Status count_up(TileId tile, int* counter) {
    return run(tile, "count_up", {PointerArgument{address_of(counter)}}, 64).status;
  }
};

// proves: B3, B6, C2
TEST_F(SystemMemoryRacesTest, OneCacheLineThatMoves) {
  int* const line = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  EXPECT_GT(count_together(line, 10), 0);
  ::munmap(line, size);
}

// proves: C2, C4
TEST_F(SystemMemoryRacesTest, OneCacheLineOfTheHeap) {
  auto* const line = static_cast<int*>(std::aligned_alloc(64, 64));
  std::fill_n(line, 16, 0);
  EXPECT_GT(count_together(line, 25), 0);
  std::free(line);
}

// proves: B3
TEST_F(SystemMemoryRacesTest, ThreadsWriteBesideWhatTilesWrite) {
  int* const ints = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  constexpr int rounds = 8;
  constexpr std::size_t stride = 64 * 4096;
  std::vector<std::thread> threads;
  // Pages of a tile, a thread, the other tile, another thread, in every chunk.
  for (std::size_t who = 0; who < 4; ++who) {
    threads.emplace_back([&, who] {
      for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = who * 1024; i < count; i += stride) {
          if (who % 2 == 0) {
            ASSERT_EQ(add_one(who == 0 ? first : other, address_of(ints + i), 1024), Status::ok);
          } else {
            std::for_each(ints + i, ints + i + 1024, [](int& value) { ++value; });
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < count; i += stride)
    EXPECT_EQ(std::count(ints + i, ints + i + 4096, rounds), 4096) << i;
  EXPECT_EQ(std::count(ints, ints + count, 0), long{count - count / stride * 4096});
  ::munmap(ints, size);
}

// proves: A6, A7
TEST_F(SystemMemoryRacesTest, ThreadsFreeAndAllocateWhereTilesWork) {
  std::vector<std::thread> threads;
  for (int who = 0; who < 3; ++who) {
    threads.emplace_back([&, who] {
      const TileId tile = who == 0 ? first : other;
      for (int round = 0; round < 12; ++round) {
        // On both sides of what makes a mapping of its own.
        const std::size_t ints = std::size_t{4096} << (round + who) % 6;
        const auto block = std::make_unique<int[]>(ints);
        block[ints / 2] = round;
        ASSERT_EQ(add_one(tile, address_of(block.get()), static_cast<std::uint32_t>(ints)),
                  Status::ok);
        ASSERT_EQ(block[ints / 2], round + 1);
        ASSERT_EQ(std::count(block.get(), block.get() + ints, 1),
                  static_cast<long>(ints) - (round == 0 ? 0 : 1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(SystemMemoryRacesTest, CopiesGoOnWhileTheirMemoryIsGivenBack) {
  if (!is_heard("mprotect")) GTEST_SKIP() << "calls are not heard here";
  int* const from = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  int* const to = mapped(MAP_PRIVATE | MAP_ANONYMOUS);
  for (int round = 1; round <= 8; ++round) {
    // The destination is in VRAM, then in system memory.
    std::fill_n(to, count, 0);
    for (int* const ints : {from, to})
      ASSERT_EQ(add_one(first, address_of(ints), count), Status::ok);
    if (round % 2 == 0) std::fill_n(to, count, 0);
    copy_while_given_back(to, from, size);
    ASSERT_EQ(std::count(from, from + count, round), long{count}) << round;
    ASSERT_EQ(std::count(to, to + count, round), long{count}) << round;
  }
  ::munmap(to, size);
  ::munmap(from, size);
}

}  // namespace
}  // namespace zesvm::simulator::node
