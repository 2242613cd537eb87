// Every call of a small program to the kernel made to fail: alone, and with all of its kind that follow.
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include "intel/standin/standin_fixture.hpp"

namespace zesvm::tests {
namespace {

/// What fails, while a program uses memory of a backing.
struct Case {
  const char* call;
  Backing backing;
};

std::string name_of(const Case& one) {
  return std::string(one.call) + "_" + zesvm::name_of(one.backing);
}
void PrintTo(const Case& one, std::ostream* out) { *out << name_of(one); }

// What the kernel says when it does not do a call.
int error_of_call(const std::string& call) { return call == "bind_wait" ? ETIME : ENOMEM; }

/// What a run of the program came to.
struct ProgramRun {
  std::uint32_t launches = 0;
  std::size_t wrong_values = 0;
  std::vector<std::string> errors;
  bool did_call_fail = false;
};

class StandinEveryCallTest : public StandinTest, public ::testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    // Everything that is made once is there: failures hit what is done for memory.
    for (int i = 0; i < 2; ++i) {
      const ProgramRun run = run_program(2);
      ASSERT_EQ(run.errors, std::vector<std::string>());
      ASSERT_EQ(run.wrong_values, 0u);
    }
  }

  void begin_to_fail(long skip, long failures) {
    xe_standin_fail(call_, error_of_call(call_), skip, failures);
  }
  void end_to_fail() { xe_standin_fail(call_, 0, 0, 0); }

  /// Allocates, advises, prefetches, launches, reads back and frees. What throws is done `tries` times
  /// at most; then it is left out.
  ProgramRun run_program(int tries);
  void use(std::uint32_t* values, ProgramRun& run, int tries);
  template <typename Step>
  static bool attempt(ProgramRun& run, int tries, Step&& step);

  // With one card the driver brings bytes to it, and back, by copies that must not fail.
  bool may_driver_end_process() const {
    const std::string call = call_;
    return cards() == 1 && backing_ == Backing::shared && (call == "vm_bind" || call == "exec");
  }

  const char* const call_ = GetParam().call;
  const Backing backing_ = GetParam().backing;
  Kernel increment_ = rt.load_module("fill").kernel("increment");
};

/// All calls of a kind fail, from one on.
class StandinAllCallsFromTest : public StandinEveryCallTest {};
/// The same, in a process for each try.
class StandinDriverEndsTest : public StandinEveryCallTest {};

template <typename Step>
bool StandinEveryCallTest::attempt(ProgramRun& run, int tries, Step&& step) {
  for (int i = 0; i < tries; ++i) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      run.errors.emplace_back(error.what());
    }
  }
  return false;
}

void StandinEveryCallTest::use(std::uint32_t* values, ProgramRun& run, int tries) {
  constexpr std::size_t bytes = count * sizeof *values;
  const Device& first = rt.device(0);
  attempt(run, tries, [&] { space.advise(values, bytes, preferred_location(first)); });
  attempt(run, tries, [&] { space.advise(values, bytes, AtomicAccess::device); });
  attempt(run, tries, [&] { space.prefetch(values, bytes, first); });
  for (const Device& device : rt.devices()) {
    Stream stream(device);
    // Once more on the same stream: what failed must not run with it.
    run.launches +=
        attempt(run, tries, [&] { stream.launch(increment_, grid(count), values); }) ? 1 : 0;
    attempt(run, 1, [&] { stream.wait(); });
  }
  // A touch has no way to fail but the end of the program.
  if (backing_ == Backing::paged)
    attempt(run, tries, [&] { const auto held = space.host_access(values, bytes); });
}

ProgramRun StandinEveryCallTest::run_program(int tries) {
  ProgramRun run;
  const long failed_before = xe_standin_failed(call_);
  std::uint32_t* values = nullptr;
  attempt(run, tries, [&] { values = space.allocate<std::uint32_t>(count, backing_); });
  if (values != nullptr) {
    std::fill_n(values, count, 1u);
    use(values, run, tries);
    // Nobody tries again what is to go wrong for good.
    if (tries == 1) end_to_fail();
    run.wrong_values =
        count - static_cast<std::size_t>(std::count(values, values + count, 1 + run.launches));
    space.free(values);
    const auto begin = reinterpret_cast<std::uint64_t>(values);
    EXPECT_EQ(xe_standin_bound(begin, begin + 2 * chunk), 0u) << "freed memory is still mapped";
  }
  end_to_fail();
  run.did_call_fail = xe_standin_failed(call_) != failed_before;
  return run;
}

// proves: B8
TEST_P(StandinEveryCallTest, DoneAgainItIsDoneOnce) {
  XeStandinUse before{};
  xe_standin_use(&before);
  for (long skip = 0;; ++skip) {
    SCOPED_TRACE("call " + std::to_string(skip + 1) + " fails");
    begin_to_fail(skip, 1);
    const ProgramRun run = run_program(2);
    EXPECT_EQ(run.launches, cards()) << ::testing::PrintToString(run.errors);
    EXPECT_EQ(run.wrong_values, 0u) << ::testing::PrintToString(run.errors);
    for (const std::string& error : run.errors) EXPECT_THAT(error, ::testing::HasSubstr(": "));
    if (!run.did_call_fail) break;
  }
  XeStandinUse after{};
  xe_standin_use(&after);
  // What the kernel did not close it keeps.
  if (call_ == std::string("gem_close")) return;
  EXPECT_LE(after.vram_bytes, before.vram_bytes) << "memory of the cards is kept";
}

