// What is known of the program's memory calls, and when.
#include "simulator/node/memory_calls.hpp"

#include <atomic>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "simulator/node/memory_gate.hpp"
#include "simulator/node/program_mapping.hpp"

namespace zesvm::simulator::node {
namespace {

constexpr std::size_t mapped_size = 64 * 1024;

class Listener : public MemoryCallListener {
 public:
  explicit Listener(const void* wanted) : wanted_(address_of(wanted)) {
    listen_to_memory_calls(*this);
  }
  ~Listener() override { stop_listening(*this); }
  bool concerns(Interval interval) noexcept override {
    return is_concerned.load() && interval.contains(wanted_);
  }
  void before_change(std::span<const Interval>, Change) noexcept override {
    was_there = is_accessible(wanted_);
    ++told;
  }
  void after_change() noexcept override { is_there = is_accessible(wanted_); }
  void missed_change() noexcept override { ++missed; }
  void before_fork() noexcept override {}
  void after_fork(ForkSide) noexcept override {}

  std::atomic<bool> is_concerned{true};
  std::atomic<int> told{0};
  std::atomic<int> missed{0};
  bool was_there = false;
  bool is_there = true;

 private:
  const Address wanted_;
};

class MemoryCallsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!hear_memory_calls() || !is_heard("munmap")) GTEST_SKIP() << "calls are not heard here";
    memory_ =
        ::mmap(nullptr, mapped_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory_, MAP_FAILED);
  }

  /// Returns whether a thread sleeps in the kernel.
  static bool is_asleep(long thread) {
    std::ifstream file{"/proc/self/task/" + std::to_string(thread) + "/stat"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    const std::size_t name_end = text.rfind(')');
    return name_end != std::string::npos && text.compare(name_end, 3, ") S") == 0;
  }

  void* memory_ = nullptr;
};

TEST_F(MemoryCallsTest, WhoIsConcernedIsToldBeforeAndAfter) {
  Listener listener{memory_};
  ASSERT_EQ(::munmap(memory_, mapped_size), 0);
  EXPECT_EQ(listener.told.load(), 1);
  EXPECT_TRUE(listener.was_there);
  EXPECT_FALSE(listener.is_there);
}

TEST_F(MemoryCallsTest, WhoCannotBeToldKnowsThatItMissedOne) {
  Listener listener{memory_};
  {
    const Unheard own;
    ASSERT_EQ(::munmap(memory_, mapped_size), 0);
  }
  EXPECT_EQ(listener.told.load(), 0);
  EXPECT_EQ(listener.missed.load(), 1);
}

// Who adopts memory looks at it and replaces it while nothing changes; a call that was not concerned
// when it came may be then.
TEST_F(MemoryCallsTest, CallsWaitWhileMappingsStayAndAskAfter) {
  Listener listener{memory_};
  listener.is_concerned.store(false);
  std::atomic<long> thread{0};
  std::atomic<bool> may_begin{false};
  std::atomic<bool> is_over{false};
  std::thread unmapping{[&] {
    thread.store(::syscall(SYS_gettid));
    while (!may_begin.load()) std::this_thread::yield();
    ::munmap(memory_, mapped_size);
    is_over.store(true);
  }};
  while (thread.load() == 0) std::this_thread::yield();
  {
    const MappingsStay stay;
    may_begin.store(true);
    while (!is_asleep(thread.load()) && !is_over.load()) std::this_thread::yield();
    EXPECT_TRUE(is_accessible(address_of(memory_)));
    listener.is_concerned.store(true);
  }
  unmapping.join();
  EXPECT_EQ(listener.told.load(), 1);
  EXPECT_TRUE(listener.was_there);
}

}  // namespace
}  // namespace zesvm::simulator::node
