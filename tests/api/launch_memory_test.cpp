// What launches bring to a device, on a node whose devices take no page faults.
#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;

class LaunchMemoryTest : public ApiTest {
 protected:
  std::uint64_t bytes_on_device(const Array<std::uint32_t>& values) const {
    return space.residency(values.data(), values.size_bytes()).bytes_on(rt.device(0));
  }
  Array<std::uint32_t> touched() const {
    auto values = space.make_array<std::uint32_t>(chunk / 4);
    values[0] = 5;
    return values;
  }

  Module fill = rt.load_module("fill");
  Kernel follow = rt.load_module(ZESVM_TEST_KERNELS "/reach.spv").kernel("increment_behind");
  Stream stream{rt.device(0)};
};

TEST_F(LaunchMemoryTest, TheNodeTakesNoPageFaults) { ASSERT_FALSE(rt.device(0).has_page_faults()); }

TEST_F(LaunchMemoryTest, WhatAKernelWritesIsBrought) {
  auto values = touched();
  stream.launch(fill.kernel("increment"), grid(1), values);
  stream.wait();
  EXPECT_EQ(bytes_on_device(values), values.size_bytes());
  EXPECT_EQ(values[0], 6u);
}

TEST_F(LaunchMemoryTest, AKernelThatFollowsPointersMustSayWhatItReaches) {
  auto table = space.make_array<std::uint64_t>(1);
  const Error error = error_of([&] { stream.launch(follow, grid(1), table); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("takes no page faults: declare what it reaches"));
  EXPECT_THAT(error.what(), HasSubstr("in increment_behind"));
}

TEST_F(LaunchMemoryTest, WhatItIsSaidToReachIsBrought) {
  auto values = touched();
  auto table = space.make_array<std::uint64_t>(1);
  table[0] = reinterpret_cast<std::uint64_t>(values.data());
  const Access reached{values.data(), values.size_bytes(), AccessMode::read_write};
  stream.launch(follow.reaching({reached}), grid(1), table);
  stream.wait();
  EXPECT_EQ(bytes_on_device(values), values.size_bytes());
  stream.launch(follow.reaching_everything(), grid(1), table);
  stream.wait();
  EXPECT_EQ(values[0], 7u);
}

TEST_F(LaunchMemoryTest, MemoryThatIsGoneIsRefusedAsReached) {
  auto table = space.make_array<std::uint64_t>(1);
  void* gone = space.allocate_bytes(64);
  space.free(gone);
  const auto reaching = follow.reaching({{gone, 64, AccessMode::read}});
  EXPECT_EQ(error_of([&] { stream.launch(reaching, grid(1), table); }).code(),
            ErrorCode::unknown_memory);
}

TEST_F(LaunchMemoryTest, AdviceToLiveElsewhereIsKept) {
  auto values = touched();
  if (space.advise(values.data(), values.size_bytes(), preferred_location(rt.device(1))).outcome ==
      HintOutcome::ignored)
    GTEST_SKIP() << "this driver takes no preferred location";
  const auto before = rt.statistics();
  stream.launch(fill.kernel("increment"), grid(1), values);
  stream.wait();
  const auto moved = (rt.statistics() - before).tiles[0];
  EXPECT_EQ(moved.causes[static_cast<std::size_t>(Cause::prefetch)], 0u);
  EXPECT_EQ(values[0], 6u);
}

// proves: H3
TEST_F(LaunchMemoryTest, PinnedPagesStayWhereTheyAre) {
  auto values = touched();
  std::uint32_t* pinned = values.data() + 4096;
  if (space.pin(pinned, 100).outcome == HintOutcome::ignored)
    GTEST_SKIP() << "the loader knows no preference for system memory";
  const auto before = rt.statistics();
  stream.launch(fill.kernel("increment"), grid(values.size()), values);
  stream.wait();
  EXPECT_EQ((rt.statistics() - before).tiles[0].to_system.count, 0u);
  EXPECT_EQ(bytes_on_device(values), values.size_bytes() - 4096);
  EXPECT_EQ(space.residency(pinned, 100).bytes_on(rt.device(0)), 0u);
  space.unpin(pinned, 100);
  EXPECT_EQ(pinned[0], 1u);
}

TEST_F(LaunchMemoryTest, PreparingLeavesPinnedMemory) {
  auto values = touched();
  const auto held = space.host_access(values);
  if (!held.is_held()) GTEST_SKIP() << "the loader knows no preference for system memory";
  space.prepare(rt.device(0), {{values.data(), values.size_bytes(), AccessMode::read_write}});
  EXPECT_EQ(bytes_on_device(values), 0u);
}

}  // namespace
}  // namespace zesvm::tests
