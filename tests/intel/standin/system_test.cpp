// The `system` backing: what the kernel of every card is asked for each kind of hint, on which interval.
#include <cstring>
#include <sys/mman.h>

#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

class StandinSystemTest : public StandinTest {
 protected:
  /// Memory of several chunks, and nothing in the log.
  char* allocate(std::size_t bytes) {
    char* const memory = space.allocate<char>(bytes);
    log.restart();
    return memory;
  }
  /// Expects that each card was asked once for what `what` says about it, and nothing else.
  void expect_on_every_card(const void* base, const std::string& what) {
    std::vector<std::string> wanted;
    for (std::size_t card = 0; card < cards(); ++card)
      wanted.push_back("card " + std::to_string(card) + ": " + what);
    EXPECT_THAT(log.hints(base), UnorderedElementsAreArray(wanted));
    log.restart();
  }
};

TEST_F(StandinSystemTest, IsChosenForCardsThatUseAnyPointer) {
  for (const Device& device : rt.devices())
    EXPECT_EQ(device.capabilities().backing, Backing::system);
}

// proves: D1, D9
TEST_F(StandinSystemTest, AdviceReachesEveryCardOnItsInterval) {
  char* const memory = allocate(4 * chunk);
  for (const Device& device : rt.devices()) {
    const auto told = space.advise(memory + chunk, chunk, preferred_location(device));
    EXPECT_EQ(told.outcome, HintOutcome::unconfirmed);
    expect_on_every_card(
        memory, "+0x200000 0x200000 on card " + std::to_string(device.index()) + ", ALL_PAGES");
  }
  EXPECT_EQ(space.advise(memory + chunk, chunk, prefer_system_memory()).outcome,
            HintOutcome::unconfirmed);
  expect_on_every_card(memory, "+0x200000 0x200000 in system memory, ONLY_SYSTEM_PAGES");
  space.advise(memory + chunk, chunk, no_preferred_location());
  expect_on_every_card(memory, "+0x200000 0x200000 where it is used, ALL_PAGES");
  space.free(memory);
}

// proves: D5
TEST_F(StandinSystemTest, AtomicAccessReachesEveryCardAsMeant) {
  char* const memory = allocate(2 * chunk);
  const std::pair<AtomicAccess, const char*> meant[] = {{AtomicAccess::device, "DEVICE"},
                                                        {AtomicAccess::global, "GLOBAL"},
                                                        {AtomicAccess::cpu, "CPU"},
                                                        {AtomicAccess::undefined, "UNDEFINED"}};
  for (const auto& [access, kernel] : meant) {
    EXPECT_EQ(space.advise(memory, chunk, access).outcome, HintOutcome::applied);
    expect_on_every_card(memory, std::string("+0x0 0x200000 atomic ") + kernel);
  }
  space.free(memory);
}

TEST_F(StandinSystemTest, WhatTheDriverDoesNothingWithIsIgnored) {
  char* const memory = allocate(chunk);
  EXPECT_EQ(space.advise(memory, chunk, read_mostly()).outcome, HintOutcome::ignored);
  EXPECT_THAT(log.hints(memory), IsEmpty());
  space.free(memory);
}

TEST_F(StandinSystemTest, AdviceGivenTwiceIsSentOnce) {
  char* const memory = allocate(2 * chunk);
  space.advise(memory, 2 * chunk, prefer_system_memory());
  log.restart();
  EXPECT_EQ(space.advise(memory + chunk, chunk, prefer_system_memory()).outcome,
            HintOutcome::already_so);
  EXPECT_THAT(log.hints(memory), IsEmpty());
  space.free(memory);
}

// The driver keeps hints until a next command, and loses them with the list.
TEST_F(StandinSystemTest, HintsAreSentWhenTheyAreGiven) {
  char* const memory = allocate(chunk);
  {
    Stream stream(rt.device(0));
    log.restart();
    stream.prefetch(memory, chunk);
    EXPECT_THAT(log.hints(memory), ElementsAre("card 0: +0x0 0x200000 prefetch as advised"));
  }
  space.free(memory);
}

TEST_F(StandinSystemTest, PrefetchGoesThroughTheCardThatIsNamed) {
  char* const memory = allocate(2 * chunk);
  for (const Device& device : rt.devices()) {
    EXPECT_EQ(space.prefetch(memory, chunk, device).outcome, HintOutcome::unconfirmed);
    EXPECT_THAT(log.hints(memory), ElementsAre("card " + std::to_string(device.index()) +
                                               ": +0x0 0x200000 prefetch as advised"));
    log.restart();
  }
  space.free(memory);
}

