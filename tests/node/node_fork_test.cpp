// What fork, posix_spawn and the like do to memory of a node, and to the node.
#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "node/node_fixture.hpp"

namespace zesvm::simulator::node {
namespace {

constexpr std::uint32_t count = 1 << 20;
constexpr Bytes size{count * sizeof(int)};

/// Runs `body` in a child and returns its status; `meanwhile` runs here, and the child waits for it
/// where it calls the function it is given.
int in_child(
    const std::function<bool(const std::function<void()>&)>& body,
    const std::function<void()>& meanwhile = [] {}) {
  std::array<int, 2> ready{};
  std::array<int, 2> done{};
  EXPECT_EQ(::pipe(ready.data()), 0);
  EXPECT_EQ(::pipe(done.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ready[0]);
    ::close(done[1]);
    char byte = 0;
    const auto wait = [&] {
      ::close(ready[1]);
      static_cast<void>(::read(done[0], &byte, 1));
    };
    ::_exit(body(wait) ? 0 : 1);
  }
  ::close(ready[1]);
  ::close(done[0]);
  char byte = 0;
  // Closed when the child waits, or ended.
  static_cast<void>(::read(ready[0], &byte, 1));
  meanwhile();
  ::close(done[1]);
  ::close(ready[0]);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool holds(const int* ints, int added) {
  for (std::uint32_t i = 0; i < count; ++i)
    if (ints[i] != static_cast<int>(i) + added) return false;
  return true;
}

class NodeForkTest : public NodeTest {
 protected:
  void SetUp() override { start(); }

  /// Returns memory in VRAM of the first tile that holds its index plus 1.
  int* counted_in_vram() {
    int* const ints = pointer_to<int>(shared(size));
    for (std::uint32_t i = 0; i < count; ++i) ints[i] = static_cast<int>(i);
    EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
    EXPECT_EQ(copied_out(), 0_B);
    return ints;
  }
};

// proves: H5
TEST_F(NodeForkTest, AChildHasWhatIsInVram) {
  const int* const ints = counted_in_vram();
  EXPECT_EQ(in_child([&](const auto&) { return holds(ints, 1); }), 0);
  EXPECT_EQ(copied_out(), 0_B);
  EXPECT_TRUE(holds(ints, 1));
}

// proves: H5
TEST_F(NodeForkTest, AChildHasHostMemoryAndZeros) {
  int* const host = pointer_to<int>(*node_->allocate_host(1_MiB, {}));
  const int* const untouched = pointer_to<int>(shared(64_MiB));
  host[1000] = 7;
  EXPECT_EQ(in_child([&](const auto&) {
              const bool is_right = host[1000] == 7 && host[0] == 0 && untouched[5 << 20] == 0;
              host[1000] = 8;
              return is_right;
            }),
            0);
  EXPECT_EQ(host[1000], 7);
}

// proves: H5
TEST_F(NodeForkTest, NeitherSeesWhatTheOtherWrites) {
  int* const ints = counted_in_vram();
  EXPECT_EQ(in_child(
                [&](const auto& wait) {
                  std::fill_n(ints, count / 2, -1);
                  wait();
                  for (std::uint32_t i = 0; i < count; ++i)
                    if (ints[i] != (i < count / 2 ? -1 : static_cast<int>(i) + 1)) return false;
                  return true;
                },
                [&] {
                  EXPECT_TRUE(holds(ints, 1));
                  EXPECT_EQ(add_one(second, address_of(ints), count), Status::ok);
                }),
            0);
  EXPECT_TRUE(holds(ints, 2));
  EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_TRUE(holds(ints, 3));
}

// proves: H5
TEST_F(NodeForkTest, AChildOfAChildHasIt) {
  const int* const ints = counted_in_vram();
  EXPECT_EQ(in_child([&](const auto&) {
              return in_child([&](const auto&) { return holds(ints, 1); }) == 0 && holds(ints, 1);
            }),
            0);
}

// proves: H5
TEST_F(NodeForkTest, ThreadsThatMoveMemoryAreNotDisturbed) {
  const int* const ints = counted_in_vram();
  const Address busy = shared(size);
  module_of(first);
  module_of(second);
  std::atomic<bool> is_done{false};
  std::array<int, 2> rounds{};
  std::vector<std::thread> threads;
  for (const TileId tile : {first, second}) {
    threads.emplace_back([&, tile] {
      const Address own = busy + size / 2 * index_of(tile);
      for (int& round = rounds[index_of(tile)]; !is_done.load(); ++round) {
        ASSERT_EQ(add_one(tile, own, count / 2), Status::ok);
        ASSERT_EQ(*pointer_to<int>(own), round + 1);
      }
    });
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(in_child([&](const auto&) { return holds(ints, 1); }), 0);
  is_done.store(true);
  for (std::thread& thread : threads) thread.join();
  for (std::uint32_t i = 0; i < count; ++i)
    ASSERT_EQ(pointer_to<int>(busy)[i], rounds[i / (count / 2)]);
}

// proves: H5
TEST_F(NodeForkTest, ProgramsThatAreStartedCopyNothing) {
  int* const ints = counted_in_vram();
  char name[] = "true";
  std::array<char*, 2> arguments{name, nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments.data(), environ), 0);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(std::system("exit 3"), 3 << 8);
  child = ::vfork();
  if (child == 0) {
    ::execl("/bin/true", "true", nullptr);
    ::_exit(9);
  }
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(copied_out(), 0_B);
  EXPECT_EQ(add_one(first, address_of(ints), count), Status::ok);
  EXPECT_TRUE(holds(ints, 2));
}

}  // namespace
}  // namespace zesvm::simulator::node
