#include <cstdint>
#include <limits>
#include <sstream>
#include <utility>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;
using MemoryTest = ApiTest;

TEST_F(MemoryTest, ReadsAsZerosAndHoldsWhatIsWritten) {
  auto values = space.make_array<std::uint32_t>(chunk);
  EXPECT_EQ(values[0], 0u);
  EXPECT_EQ(values[chunk - 1], 0u);
  values[chunk - 1] = 7;
  EXPECT_EQ(values[chunk - 1], 7u);
}

TEST_F(MemoryTest, IsAlignedAsAsked) {
  for (std::size_t alignment : {std::size_t{1}, std::size_t{64}, std::size_t{4096}, chunk}) {
    void* pointer = space.allocate_bytes(100, alignment);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pointer) % alignment, 0u);
    space.free(pointer);
  }
}

TEST_F(MemoryTest, ArraysGiveTheirMemoryBack) {
  const auto before = space.allocated_bytes();
  {
    auto values = space.make_array<double>(1000);
    EXPECT_EQ(space.allocated_bytes(), before + 8000);
    EXPECT_TRUE(space.contains(&values[999]));
    auto moved = std::move(values);
    EXPECT_EQ(values.data(), nullptr);  // NOLINT: what moving leaves is the claim
    EXPECT_EQ(moved.size(), 1000u);
  }
  EXPECT_EQ(space.allocated_bytes(), before);
}

TEST_F(MemoryTest, RefusesNothingAndTooMuch) {
  EXPECT_EQ(error_of([&] { space.allocate_bytes(0); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { space.allocate_bytes(8, 3); }).code(), ErrorCode::invalid_argument);
  const auto most = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(error_of([&] { space.allocate<double>(most / 4); }).code(),
            ErrorCode::invalid_argument);
  const auto before = space.allocated_bytes();
  const Error error = error_of([&] { space.allocate_bytes(std::size_t{1} << 60); });
  EXPECT_EQ(error.call(), is_paged() ? "zeVirtualMemReserve" : "zeMemAllocShared");
  EXPECT_THAT(error.what(), HasSubstr("1 EiB"));
  EXPECT_EQ(space.allocated_bytes(), before);
}

TEST_F(MemoryTest, FreesOnlyWhatItAllocated) {
  int local = 0;
  EXPECT_EQ(error_of([&] { space.free(&local); }).code(), ErrorCode::unknown_memory);
  auto* values = space.allocate<int>(10);
  EXPECT_EQ(error_of([&] { space.free(values + 1); }).code(), ErrorCode::unknown_memory);
  space.free(values);
  EXPECT_EQ(error_of([&] { space.free(values); }).code(), ErrorCode::unknown_memory);
  space.free(nullptr);
}

TEST_F(MemoryTest, HintsAreForOneAllocation) {
  auto values = space.make_array<char>(chunk);
  int local = 0;
  EXPECT_EQ(error_of([&] { space.advise(&local, 4, read_mostly()); }).code(),
            ErrorCode::unknown_memory);
  EXPECT_EQ(error_of([&] { space.prefetch(values.data(), chunk * 2, rt.device(0)); }).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { space.advise(values.data(), 0, read_mostly()); }).code(),
            ErrorCode::invalid_argument);
}

// proves: B10, D8, D9
TEST_F(MemoryTest, PrefetchMovesAndSaysWhatItDid) {
  auto values = space.make_array<char>(2 * chunk);
  values[0] = values[chunk] = 1;
  const auto& device = rt.device(1);
  EXPECT_EQ(space.residency(values.data(), 2 * chunk).bytes_on(device), 0u);
  EXPECT_EQ(space.prefetch(values.data(), 2 * chunk, device).outcome, HintOutcome::applied);
  EXPECT_EQ(space.residency(values.data(), 2 * chunk).bytes_on(device), 2 * chunk);
  EXPECT_EQ(space.prefetch(values.data(), 2 * chunk, device).outcome, HintOutcome::already_so);
  EXPECT_EQ(space.prefetch_to_system(values.data(), 2 * chunk).outcome, HintOutcome::applied);
  EXPECT_EQ(space.residency(values.data(), 2 * chunk).bytes_on(device), 0u);
  EXPECT_EQ(space.prefetch_to_system(values.data(), chunk).outcome, HintOutcome::already_so);
  EXPECT_EQ(values[chunk], 1);
}

// proves: B3
TEST_F(MemoryTest, ACpuTouchBringsBackOneChunkOnly) {
  auto* values = static_cast<char*>(space.allocate_bytes(4 * chunk, chunk));
  for (std::size_t i = 0; i < 4; ++i) values[i * chunk] = static_cast<char>(i);
  space.prefetch(values, 4 * chunk, rt.device(0));
  ASSERT_EQ(space.residency(values, 4 * chunk).bytes_on(rt.device(0)), 4 * chunk);
  EXPECT_EQ(values[2 * chunk], 2);
  EXPECT_EQ(space.residency(values, 4 * chunk).bytes_on(rt.device(0)), 3 * chunk);
  EXPECT_EQ(space.residency(values + 2 * chunk, chunk).bytes_on(rt.device(0)), 0u);
  space.free(values);
}

TEST_F(MemoryTest, ResidencyPrintsALinePerPiece) {
  auto* values = static_cast<char*>(space.allocate_bytes(2 * chunk, chunk));
  values[0] = values[chunk] = 1;
  space.prefetch(values, chunk, rt.device(0));
  std::ostringstream text;
  text << space.residency(values, 2 * chunk);
  EXPECT_THAT(text.str(), HasSubstr("2 MiB  device 0 (" + rt.device(0).name() + ")"));
  EXPECT_THAT(text.str(), HasSubstr("2 MiB  system memory"));
  space.free(values);
}

// proves: B11
TEST_F(MemoryTest, DiscardedMemoryReadsAsZeros) {
  auto* values = static_cast<char*>(space.allocate_bytes(chunk, chunk));
  values[5] = 9;
  space.prefetch(values, chunk, rt.device(0));
  const auto before = rt.statistics();
  EXPECT_EQ(space.discard(values, chunk).outcome, HintOutcome::applied);
  EXPECT_EQ(values[5], 0);
  EXPECT_EQ((rt.statistics() - before).tiles[0].to_system.bytes, 0u);
  space.free(values);
}

// proves: D4
TEST_F(MemoryTest, AdviceGivenTwiceIsAlreadySo) {
  auto values = space.make_array<char>(chunk);
  const Advice advice = preferred_location(rt.device(1));
  EXPECT_EQ(space.advise(values.data(), chunk, advice).outcome, HintOutcome::applied);
  EXPECT_EQ(space.advise(values.data(), chunk, advice).outcome, HintOutcome::already_so);
  const Advice other_policy = preferred_location(rt.device(1), Migrate::only_system_pages);
  EXPECT_EQ(space.advise(values.data(), chunk, other_policy).outcome, HintOutcome::applied);
  EXPECT_EQ(space.advise(values.data(), chunk, no_preferred_location()).outcome,
            HintOutcome::applied);
  EXPECT_EQ(space.advise(values.data(), chunk, advice).outcome, HintOutcome::applied);
}

}  // namespace
}  // namespace zesvm::tests
