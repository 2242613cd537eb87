// What is said when calls of the kernel fail: nothing is silent.
#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

/// What fails: a kind of call, after so many, and so often; -1: until it is told to stop.
struct Failure {
  const char* call;
  long count;
};

void PrintTo(const Failure& failure, std::ostream* out) {
  *out << failure.call << " failing " << failure.count << " times";
}

class StandinFailuresTest : public StandinTest, public ::testing::WithParamInterface<Failure> {
 protected:
  void SetUp() override {
    // Everything that is made once is there: failures hit what is done for memory.
    run_everywhere(Backing::paged);
    run_everywhere(Backing::shared);
    run_everywhere(Backing::system);
  }
  void begin_to_fail(long skip) {
    xe_standin_fail(GetParam().call, ENOMEM, skip, GetParam().count);
  }
  void end_to_fail() { xe_standin_fail(GetParam().call, 0, 0, 0); }

  /// Launches on every card in turn. Returns how many of the launches went well.
  std::size_t increment_everywhere(std::uint32_t* values) {
    std::size_t done = 0;
    for (const Device& device : rt.devices()) {
      try {
        Stream stream(device);
        stream.launch(increment_, grid(count), values);
        stream.wait();
        ++done;
      } catch (const Error& error) {
        EXPECT_STRNE(error.what(), "");
        ++errors_;
      }
    }
    return done;
  }
  void run_everywhere(Backing backing) {
    auto* const values = space.allocate<std::uint32_t>(count, backing);
    std::fill_n(values, count, 1u);
    EXPECT_EQ(increment_everywhere(values), cards());
    EXPECT_EQ(wrong_in(values, 1 + static_cast<std::uint32_t>(cards())), 0u);
    space.free(values);
  }
  static std::size_t wrong_in(const std::uint32_t* values, std::uint32_t wanted) {
    return count - static_cast<std::size_t>(std::count(values, values + count, wanted));
  }

  Kernel increment_ = rt.load_module("fill").kernel("increment");
  std::size_t errors_ = 0;
};

// The driver swallows errors of advice and prefetch.
// proves: D9
TEST_P(StandinFailuresTest, NoHintIsCalledApplied) {
  auto* const memory = space.allocate<char>(chunk, Backing::system);
  begin_to_fail(0);
  const auto expect_not_applied = [](auto&& hint) {
    try {
      const HintResult told = hint();
      EXPECT_NE(told.outcome, HintOutcome::applied);
      EXPECT_FALSE(told.reason.empty());
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  };
  expect_not_applied([&] { return space.advise(memory, chunk, preferred_location(rt.device(0))); });
  expect_not_applied([&] { return space.advise(memory, chunk, prefer_system_memory()); });
  expect_not_applied([&] { return space.prefetch(memory, chunk, rt.device(0)); });
  expect_not_applied([&] { return space.pin(memory, chunk); });
  space.unpin(memory, chunk);
  end_to_fail();
  space.free(memory);
}

TEST_P(StandinFailuresTest, AtomicAccessHoldsOrIsSaidNotTo) {
  auto* const memory = space.allocate<char>(chunk, Backing::system);
  begin_to_fail(0);
  const auto told = space.advise(memory, chunk, AtomicAccess::device);
  end_to_fail();
  const bool has_failed = std::string(GetParam().call) == "madvise";
  EXPECT_EQ(told.outcome, has_failed ? HintOutcome::ignored : HintOutcome::applied);
  space.free(memory);
}

// A touch has no way to fail but the end of the program: who wants to know asks.
TEST_P(StandinFailuresTest, WhatCannotBeBroughtBackIsSaid) {
  auto* const values = space.allocate<std::uint32_t>(count, Backing::paged);
  std::fill_n(values, count, 1u);
  const std::size_t done = increment_everywhere(values);
  begin_to_fail(0);
  bool is_here = false;
  try {
    const auto held = space.host_access(values, count * sizeof *values);
    is_here = true;
    EXPECT_EQ(wrong_in(values, 1 + static_cast<std::uint32_t>(done)), 0u);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("in system memory"));
  }
  end_to_fail();
  EXPECT_EQ(wrong_in(values, 1 + static_cast<std::uint32_t>(done)), 0u) << is_here;
  space.free(values);
}

INSTANTIATE_TEST_SUITE_P(Once, StandinFailuresTest,
                         ::testing::Values(Failure{"madvise", 1}, Failure{"prefetch", 1},
                                           Failure{"vm_bind", 1}, Failure{"unmap", 1},
                                           Failure{"gem_create", 1}, Failure{"prime_import", 1},
                                           Failure{"exec", 1}),
                         [](const auto& info) { return std::string(info.param.call); });
INSTANTIATE_TEST_SUITE_P(Always, StandinFailuresTest,
                         ::testing::Values(Failure{"madvise", -1}, Failure{"prefetch", -1},
                                           Failure{"vm_bind", -1}, Failure{"unmap", -1},
                                           Failure{"gem_create", -1}, Failure{"prime_import", -1},
                                           Failure{"exec", -1}),
                         [](const auto& info) { return std::string(info.param.call); });

}  // namespace
}  // namespace zesvm::tests
