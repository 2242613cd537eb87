// What the driver makes of the cards, and what zesvm makes of that where a kernel cannot do all.
#include <level_zero/ze_api.h>

#include <zesvm/interop.hpp>

#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

class StandinDriverTest : public StandinTest {};

TEST_F(StandinDriverTest, EveryCardMirrorsTheWholeAddressSpace) {
  std::size_t mirrors = 0;
  for (const auto& line : KernelLog::whole())
    if (line["call"] == "vm_bind" && line["op"] == "MAP" && number_of(line, "addr") == 0 &&
        number_of(line, "range") == std::uint64_t{1} << 48)
      ++mirrors;
  EXPECT_EQ(mirrors, cards());
}

TEST_F(StandinDriverTest, PeersAreCheckedByTheirBytes) {
  for (const Device& from : rt.devices())
    for (const Device& to : rt.devices()) EXPECT_TRUE(from.can_access(to));
}

/// Cards whose kernel has no CPU address mirroring, or no fault mode.
class StandinWithoutMirrorTest : public StandinTest {};

TEST_F(StandinWithoutMirrorTest, SystemIsNotChosen) {
  for (const Device& device : rt.devices()) {
    EXPECT_EQ(device.capabilities().backing, Backing::shared);
    EXPECT_FALSE(device.capabilities().system_memory.can_access);
    EXPECT_THAT(device.capabilities().backing_reason,
                ::testing::HasSubstr("cannot use any pointer of the program"));
  }
}

TEST_F(StandinWithoutMirrorTest, AskingForSystemSaysWhatIsMissing) {
  const Error error = error_of([&] { space.allocate<char>(chunk, Backing::system); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_THAT(error.what(), ::testing::HasSubstr("shared-system access"));
}

// Launches on it would lose the card.
TEST_F(StandinWithoutMirrorTest, AdoptionSaysWhatToUseInstead) {
  std::vector<char> memory(chunk);
  const Error error = error_of([&] { space.adopt(memory.data(), memory.size()); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_THAT(error.what(), ::testing::HasSubstr("AddressSpace::allocate"));
}

TEST_F(StandinWithoutMirrorTest, HintsOnSharedMemoryAreAnswered) {
  auto* const memory = space.allocate<char>(chunk);
  EXPECT_EQ(space.backing_of(memory), Backing::shared);
  EXPECT_EQ(space.advise(memory, chunk, preferred_location(rt.device(0))).outcome,
            HintOutcome::ignored);
  EXPECT_EQ(space.advise(memory, chunk, AtomicAccess::device).outcome, HintOutcome::ignored);
  EXPECT_EQ(space.prefetch(memory, chunk, rt.device(0)).outcome, HintOutcome::ignored);
  EXPECT_THAT(log.hints(memory), ::testing::IsEmpty());
  space.free(memory);
}

/// Cards that have no fast way to each other: advice that names another's memory is refused.
class StandinWithoutPeersTest : public StandinTest {};

TEST_F(StandinWithoutPeersTest, RefusedAdviceIsNotCalledApplied) {
  auto* const memory = space.allocate<char>(chunk);
  log.restart();
  const auto told = space.advise(memory, chunk, preferred_location(rt.device(0)));
  EXPECT_NE(told.outcome, HintOutcome::applied);
  const auto hints = log.hints(memory);
  ASSERT_EQ(hints.size(), cards());
  EXPECT_EQ(hints[0], "card 0: +0x0 0x200000 on card 0, ALL_PAGES");
  EXPECT_EQ(hints[1], "card 1: +0x0 0x200000 on card 0, ALL_PAGES, failed");
  space.free(memory);
}

/// Cards that number their address spaces differently.
class StandinNumberedTest : public StandinTest {};

// The driver names the other card's number, which is no address space of this one.
TEST_F(StandinNumberedTest, AdviceThatMissesIsNotCalledApplied) {
  auto* const memory = space.allocate<char>(chunk);
  log.restart();
  const auto told = space.advise(memory, chunk, preferred_location(rt.device(1)));
  EXPECT_EQ(told.outcome, HintOutcome::unconfirmed);
  const auto hints = log.hints(memory);
  ASSERT_EQ(hints.size(), cards());
  EXPECT_EQ(hints[0], "card 1: +0x0 0x200000 on card 1, ALL_PAGES");
  EXPECT_THAT(hints[1], ::testing::HasSubstr("another address space, failed"));
  space.free(memory);
}

// Run alone, and must fail: the program looks at what the validation layer refused.
class StandinChecksTest : public StandinTest {};

TEST_F(StandinChecksTest, DISABLED_AWrongCallThatNobodyLooksAt) {
  zeVirtualMemQueryPageSize(native_context(rt), native_device(rt.device(0)), chunk, nullptr);
}

}  // namespace
}  // namespace zesvm::tests
