#include <algorithm>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

class WorkTest : public ApiTest {
 protected:
  Module fill = rt.load_module("fill");
  Kernel increment = fill.kernel("increment");
};

TEST_F(WorkTest, AKernelSeesWhatTheCpuWroteAndTheOtherWayRound) {
  auto x = space.make_array<double>(10000);
  auto y = space.make_array<double>(10000);
  auto z = space.make_array<double>(10000);
  std::iota(y.begin(), y.end(), 0.0);
  std::fill(z.begin(), z.end(), 2.0);
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("triad").kernel("triad"), grid(x.size()), x, y, z, 3.0);
  stream.wait();
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], static_cast<double>(i) + 6.0);
}

TEST_F(WorkTest, AStreamWorksInOrder) {
  auto values = space.make_array<std::uint32_t>(1000);
  Stream stream(rt.device(0));
  stream.fill(values.data(), 0, values.size_bytes());
  for (int i = 0; i < 20; ++i) stream.launch(increment, grid(values.size()), values);
  auto copied = space.make_array<std::uint32_t>(1000);
  stream.copy(copied.data(), values.data(), values.size_bytes());
  stream.wait();
  EXPECT_THAT(copied, Each(20u));
}

// proves: A12
TEST_F(WorkTest, TwoDevicesUseOnePointer) {
  auto values = space.make_array<std::uint32_t>(chunk);
  std::fill(values.begin(), values.end(), 40u);
  Stream first(rt.device(0));
  Stream second(rt.device(1));
  first.launch(increment, grid(values.size()), values);
  second.wait_for(first.record());
  second.launch(increment, grid(values.size()), values);
  second.wait();
  for (std::uint32_t value : values) ASSERT_EQ(value, 42u);
}

// proves: C2, C4
TEST_F(WorkTest, AtomicsOfTwoDevicesAndTheCpuAddUp) {
  auto counter = space.make_array<std::uint32_t>(1);
  counter[0] = 5;
  space.advise(counter.data(), counter.size_bytes(), AtomicAccess::device);
  Stream first(rt.device(0));
  Stream second(rt.device(1));
  for (int i = 0; i < 4; ++i) {
    first.launch(fill.kernel("count"), grid(512), counter);
    second.launch(fill.kernel("count"), grid(512), counter);
  }
  first.wait();
  second.wait();
  EXPECT_EQ(counter[0], 5u + 8u * 512u);
}

TEST_F(WorkTest, LocalMemoryIsThere) {
  auto bytes = space.make_array<unsigned char>(100000);
  auto counts = space.make_array<std::uint32_t>(256);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i % 250);
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("histogram").kernel("byte_histogram"), grid(256).by(64), bytes,
                std::uint64_t{bytes.size()}, counts, LocalMemory{1024});
  stream.wait();
  for (std::size_t i = 0; i < 250; ++i) ASSERT_EQ(counts[i], 400u);
  EXPECT_EQ(counts[250], 0u);
}

TEST_F(WorkTest, EventsTellWhenTheWorkIsDone) {
  auto values = space.make_array<std::uint32_t>(100);
  Stream stream(rt.device(0));
  stream.launch(increment, grid(values.size()), values);
  const Event event = stream.record();
  event.wait();
  EXPECT_TRUE(event.is_done());
  EXPECT_EQ(values[99], 1u);
}

TEST_F(WorkTest, EveryThreadCanHaveItsStream) {
  auto values = space.make_array<std::uint32_t>(4 * 1024);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Stream stream(rt.device(t % 2));
      for (int i = 0; i < 10; ++i) stream.launch(increment, grid(1024), values.data() + t * 1024);
      stream.wait();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(values, Each(10u));
}

TEST_F(WorkTest, AWrongKernelNameListsTheRightOnes) {
  const Error error = error_of([&] { fill.kernel("incremet"); });
  EXPECT_EQ(error.code(), ErrorCode::unknown_kernel);
  EXPECT_THAT(error.what(), HasSubstr("count fill increment"));
}

