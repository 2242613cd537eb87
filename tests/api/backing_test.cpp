#include <atomic>
#include <cstdlib>
#include <numeric>
#include <thread>
#include <vector>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

class BackingTest : public ApiTest {
 protected:
  Kernel increment = rt.load_module("fill").kernel("increment");
};

TEST_F(BackingTest, IsChosenWithAReason) {
  for (const Device& device : rt.devices()) {
    const Capabilities& can = device.capabilities();
    EXPECT_NE(can.backing, Backing::automatic);
    EXPECT_FALSE(can.backing_reason.empty());
    EXPECT_EQ(can.has_page_faults, device.has_page_faults());
    EXPECT_EQ(can.system_memory.can_access, device.has_shared_system_memory());
    EXPECT_EQ(can.small_page_bytes, 64u << 10);
    EXPECT_EQ(can.large_page_bytes, 2u << 20);
    EXPECT_TRUE(can.shared_memory.can_access);
  }
}

TEST_F(BackingTest, IsAskedForPerAllocation) {
  auto* paged = space.allocate<int>(100, Backing::paged);
  auto* shared = space.allocate<int>(100, Backing::shared);
  EXPECT_EQ(space.backing_of(paged), Backing::paged);
  EXPECT_EQ(space.backing_of(shared), Backing::shared);
  int local = 0;
  EXPECT_EQ(space.backing_of(&local), std::nullopt);
  space.free(paged);
  space.free(shared);
  EXPECT_EQ(space.backing_of(paged), std::nullopt);
}

TEST_F(BackingTest, OneKernelUsesAllOfThem) {
  auto* paged = space.allocate<double>(1000, Backing::paged);
  auto* shared = space.allocate<double>(1000, Backing::shared);
  auto x = space.make_array<double>(1000);
  std::iota(paged, paged + 1000, 0.0);
  std::fill(shared, shared + 1000, 2.0);
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("triad").kernel("triad"), grid(1000), x, paged, shared, 3.0);
  stream.wait();
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(x[i], static_cast<double>(i) + 6.0);
  space.free(paged);
  space.free(shared);
}

TEST_F(BackingTest, MemoryOfTheProgramIsAdopted) {
  std::vector<std::uint32_t> values(chunk / 4, 1);
  const std::size_t bytes = values.size() * 4;
  space.adopt(values.data(), bytes);
  EXPECT_EQ(space.backing_of(values.data()), Backing::system);
  EXPECT_EQ(error_of([&] { space.adopt(values.data() + 1, 4); }).code(),
            ErrorCode::invalid_argument);
  Stream stream(rt.device(0));
  stream.launch(increment, grid(values.size()), values.data());
  stream.wait();
  space.free(values.data());
  EXPECT_THAT(values, Each(2u));
}

// proves: B3
TEST_F(BackingTest, ATouchOfPagedMemoryWaitsForTheWorkThatUsesIt) {
  auto* values = space.allocate<std::uint32_t>(chunk, Backing::paged);
  std::fill(values, values + chunk, 0u);
  Stream stream(rt.device(0));
  for (std::uint32_t i = 1; i <= 5; ++i) {
    stream.launch(increment, grid(chunk), values);
    EXPECT_EQ(values[chunk - 1], i);
    EXPECT_EQ(space.residency(values, 4 * chunk).bytes_on(rt.device(0)), 3 * chunk);
  }
  stream.wait();
  space.free(values);
}

TEST_F(BackingTest, ThreadsTouchPagedMemoryWhileDevicesTakeTurns) {
  constexpr std::size_t count = 4 * chunk / 4;
  auto* values = space.allocate<std::uint32_t>(count, Backing::paged);
  std::fill(values, values + count, 0u);
  std::atomic<bool> is_done{false};
  std::vector<std::thread> readers;
  for (std::size_t t = 0; t < 2; ++t)
    readers.emplace_back([&, t] {
      std::uint32_t last = 0;
      const volatile std::uint32_t& value = values[t * count / 2];
      while (!is_done) {
        const std::uint32_t now = value;
        EXPECT_GE(now, last);
        last = now;
      }
    });
  Stream first(rt.device(0));
  Stream second(rt.device(1));
  EXPECT_NO_THROW({
    for (int i = 0; i < 5; ++i) {
      first.launch(increment, grid(count), values);
      second.wait_for(first.record());
      second.launch(increment, grid(count), values);
      first.wait_for(second.record());
    }
    first.wait();
    second.wait();
  });
  is_done = true;
  for (std::thread& reader : readers) reader.join();
  for (std::size_t i = 0; i < count; i += 100) ASSERT_EQ(values[i], 10u);
  space.free(values);
}

// proves: D3
TEST_F(BackingTest, AdviceCutsPagedMemoryAndKeepsItsBytes) {
  if (!rt.device(0).capabilities().has_host_physical_memory)
    GTEST_SKIP() << "loader or driver know no physical memory on the host";
  auto* values = static_cast<char*>(space.allocate_bytes(2 * chunk, 0, Backing::paged));
  for (std::size_t i = 0; i < 2 * chunk; i += 4096) values[i] = static_cast<char>(i >> 12);
  space.prefetch(values, 2 * chunk, rt.device(0));
  const std::size_t part = 192 << 10;
  space.advise(values + part, part, prefer_system_memory());
  space.prefetch(values, 2 * chunk, rt.device(1));
  Stream stream(rt.device(1));
  stream.launch(increment, grid(2 * chunk / 4), reinterpret_cast<std::uint32_t*>(values));
  stream.wait();
  for (std::size_t i = 0; i < 2 * chunk; i += 4096)
    ASSERT_EQ(values[i], static_cast<char>((i >> 12) + 1)) << i;
  space.free(values);
}

TEST_F(BackingTest, AnUnknownNameListsTheKnownOnes) {
  const char* before = std::getenv("ZESVM_BACKING");
  const std::string kept = before != nullptr ? before : "auto";
  ::setenv("ZESVM_BACKING", "magic", 1);
  const Error error = error_of([] { const Runtime wrong; });
  ::setenv("ZESVM_BACKING", kept.c_str(), 1);
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("auto, system, shared or paged"));
}

}  // namespace
}  // namespace zesvm::tests
