#include <vector>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

class PrepareTest : public ApiTest {
 protected:
  void SetUp() override { values[0] = 1; }
  std::uint64_t bytes_on(std::size_t device) const {
    return space.residency(values.data(), values.size_bytes()).bytes_on(rt.device(device));
  }
  Array<std::uint32_t> values = space.make_array<std::uint32_t>(chunk / 4);
};

// proves: B10
TEST_F(PrepareTest, BringsWhatAKernelWillUse) {
  const Access access{values.data(), values.size_bytes(), AccessMode::read_write};
  EXPECT_EQ(space.prepare(rt.device(0), {access}).outcome, HintOutcome::applied);
  EXPECT_EQ(bytes_on(0), values.size_bytes());
  EXPECT_EQ(space.prepare(rt.device(0), std::vector<Access>{access}).outcome,
            HintOutcome::already_so);
}

TEST_F(PrepareTest, LeavesMemoryWhereAdviceWantsIt) {
  space.advise(values.data(), values.size_bytes(), preferred_location(rt.device(1)));
  const Access access{values.data(), values.size_bytes(), AccessMode::read};
  space.prepare(rt.device(0), {access});
  // Paged memory comes where there is no link to use it by.
  const bool is_used_there =
      space.backing_of(values.data()) != Backing::paged || rt.device(0).can_access(rt.device(1));
  EXPECT_EQ(bytes_on(0), is_used_there ? 0 : values.size_bytes());
}

// proves: C2
TEST_F(PrepareTest, AtomicsNeedTheMemoryOnTheDevice) {
  space.advise(values.data(), values.size_bytes(), AtomicAccess::device);
  space.prepare(rt.device(1), {{values.data(), values.size_bytes(), AccessMode::atomic}});
  EXPECT_EQ(bytes_on(1), values.size_bytes());
  space.advise(values.data(), values.size_bytes(), AtomicAccess::cpu);
  const Error error = error_of([&] {
    space.prepare(rt.device(1), {{values.data(), values.size_bytes(), AccessMode::atomic}});
  });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
}

TEST_F(PrepareTest, RefusesMemoryItDoesNotKnow) {
  int local = 0;
  EXPECT_EQ(error_of([&] {
              space.prepare(rt.device(0), {{&local, 4, AccessMode::read}});
            }).code(),
            ErrorCode::unknown_memory);
  EXPECT_EQ(space.prepare(rt.device(0), std::vector<Access>{}).outcome, HintOutcome::already_so);
}

// proves: H3
TEST_F(PrepareTest, PinsNestAndOverlap) {
  if (is_host_out_of_reach())
    GTEST_SKIP() << "loader or driver know no physical memory on the host";
  space.prefetch(values.data(), values.size_bytes(), rt.device(0));
  if (space.pin(values.data(), values.size_bytes()).outcome == HintOutcome::ignored)
    GTEST_SKIP() << "the loader knows no preference for system memory";
  space.pin(values.data(), values.size_bytes());
  Stream stream(rt.device(0));
  const auto increment = rt.load_module("fill").kernel("increment");
  const auto run = [&] {
    stream.launch(increment, grid(values.size()), values);
    stream.wait();
  };
  space.unpin(values.data(), values.size_bytes());
  run();
  EXPECT_EQ(bytes_on(0), 0u);
  space.unpin(values.data(), values.size_bytes());
  space.unpin(values.data(), values.size_bytes());
  run();
  EXPECT_EQ(bytes_on(0), values.size_bytes());
  EXPECT_EQ(values[0], 3u);
}

}  // namespace
}  // namespace zesvm::tests
