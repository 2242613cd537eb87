#include <csetjmp>
#include <csignal>
#include <cstdlib>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Where the program goes on after a SIGSEGV that reached it; what is done with all others.
sigjmp_buf after_signal;
volatile std::sig_atomic_t is_awaited = 0;
struct sigaction handler_before;

void leave(int signal, siginfo_t* info, void* context) {
  if (is_awaited != 0) siglongjmp(after_signal, 1);
  if ((handler_before.sa_flags & SA_SIGINFO) != 0)
    handler_before.sa_sigaction(signal, info, context);
  else
    ::signal(SIGSEGV, SIG_DFL);
}

/// A handler of the program, there before a Runtime that answers CPU touches in one way; paged memory
/// of it on a device.
class CpuTouchTest : public ApiTest {
 protected:
  static void SetUpTestSuite() {
    // It stays: who was told of it calls it for ever.
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = leave;
    ::sigaction(SIGSEGV, &action, &handler_before);
  }

  static std::uint32_t* memory_on_device(Runtime& of) {
    auto* memory = of.address_space().allocate<std::uint32_t>(chunk / 4, Backing::paged);
    memory[0] = 7;
    of.address_space().prefetch(memory, chunk, of.device(0));
    return memory;
  }

  /// Returns whether reading a value raised the signal; what was said then is in `said`.
  bool is_refused(const volatile std::uint32_t* value) {
    ::testing::internal::CaptureStderr();
    volatile bool refused = true;
    if (sigsetjmp(after_signal, 1) == 0) {
      is_awaited = 1;
      static_cast<void>(*value);
      refused = false;
    }
    is_awaited = 0;
    said = ::testing::internal::GetCapturedStderr();
    return refused;
  }

  std::string said;
};

// proves: H3
TEST_F(CpuTouchTest, RefusedOnesSayWhatToDoAndReachTheProgram) {
  Runtime guarded({.cpu_touch = CpuTouch::refuse});
  auto* const memory = memory_on_device(guarded);
  EXPECT_TRUE(is_refused(memory));
  EXPECT_THAT(said, AllOf(HasSubstr("host_access"), HasSubstr("on a device")));
  {
    const HostAccess held = guarded.address_space().host_access(memory, chunk);
    EXPECT_FALSE(is_refused(memory));
    EXPECT_EQ(memory[0], 7u);
  }
  guarded.address_space().prefetch(memory, chunk, guarded.device(0));
  EXPECT_TRUE(is_refused(memory));
}

// proves: H3
TEST_F(CpuTouchTest, WithoutAHandlerTheyAreSignalsOfTheKernel) {
  Runtime guarded({.cpu_touch = CpuTouch::unhandled});
  auto* const memory = memory_on_device(guarded);
  EXPECT_TRUE(is_refused(memory));
  EXPECT_THAT(said, IsEmpty());
  const HostAccess held = guarded.address_space().host_access(memory, chunk);
  EXPECT_FALSE(is_refused(memory));
  EXPECT_EQ(memory[0], 7u);
}

// proves: H3
TEST_F(CpuTouchTest, MemoryOnTheHostIsTouchedAsEver) {
  Runtime guarded({.cpu_touch = CpuTouch::refuse});
  auto* const memory = memory_on_device(guarded);
  guarded.address_space().prefetch_to_system(memory, chunk);
  EXPECT_FALSE(is_refused(memory));
  EXPECT_EQ(memory[0], 7u);
}

TEST_F(CpuTouchTest, ByDefaultAreBroughtBack) {
  auto* const memory = memory_on_device(rt);
  EXPECT_FALSE(is_refused(memory));
  space.free(memory);
}

TEST_F(CpuTouchTest, TheEnvironmentDecidesWhereTheProgramDoesNot) {
  ::setenv("ZESVM_CPU_TOUCH", "refuse", 1);
  Runtime guarded;
  ::setenv("ZESVM_CPU_TOUCH", "never", 1);
  const Error error = error_of([] { Runtime refused; });
  ::unsetenv("ZESVM_CPU_TOUCH");
  EXPECT_TRUE(is_refused(memory_on_device(guarded)));
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("bring-back, refuse or unhandled"));
}

}  // namespace
}  // namespace zesvm::tests
