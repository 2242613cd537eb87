// The `system` backing: what the kernel of every card is asked for each kind of hint, on which interval.
#include <sstream>
#include <sys/mman.h>

#include <level_zero/ze_api.h>

#include <zesvm/interop.hpp>

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

// What the driver reads back is of one piece, or nothing: what advice is in force is noted here.
TEST_F(StandinSystemTest, AtomicAccessIsNotReadBack) {
  char* const memory = allocate(2 * chunk);
  const auto read_back = [&](std::size_t bytes) {
    ze_memory_atomic_attr_exp_flags_t flags = 0;
    const ze_result_t result = zeMemGetAtomicAccessAttributeExp(
        native_context(rt), native_device(rt.device(0)), memory, bytes, &flags);
    return std::make_pair(result, flags);
  };
  space.advise(memory, chunk, AtomicAccess::device);
  EXPECT_EQ(read_back(chunk),
            std::make_pair(ZE_RESULT_SUCCESS, ze_memory_atomic_attr_exp_flags_t{
                                                  ZE_MEMORY_ATOMIC_ATTR_EXP_FLAG_DEVICE_ATOMICS}));
  EXPECT_EQ(read_back(2 * chunk).first, ZE_RESULT_ERROR_INVALID_ARGUMENT);
  log.restart();
  EXPECT_EQ(space.advise(memory, chunk, AtomicAccess::device).outcome, HintOutcome::already_so);
  EXPECT_EQ(space.advise(memory, 2 * chunk, AtomicAccess::device).outcome, HintOutcome::applied);
  EXPECT_THAT(log.lines("query_mem_range_attrs"), IsEmpty());
  space.free(memory);
}

// Copies do not use the mirror: the program's memory is shown to the card elsewhere, or goes through
// the driver's own buffers, so that what is on a card comes back. Kernels use the pointer.
TEST_F(StandinSystemTest, CopiesDoNotUseTheProgramsAddresses) {
  char* const from = allocate(chunk);
  char* const to = allocate(chunk);
  Stream stream(rt.device(0));
  const auto work_at = [&](const void* memory) {
    std::ostringstream address;
    address << memory;
    std::size_t found = 0;
    for (const char* kind : {"gpu_walker", "gpu_mem_copy"})
      for (const auto& line : log.lines(kind))
        found += line.dump().find(address.str()) != std::string::npos ? 1 : 0;
    return found;
  };
  stream.copy(to, from, chunk);
  stream.wait();
  EXPECT_EQ(work_at(from) + work_at(to), 0u);
  stream.launch(rt.load_module("fill").kernel("increment"), grid(256), to);
  stream.wait();
  EXPECT_EQ(work_at(to), 1u);
  space.free(from);
  space.free(to);
}

}  // namespace
}  // namespace zesvm::tests
