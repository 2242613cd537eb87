// Programs that allocate all the time while tiles use what they allocate.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory_resource>
#include <sys/prctl.h>
#include <thread>
#include <unordered_map>

#include "node/system_memory_fixture.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

namespace {
std::atomic<bool> is_counting{false};
std::atomic<int> uses_by_servers{0};

/// Counts a use of the heap by a thread that serves faults.
void count_use() {
  if (!is_counting.load(std::memory_order_relaxed)) return;
  std::array<char, 17> name{};
  ::prctl(PR_GET_NAME, name.data());
  if (std::strcmp(name.data(), "CPU faults") == 0 || std::strcmp(name.data(), "zesvm-fault") == 0)
    uses_by_servers.fetch_add(1);
}
}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// The program's heap, as everything in this process sees it.
extern "C" {
void* __libc_malloc(std::size_t size);                     // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);  // NOLINT
void __libc_free(void* memory);                            // NOLINT
void* malloc(std::size_t size) {
  count_use();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  count_use();
  return __libc_calloc(count, size);
}
void free(void* memory) {
  if (memory != nullptr) count_use();
  __libc_free(memory);
}
}
#endif

namespace zesvm::simulator::node {
namespace {

constexpr int nodes_each = is_sanitized ? 25'000 : 250'000;
constexpr std::size_t threads_count = 4;

/// Fills a map on a thread, and hands out values to be changed by others.
template <typename Map>
class Filler {
 public:
  template <typename... Arguments>
  explicit Filler(Arguments&&... arguments) : map_(std::forward<Arguments>(arguments)...) {}

  void fill() {
    for (int i = 0; i < nodes_each; ++i) {
      int& value = map_[i];
      value = i;
      int* nobody = nullptr;
      // Not looked at again until the end.
      if (offered_.compare_exchange_strong(nobody, &value)) ++offered_count_;
    }
    is_done_.store(true);
  }
  int* take() { return offered_.exchange(nullptr); }
  bool is_done() const { return is_done_.load(); }

  /// Returns whether each value is there, `added` of them changed by one.
  bool is_right(int added) const {
    int changed = 0;
    for (const auto& [key, value] : map_) changed += value - key;
    return map_.size() == std::size_t{nodes_each} && changed == added;
  }

 private:
  Map map_;
  std::atomic<int*> offered_{nullptr};
  std::atomic<bool> is_done_{false};
  int offered_count_ = 0;
};

class SystemMemoryHeapTest : public SystemMemoryTest {
 protected:
  /// Lets all fill their maps while tiles change values in them.
  template <typename Fillers>
  void fill_while_tiles_work(Fillers& fillers) {
    module_of(first);
    module_of(other);
    std::vector<std::thread> threads;
    for (auto& filler : fillers) threads.emplace_back([&filler] { filler->fill(); });
    std::vector<int> added(fillers.size());
    const auto is_any_left = [&] {
      return std::any_of(fillers.begin(), fillers.end(),
                         [](const auto& filler) { return !filler->is_done(); });
    };
    for (unsigned round = 0; is_any_left(); ++round) {
      const std::size_t i = round % fillers.size();
      int* const value = fillers[i]->take();
      if (value == nullptr) continue;
      EXPECT_EQ(add_one(round % 2 == 0 ? first : other, address_of(value), 1), Status::ok);
      ++added[i];
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < fillers.size(); ++i) EXPECT_TRUE(fillers[i]->is_right(added[i]));
    EXPECT_GT(*std::max_element(added.begin(), added.end()), 0);
  }
};

// proves: B3
TEST_F(SystemMemoryHeapTest, AMillionNodesOnTheHeap) {
  std::vector<std::unique_ptr<Filler<std::unordered_map<int, int>>>> fillers;
  for (std::size_t i = 0; i < threads_count; ++i)
    fillers.push_back(std::make_unique<Filler<std::unordered_map<int, int>>>());
  fill_while_tiles_work(fillers);
}

// proves: B3
TEST_F(SystemMemoryHeapTest, AMillionNodesInVram) {
  // One region for all, so that threads and tiles meet in every chunk.
  constexpr std::size_t room = 80 * mebibyte;
  void* const memory = ::mmap(nullptr, room, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  {
    std::pmr::monotonic_buffer_resource region{memory, room, std::pmr::null_memory_resource()};
    std::pmr::synchronized_pool_resource pool{&region};
    std::vector<std::unique_ptr<Filler<std::pmr::map<int, int>>>> fillers;
    for (std::size_t i = 0; i < threads_count; ++i)
      fillers.push_back(std::make_unique<Filler<std::pmr::map<int, int>>>(&pool));
    fill_while_tiles_work(fillers);
  }
  EXPECT_GT(copied_out(), 0_B);
  ::munmap(memory, room);
}

TEST_F(SystemMemoryHeapTest, ServingFaultsTakesNothingFromTheHeap) {
  if (is_sanitized) GTEST_SKIP() << "the sanitizer's heap cannot be watched";
  module_of(first);
  module_of(other);
  uses_by_servers.store(0);
  is_counting.store(true);
  int* const ints = counted_on_tile();
  EXPECT_TRUE(holds(ints, 0, count, 1));
  // More than VRAM holds, on two devices in turns: adoption, eviction, the way through the host.
  const Bytes much = 96_MiB;
  void* const more =
      ::mmap(nullptr, much.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (const TileId tile : {first, other})
    EXPECT_EQ(touch(tile, address_of(more), much), Status::ok);
  EXPECT_EQ(*static_cast<int*>(more), 2);
  // A cut, an atomic, and a refusal.
  ::munmap(ints + count / 2, 4096);
  EXPECT_EQ(run(first, "count_up", {PointerArgument{address_of(ints)}}, 64).status, Status::ok);
  EXPECT_EQ(add_one(first, address_of(ints + count / 2), 1), Status::not_mapped);
  EXPECT_EQ(ints[0], 65);
  is_counting.store(false);
  EXPECT_EQ(uses_by_servers.load(), 0);
  ::munmap(more, much.count);
  ::munmap(ints, size);
}

TEST_F(SystemMemoryHeapTest, UsesOfTheHeapByServersWouldBeSeen) {
  if (is_sanitized) GTEST_SKIP() << "the sanitizer's heap cannot be watched";
  uses_by_servers.store(0);
  std::thread{[] {
    ::prctl(PR_SET_NAME, "CPU faults");
    is_counting.store(true);
    // What the compiler cannot leave out.
    void* volatile piece = std::malloc(1);
    std::free(piece);
    is_counting.store(false);
  }}.join();
  EXPECT_GT(uses_by_servers.load(), 0);
}

}  // namespace
}  // namespace zesvm::simulator::node
