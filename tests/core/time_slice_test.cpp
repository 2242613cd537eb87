// How long memory stays where a GPU atomic wanted it.
#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

using namespace std::chrono_literals;

class TimeSliceTest : public CoreTest {
 protected:
  TimeSliceTest() : gpu(machine.add_tile()) { machine.map(chunk(0)); }
  // How far the CPU has to wait for the memory.
  Clock::Instant wait_of_the_cpu() {
    const auto before = machine.clock.now();
    EXPECT_TRUE(machine.read(base));
    return machine.clock.now() - before;
  }
  Tile& gpu;
};

// proves: B6
TEST_F(TimeSliceTest, TheCpuWaitsOutTheSlice) {
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  EXPECT_EQ(wait_of_the_cpu(), 5ms);
}

// proves: B6
TEST_F(TimeSliceTest, OnlyTheRestIsWaitedFor) {
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  machine.clock.advance(3ms);
  EXPECT_EQ(wait_of_the_cpu(), 2ms);
  EXPECT_EQ(wait_of_the_cpu(), 0ms);
}

// proves: B6
TEST_F(TimeSliceTest, ReadsAndWritesGetNone) {
  ASSERT_EQ(gpu.write(base, 1), Status::ok);
  EXPECT_EQ(wait_of_the_cpu(), 0ms);
  EXPECT_EQ(machine.clock.waits(), 0u);
}

// proves: B6
TEST_F(TimeSliceTest, EachRetryDoublesIt) {
  ASSERT_EQ(machine.write(base, 1), Status::ok);
  machine.plan.fail_at(2);
  ASSERT_EQ(gpu.add(base, 1), Status::ok);
  ASSERT_TRUE(machine.plan.has_failed());
  EXPECT_EQ(wait_of_the_cpu(), 10ms);
}

// proves: B6
TEST_F(TimeSliceTest, EvictionDoesNotWait) {
  ASSERT_EQ(gpu.add(base, 7), Status::ok);
  ASSERT_TRUE(space().migrate_to_system(chunk(0)));
  EXPECT_EQ(machine.clock.waits(), 0u);
  EXPECT_EQ(wait_of_the_cpu(), 0ms);
}

}  // namespace
}  // namespace zesvm::svm::fake
