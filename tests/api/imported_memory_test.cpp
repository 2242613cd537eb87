// Memory of the program on devices that cannot use any pointer: the driver imports it.
#include <vector>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

class ImportedMemoryTest : public ApiTest {
 protected:
  void SetUp() override { ASSERT_FALSE(rt.device(0).has_shared_system_memory()); }

  Kernel increment = rt.load_module("fill").kernel("increment");
};

TEST_F(ImportedMemoryTest, WhatCannotBeAdoptedSaysWhatToUse) {
  std::uint32_t local = 0;
  const Error error = error_of([&] { space.adopt(&local, sizeof local); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_THAT(error.what(), HasSubstr("AddressSpace::allocate"));
  EXPECT_FALSE(space.contains(&local));
}

// proves: D9
TEST_F(ImportedMemoryTest, StaysAndHintsSaySo) {
  std::vector<std::uint32_t> values(chunk, 1);
  space.adopt(values.data(), 4 * chunk);
  const std::vector<HintResult> ignored{
      space.prefetch(values, rt.device(0)), space.discard(values.data(), 4 * chunk),
      space.advise(values, preferred_location(rt.device(0))),
      space.advise(values, AtomicAccess::device),
      space.prepare(rt.device(0), {{values.data(), 4 * chunk, AccessMode::read_write}})};
  for (const HintResult& result : ignored) {
    EXPECT_EQ(result.outcome, HintOutcome::ignored);
    EXPECT_EQ(
        result.reason,
        "adopted memory stays in system memory: a device cannot use any pointer of the program");
  }
  EXPECT_EQ(space.prefetch_to_system(values).outcome, HintOutcome::already_so);
  Stream stream(rt.device(0));
  stream.prefetch(values.data(), 4 * chunk);
  const HostAccess held = space.host_access(values.data(), 4 * chunk);
  EXPECT_TRUE(held.is_held());
  stream.launch(increment, grid(chunk), values.data());
  stream.wait();
  EXPECT_THAT(values, Each(2u));
  EXPECT_EQ(space.residency(values).bytes_in(Place::system), 4 * chunk);
}

TEST_F(ImportedMemoryTest, IsTheProgramsAfterItsFree) {
  std::vector<std::uint32_t> values(chunk);
  for (int turn = 0; turn < 2; ++turn) {
    space.adopt(values.data(), 4 * chunk);
    space.free(values.data());
    EXPECT_FALSE(space.contains(values.data()));
    EXPECT_EQ(error_of([&] { space.prefetch(values, rt.device(0)); }).code(),
              ErrorCode::unknown_memory);
  }
}

}  // namespace
}  // namespace zesvm::tests