// The driver's prefetch names no place: the kernel goes by the advice.
TEST_F(StandinSystemTest, PrefetchAgainstAdviceChangesItMeanwhile) {
  char* const memory = allocate(3 * chunk);
  space.advise(memory + chunk, chunk, prefer_system_memory());
  log.restart();
  space.prefetch(memory, 3 * chunk, rt.device(0));
  EXPECT_THAT(log.hints(memory),
              ElementsAre("card 0: +0x200000 0x200000 on card 0, ALL_PAGES",
                          "card 0: +0x0 0x600000 prefetch as advised",
                          "card 0: +0x200000 0x200000 in system memory, ONLY_SYSTEM_PAGES"));
  space.free(memory);
}

TEST_F(StandinSystemTest, PinnedMemoryIsNotPrefetched) {
  char* const memory = allocate(chunk);
  space.pin(memory, chunk);
  expect_on_every_card(memory, "+0x0 0x200000 in system memory, ONLY_SYSTEM_PAGES");
  EXPECT_EQ(space.prefetch(memory, chunk, rt.device(0)).outcome, HintOutcome::ignored);
  EXPECT_THAT(log.hints(memory), IsEmpty());
  space.unpin(memory, chunk);
  expect_on_every_card(memory, "+0x0 0x200000 where it is used, ALL_PAGES");
  space.free(memory);
}

TEST_F(StandinSystemTest, UnpinnedMemoryHasThePiecesOfAdviceItHad) {
  char* const memory = allocate(2 * chunk);
  space.advise(memory + chunk, chunk, preferred_location(rt.device(0)));
  space.pin(memory, 2 * chunk);
  log.restart();
  space.unpin(memory, 2 * chunk);
  const auto hints = log.hints(memory);
  ASSERT_EQ(hints.size(), 2 * cards());
  EXPECT_EQ(hints.front(), "card 0: +0x0 0x400000 where it is used, ALL_PAGES");
  EXPECT_EQ(hints[cards()], "card 0: +0x200000 0x200000 on card 0, ALL_PAGES");
  space.free(memory);
}

// A clear of the system preference would be a preference for the device: it is never sent.
TEST_F(StandinSystemTest, NoPreferenceIsTheKernelsDefault) {
  char* const memory = allocate(chunk);
  space.advise(memory, chunk, prefer_system_memory());
  log.restart();
  space.advise(memory, chunk, no_preferred_location());
  expect_on_every_card(memory, "+0x0 0x200000 where it is used, ALL_PAGES");
  space.free(memory);
}

TEST_F(StandinSystemTest, WhatIsAdvisedBesideTheIntervalIsTold) {
  auto* const pages = static_cast<char*>(
      ::mmap(nullptr, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  space.adopt(pages + 5000, 10000);
  log.restart();
  const auto told = space.advise(pages + 5000, 10000, prefer_system_memory());
  EXPECT_THAT(told.reason, HasSubstr("2288 bytes beside it"));
  expect_on_every_card(pages, "+0x1000 0x3000 in system memory, ONLY_SYSTEM_PAGES");
  space.free(pages + 5000);
  ::munmap(pages, 16 * 4096);
}

// The driver's address space keeps advice of what was unmapped, so that others get it with the addresses.
TEST_F(StandinSystemTest, FreedMemoryKeepsNoAdvice) {
  char* const memory = allocate(2 * chunk);
  space.advise(memory, chunk, preferred_location(rt.device(0)));
  space.advise(memory, chunk, AtomicAccess::device);
  log.restart();
  space.free(memory);
  const auto hints = log.hints(memory);
  ASSERT_EQ(hints.size(), 2 * cards());
  EXPECT_EQ(hints.front(), "card 0: +0x0 0x200000 where it is used, ALL_PAGES");
  EXPECT_EQ(hints.back(),
            "card " + std::to_string(cards() - 1) + ": +0x0 0x200000 atomic UNDEFINED");
}

TEST_F(StandinSystemTest, KernelsUseThePointersOfTheProgram) {
  std::vector<std::uint32_t> values(100'000, 7);
  space.adopt(values.data(), values.size() * sizeof values[0]);
  const Kernel increment = rt.load_module("fill").kernel("increment");
  for (const Device& device : rt.devices()) {
    Stream stream(device);
    stream.launch(increment, grid(values.size()), values.data());
    stream.wait();
  }
  EXPECT_THAT(values, ::testing::Each(7 + cards()));
  space.free(values.data());
}

TEST_F(StandinSystemTest, CopiesAndFillsAreRight) {
  constexpr std::size_t bytes = 3 * chunk + 12345;
  char* const from = space.allocate<char>(bytes);
  char* const to = space.allocate<char>(bytes);
  for (std::size_t i = 0; i < bytes; ++i) from[i] = static_cast<char>(i * 7 + i / 251);
  for (const Device& device : rt.devices()) {
    Stream stream(device);
    stream.fill(to, 0x5a, bytes);
    stream.copy(to, from, bytes - 1);
    stream.wait();
    EXPECT_EQ(std::memcmp(to, from, bytes - 1), 0);
    EXPECT_EQ(to[bytes - 1], 0x5a);
  }
  space.free(from);
  space.free(to);
}

}  // namespace
}  // namespace zesvm::tests
