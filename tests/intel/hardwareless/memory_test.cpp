// Allocations and hints: what Intel's driver takes, and what the library says of it.
#include "intel/hardwareless/driver_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using MemoryTest = HardwarelessTest;

TEST_F(MemoryTest, OfTheDriverIsTheProgramsToo) {
  auto* bytes = static_cast<char*>(space.allocate_bytes(3 * chunk));
  EXPECT_EQ(space.backing_of(bytes), Backing::shared);
  bytes[0] = 1;
  bytes[3 * chunk - 1] = 2;
  EXPECT_EQ(bytes[0] + bytes[3 * chunk - 1], 3);
  space.free(bytes);
  EXPECT_FALSE(space.contains(bytes));
}

// Without hardware the driver reserves addresses as a block of the C library's heap.
TEST_F(MemoryTest, PagedIsRefusedWhereAddressesAreTheHeaps) {
  for (const std::size_t bytes : {std::size_t{1}, chunk, 20 * chunk + 1}) {
    const Error error = error_of([&] { space.allocate_bytes(bytes, 0, Backing::paged); });
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("the CPU reaches memory"), HasSubstr("ZESVM_BACKING=shared")));
  }
  EXPECT_EQ(space.allocated_bytes(), 0u);
  RuntimeOptions options;
  options.backing = Backing::paged;
  EXPECT_EQ(error_of([&] { const Runtime other(options); }).code(), ErrorCode::unsupported);
}

// The driver forgets larger alignments of memory that belongs to no device.
TEST_F(MemoryTest, IsAlignedAsAskedAlsoWhereTheDriverForgets) {
  std::vector<void*> all;
  for (std::size_t alignment = 1; alignment <= 8 * chunk; alignment *= 2)
    for (int i = 0; i < 3; ++i) {
      all.push_back(space.allocate_bytes(5000, alignment));
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.back()) % alignment, 0u) << alignment;
      static_cast<char*>(all.back())[4999] = 1;
    }
  for (void* pointer : all) space.free(pointer);
  EXPECT_EQ(space.allocated_bytes(), 0u);
}

// A driver may free an allocation by any pointer into it.
TEST_F(MemoryTest, IsFreedByItsOwnPointerOnly) {
  auto values = space.make_array<int>(100);
  EXPECT_EQ(error_of([&] { space.free(&values[50]); }).code(), ErrorCode::unknown_memory);
  values[99] = 1;
  EXPECT_TRUE(space.contains(&values[99]));
}

TEST_F(MemoryTest, MoreThanThereIsIsRefused) {
  EXPECT_ANY_THROW(space.allocate_bytes(std::size_t{1} << 60));
  EXPECT_ANY_THROW(space.allocate_bytes(std::size_t{1} << 60, 0, Backing::paged));
  auto still = space.make_array<int>(10);
  still[9] = 1;
}

TEST_F(MemoryTest, AdviceThatTheDriverPassesOverIsCalledIgnored) {
  auto values = space.make_array<char>(chunk);
  for (const Advice& advice : {preferred_location(rt.device(rt.devices().size() - 1)),
                               prefer_system_memory(), no_preferred_location(), read_mostly()}) {
    const HintResult result = space.advise(values.data(), chunk, advice);
    EXPECT_EQ(result.outcome, HintOutcome::ignored);
    EXPECT_FALSE(result.reason.empty());
  }
}

TEST_F(MemoryTest, AtomicAccessThatChangesNothingIsCalledIgnored) {
  auto values = space.make_array<char>(chunk);
  for (AtomicAccess access : {AtomicAccess::device, AtomicAccess::global, AtomicAccess::cpu}) {
    const HintResult result = space.advise(values.data(), chunk, access);
    EXPECT_EQ(result.outcome, HintOutcome::ignored);
    EXPECT_THAT(result.reason, HasSubstr("takes the advice and does nothing with it"));
  }
}

TEST_F(MemoryTest, PrefetchThatMovesNothingIsCalledIgnored) {
  auto values = space.make_array<char>(chunk);
  for (const Device& device : rt.devices())
    EXPECT_EQ(space.prefetch(values.data(), chunk, device).outcome, HintOutcome::ignored);
  EXPECT_EQ(space.discard(values.data(), chunk).outcome, HintOutcome::ignored);
  EXPECT_EQ(space.prefetch_to_system(values.data(), chunk).outcome, HintOutcome::applied);
}

// The driver would import it, for another address than kernels are given.
TEST_F(MemoryTest, OfTheProgramIsNotAdopted) {
  std::vector<std::uint32_t> values(chunk, 7);
  const Error error = error_of([&] { space.adopt(values.data(), values.size() * 4); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_FALSE(space.contains(values.data()));
}

TEST_F(MemoryTest, IsHeldAndReleased) {
  auto values = space.make_array<int>(chunk);
  {
    const HostAccess held = space.host_access(values.data(), chunk);
    values[0] = 3;
    EXPECT_EQ(values[0], 3);
  }
  space.pin(values.data(), chunk);
  Stream stream(rt.device(0));
  stream.copy(values.data(), values.data() + 4096, 4096);
  stream.prefetch(values.data(), chunk);
  stream.wait();
  space.unpin(values.data(), chunk);
}

TEST_F(MemoryTest, WhereItIsNobodyTells) {
  auto values = space.make_array<char>(chunk);
  const Residency residency = space.residency(values.data(), chunk);
  ASSERT_EQ(residency.pieces.size(), 1u);
  EXPECT_EQ(residency.pieces[0].place, Place::unknown);
}

}  // namespace
}  // namespace zesvm::tests
