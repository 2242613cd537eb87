// The `shared` backing: the driver moves whole allocations; hints mean nothing to it, and some end the
// process.

#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

class StandinSharedTest : public StandinTest {
 protected:
  template <typename T>
  T* allocate(std::size_t count) {
    return space.allocate<T>(count, Backing::shared);
  }
};

TEST_F(StandinSharedTest, BytesFollowTheKernelsFromCardToCard) {
  constexpr std::size_t count = 2 * chunk / sizeof(std::uint32_t);
  auto* const values = allocate<std::uint32_t>(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::uint32_t>(i);
  const Kernel increment = rt.load_module("fill").kernel("increment");
  for (const Device& device : rt.devices()) {
    Stream stream(device);
    stream.launch(increment, grid(count), values);
    stream.wait();
  }
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) wrong += values[i] != i + cards();
  EXPECT_EQ(wrong, 0u);
  space.free(values);
}

// Advice for another card's memory is accepted by the driver and ends the process at the next command.
TEST_F(StandinSharedTest, AdviceForAnotherCardIsSurvived) {
  auto* const memory = allocate<char>(chunk);
  for (const Device& device : rt.devices())
    EXPECT_EQ(space.advise(memory, chunk, preferred_location(device)).outcome,
              HintOutcome::ignored);
  Stream stream(rt.device(0));
  stream.fill(memory, 3, chunk);
  stream.wait();
  EXPECT_EQ(memory[chunk - 1], 3);
  EXPECT_THAT(log.hints(memory), ::testing::IsEmpty());
  space.free(memory);
}

// A touch of one byte costs the whole allocation, where it is of one card; memory for several cards is
// in system memory for good.
TEST_F(StandinSharedTest, ATouchBringsTheWholeAllocation) {
  constexpr std::size_t bytes = 4 * chunk;
  auto* const values = allocate<std::uint32_t>(bytes / 4);
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("fill").kernel("increment"), grid(256), values);
  stream.wait();
  log.restart();
  EXPECT_EQ(values[100], 1u);
  std::uint64_t moved = 0;
  for (const auto& line : log.lines("gpu_mem_copy"))
    moved += number_of(line, "width") * number_of(line, "height");
  EXPECT_EQ(moved, cards() == 1 ? bytes : 0);
  space.free(values);
}

// The driver notes them, for the whole allocation, and takes "system" for no argument at all.
TEST_F(StandinSharedTest, AtomicAccessIsIgnoredAndSaysSo) {
  auto* const memory = allocate<char>(chunk);
  for (const AtomicAccess access :
       {AtomicAccess::device, AtomicAccess::global, AtomicAccess::cpu, AtomicAccess::undefined}) {
    const auto told = space.advise(memory, chunk, access);
    EXPECT_EQ(told.outcome, HintOutcome::ignored);
    EXPECT_THAT(told.reason, ::testing::HasSubstr("does nothing"));
  }
  EXPECT_THAT(log.hints(memory), ::testing::IsEmpty());
  space.free(memory);
}

TEST_F(StandinSharedTest, PrefetchesAreIgnoredAndSaySo) {
  auto* const memory = allocate<char>(chunk);
  log.restart();
  for (const Device& device : rt.devices())
    EXPECT_EQ(space.prefetch(memory, chunk, device).outcome, HintOutcome::ignored);
  EXPECT_THAT(log.hints(memory), ::testing::IsEmpty());
  EXPECT_THAT(log.lines("gpu_mem_copy"), ::testing::IsEmpty());
  space.free(memory);
}

}  // namespace
}  // namespace zesvm::tests