TEST_F(WorkTest, ABadModuleIsRefused) {
  const std::string path = ::testing::TempDir() + "zesvm-bad.spv";
  std::ofstream(path) << "this is no SPIR-V at all";
  EXPECT_EQ(error_of([&] { rt.load_module(path); }).code(), ErrorCode::module_rejected);
  EXPECT_EQ(error_of([&] { rt.load_module("/nowhere/x.spv"); }).code(), ErrorCode::unreadable_file);
  const std::uint32_t word = 0;
  EXPECT_EQ(error_of([&] { rt.make_module(&word, sizeof word); }).code(),
            ErrorCode::module_rejected);
}

TEST_F(WorkTest, WrongArgumentsAreRefused) {
  auto values = space.make_array<std::uint32_t>(64);
  Stream stream(rt.device(0));
  EXPECT_EQ(error_of([&] { stream.launch(increment, grid(64)); }).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { stream.launch(fill.kernel("fill"), grid(64), values, 1.0); }).code(),
            ErrorCode::invalid_argument);
  stream.launch(fill.kernel("fill"), grid(64), values, 3u);
  stream.wait();
  EXPECT_THAT(values, Each(3u));
}

// proves: B4
TEST_F(WorkTest, MoreThanADeviceHoldsStillComesOutRight) {
  if (is_host_out_of_reach())
    GTEST_SKIP() << "loader or driver know no physical memory on the host";
  const std::size_t bytes = std::min<std::size_t>(rt.device(0).memory_bytes(), 256 << 20) * 5 / 4;
  auto values = space.make_array<std::uint32_t>(bytes / sizeof(std::uint32_t));
  Stream stream(rt.device(0));
  const auto before = rt.statistics();
  for (int i = 0; i < 2; ++i) stream.launch(increment, grid(values.size()).by(64), values);
  stream.wait();
  // What of paged memory does not fit is used where it is: nothing is pushed out for it.
  if (bytes > rt.device(0).memory_bytes() && !is_paged()) {
    EXPECT_GT((rt.statistics() - before).tiles[0].evictions, 0u);
  }
  for (std::size_t i = 0; i < values.size(); i += 1000) ASSERT_EQ(values[i], 2u);
}

// proves: C3
TEST_F(WorkTest, AKernelOnMemoryThatIsNotThereFailsAndTheStreamGoesOn) {
  auto values = space.make_array<std::uint32_t>(64);
  auto* gone = space.allocate<std::uint32_t>(64);
  space.free(gone);
  Stream stream(rt.device(0));
  const Error error = error_of([&] {
    stream.launch(increment, grid(64), gone);
    stream.wait();
  });
  EXPECT_EQ(error.code(), ErrorCode::launch_failed);
  EXPECT_THAT(error.what(), HasSubstr("page fault at 0x"));
  stream.launch(increment, grid(64), values);
  stream.wait();
  EXPECT_THAT(values, Each(1u));
}

// proves: E1
TEST_F(WorkTest, StatisticsCountWhatMoved) {
  auto* values = static_cast<std::uint32_t*>(space.allocate_bytes(chunk, chunk));
  values[0] = 1;
  Stream stream(rt.device(0));
  const auto before = rt.statistics();
  ASSERT_TRUE(before.is_available);
  ASSERT_EQ(before.tiles.size(), rt.devices().size());
  stream.launch(increment, grid(chunk / sizeof *values), values);
  stream.wait();
  EXPECT_EQ(values[0], 2u);
  const auto moved = (rt.statistics() - before).tiles[0];
  EXPECT_GE(moved.gpu_faults, 1u);
  EXPECT_EQ(moved.to_device.bytes, chunk);
  EXPECT_EQ(moved.to_system.bytes, chunk);
  EXPECT_EQ(moved.cpu_faults, 1u);
  EXPECT_EQ(moved.causes[static_cast<std::size_t>(Cause::gpu_fault)], 1u);
  EXPECT_EQ(moved.causes[static_cast<std::size_t>(Cause::cpu_fault)], 1u);
  EXPECT_GE(moved.to_device.largest, chunk);
  space.free(values);
}

}  // namespace
}  // namespace zesvm::tests