// proves: B8
TEST_P(StandinAllCallsFromTest, WhatFailedIsNotDoneLater) {
  if (may_driver_end_process()) GTEST_SKIP() << "tested by the next, in processes of their own";
  for (long skip = 0;; ++skip) {
    SCOPED_TRACE("calls from " + std::to_string(skip + 1) + " on fail");
    begin_to_fail(skip, -1);
    const ProgramRun run = run_program(1);
    EXPECT_EQ(run.wrong_values, 0u) << ::testing::PrintToString(run.errors);
    if (!run.did_call_fail) break;
  }
}

// They write to stdout; what is looked at is stderr.
void show_what_drivers_say() { ::dup2(STDERR_FILENO, STDOUT_FILENO); }

// Whether a process went on to its end, or was ended by its driver.
bool is_end_expected(int status) {
  return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
         (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

// proves: B8
TEST_P(StandinDriverEndsTest, TheProcessEndsRatherThanLoseBytes) {
  if (!may_driver_end_process()) GTEST_SKIP() << "only with one card";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (long skip = 0; skip < 5; ++skip) {
    SCOPED_TRACE("calls from " + std::to_string(skip + 1) + " on fail");
    EXPECT_EXIT(
        {
          show_what_drivers_say();
          begin_to_fail(skip, -1);
          const ProgramRun run = run_program(1);
          std::cerr << "went on, wrong values: " << run.wrong_values << "\n";
          std::_Exit(run.wrong_values == 0 ? 0 : 1);
        },
        is_end_expected, "Abort was called at .* line in file|went on, wrong values: 0");
  }
}

// proves: B8
TEST_P(StandinDriverEndsTest, ATouchThatCannotBeServedEndsTheProcess) {
  if (!may_driver_end_process()) GTEST_SKIP() << "only with one card";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        show_what_drivers_say();
        auto* const values = space.allocate<std::uint32_t>(count, backing_);
        Stream stream(rt.device(0));
        stream.launch(increment_, grid(count), values);
        stream.wait();
        begin_to_fail(0, -1);
        const std::uint32_t first = values[0];
        std::cerr << "went on with " << first << "\n";
        std::_Exit(first == 1 ? 0 : 1);
      },
      is_end_expected, "Abort was called at .* line in file|went on with 1");
}

std::vector<Case> cases(std::initializer_list<const char*> calls) {
  std::vector<Case> all;
  for (const char* call : calls)
    for (const Backing backing : {Backing::paged, Backing::shared, Backing::system})
      all.push_back({call, backing});
  return all;
}

const auto name_of_case = [](const auto& info) { return name_of(info.param); };

INSTANTIATE_TEST_SUITE_P(All, StandinEveryCallTest,
                         ::testing::ValuesIn(cases({"madvise", "prefetch", "vm_bind", "unmap",
                                                    "bind_wait", "gem_create", "gem_close",
                                                    "gem_mmap_offset", "prime_export",
                                                    "prime_import", "exec"})),
                         name_of_case);
// Not bind_wait: the driver then unmaps its own kernels, takes them for mapped, and loses the card.
INSTANTIATE_TEST_SUITE_P(All, StandinAllCallsFromTest,
                         ::testing::ValuesIn(cases({"madvise", "prefetch", "vm_bind", "unmap",
                                                    "gem_create", "gem_close", "gem_mmap_offset",
                                                    "prime_export", "prime_import", "exec"})),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(All, StandinDriverEndsTest,
                         ::testing::Values(Case{"vm_bind", Backing::shared},
                                           Case{"exec", Backing::shared}),
                         name_of_case);

/// Which call fails while a Runtime is made, and after how many.
using Start = std::tuple<const char*, int>;
class StandinStartTest : public ::testing::TestWithParam<Start> {};

void start_and_use(const char* call, int skip) {
  show_what_drivers_say();
  xe_standin_fail(call, error_of_call(call), skip, 1);
  try {
    Runtime rt;
    auto* const values = rt.address_space().allocate<std::uint32_t>(1000);
    std::fill_n(values, 1000, 1u);
    Stream stream(rt.device(0));
    stream.launch(rt.load_module("fill").kernel("increment"), grid(1000), values);
    stream.wait();
    std::cerr << "went on, right values: " << std::count(values, values + 1000, 2u) << "\n";
  } catch (const Error& error) {
    std::cerr << "said: " << error.what() << "\n";
  }
  std::_Exit(0);
}

// Not the very first buffer: without it the driver's first launch touches null.
TEST_P(StandinStartTest, WorksOrSaysWhyNot) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto [call, skip] = GetParam();
  EXPECT_EXIT(start_and_use(call, skip), is_end_expected,
              "Abort was called at|went on, right values: 1000|said: .*: ");
}

INSTANTIATE_TEST_SUITE_P(All, StandinStartTest,
                         ::testing::Combine(::testing::Values("vm_create", "exec_queue_create",
                                                              "gem_create", "vm_bind", "exec"),
                                            ::testing::Values(1, 3, 9)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) + "_" +
                                  std::to_string(std::get<1>(info.param) + 1);
                         });

}  // namespace
}  // namespace zesvm::tests
