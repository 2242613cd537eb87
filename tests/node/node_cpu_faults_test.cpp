// The process's SIGSEGV handler: takes what it watches, passes on everything else.
#include <array>
#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <malloc.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/cpu_faults.hpp"

namespace zesvm::simulator::node {
namespace {

constexpr Bytes area_size = cpu_page * 64;

/// Inaccessible memory of which a fault opens one page.
class OpensPages : public CpuFaultResolver {
 public:
  OpensPages() {
    void* area = ::mmap(nullptr, area_size.count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    interval = {address_of(area), address_of(area) + area_size};
  }
  ~OpensPages() override { ::munmap(pointer_to(interval.begin), area_size.count); }

  Status resolve(Address where, CpuAccess access) override {
    calls.fetch_add(1);
    if (access == CpuAccess::write) writes.fetch_add(1);
    if (answer.load() != Status::ok) return answer.load();
    ::mprotect(pointer_to(align_down(where, cpu_page)), cpu_page.count, PROT_READ | PROT_WRITE);
    return Status::ok;
  }

  volatile char* page(std::uint64_t n) { return pointer_to<char>(interval.begin + cpu_page * n); }

  Interval interval{};
  std::atomic<int> calls{0};
  std::atomic<int> writes{0};
  std::atomic<Status> answer{Status::ok};
};

/// What a handler of the program saw.
struct Seen {
  volatile sig_atomic_t calls = 0;
  void* volatile address = nullptr;
  volatile bool was_masked = false;
  void* volatile stack = nullptr;
  sigjmp_buf back;
};
Seen seen;

void program_handler(int, siginfo_t* info, void*) {
  seen.calls = seen.calls + 1;
  seen.address = info->si_addr;
  sigset_t now;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
  seen.was_masked = sigismember(&now, SIGUSR2) == 1 && sigismember(&now, SIGSEGV) == 1;
  seen.stack = __builtin_frame_address(0);
  ::siglongjmp(seen.back, 1);
}

void install_program_handler(int flags) {
  struct sigaction action {};
  action.sa_sigaction = program_handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGUSR2);
  ASSERT_EQ(::sigaction(SIGSEGV, &action, nullptr), 0);
}

/// Touches an address; returns whether the program's handler got the fault.
bool is_fault_of_program(volatile char* where) {
  if (sigsetjmp(seen.back, 1) != 0) return true;
  *where = 1;
  return false;
}

class CpuFaultsTest : public testing::Test {
 protected:
  // The program's handler is there first; what it was before comes back at the end.
  void SetUp() override {
    ::sigaction(SIGSEGV, nullptr, &before_);
    seen.calls = 0;
  }
  void TearDown() override { ::sigaction(SIGSEGV, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

TEST_F(CpuFaultsTest, WhoeverWatchesMayResolve) {
  OpensPages memory;
  OpensPages other;
  CpuFaults owner{memory};
  CpuFaults neighbour{other};
  owner.watch(memory.interval);
  neighbour.watch(memory.interval);
  other.answer.store(Status::not_mapped);
  *memory.page(3) = 'x';
  EXPECT_EQ(*memory.page(3), 'x');
  EXPECT_EQ(memory.calls.load(), 1);
  EXPECT_EQ(other.calls.load(), 1);
}

// What the handler reads must not be part of what it is asked about.
TEST_F(CpuFaultsTest, WatchingTakesNothingFromTheHeap) {
  OpensPages memory;
  CpuFaults owner{memory};
  const std::size_t before = ::mallinfo2().uordblks;
  // Often: a few blocks are the thread's already, given back before.
  for (int i = 0; i < 64; ++i) owner.watch(memory.interval);
  EXPECT_EQ(::mallinfo2().uordblks, before);
}

TEST_F(CpuFaultsTest, ResolvesReadsAndWrites) {
  OpensPages pages;
  CpuFaults faults{pages};
  CpuFaults::notice_displacement();
  faults.watch(pages.interval);
  EXPECT_EQ(*pages.page(0), 0);
  EXPECT_EQ(pages.writes.load(), 0);
  *pages.page(1) = 7;
  EXPECT_EQ(*pages.page(1), 7);
  EXPECT_EQ(pages.calls.load(), 2);
  EXPECT_EQ(pages.writes.load(), 1);
}

// proves: B3
TEST_F(CpuFaultsTest, ServesManyThreads) {
  OpensPages pages;
  CpuFaults faults{pages};
  CpuFaults::notice_displacement();
  faults.watch(pages.interval);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&pages, t] {
      for (std::uint64_t n = 0; n < 64; ++n) *(pages.page(n) + t) = static_cast<char>(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t n = 0; n < 64; ++n) EXPECT_EQ(*(pages.page(n) + 7), 7);
}

// proves: H1
TEST_F(CpuFaultsTest, PassesForeignFaultsOn) {
  install_program_handler(0);
  OpensPages watched;
  OpensPages foreign;
  CpuFaults faults{watched};
  CpuFaults::notice_displacement();
  faults.watch(watched.interval);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(is_fault_of_program(foreign.page(3)));
    EXPECT_EQ(seen.calls, i);
    EXPECT_EQ(seen.address, const_cast<char*>(foreign.page(3)));
    EXPECT_TRUE(seen.was_masked);
  }
  EXPECT_FALSE(is_fault_of_program(watched.page(3)));
}

// proves: H1
TEST_F(CpuFaultsTest, PassesRefusedFaultsOn) {
  install_program_handler(0);
  OpensPages pages;
  CpuFaults faults{pages};
  CpuFaults::notice_displacement();
  faults.watch(pages.interval);
  pages.answer.store(Status::permission_denied);
  EXPECT_TRUE(is_fault_of_program(pages.page(0)));
  EXPECT_EQ(pages.calls.load(), 1);
}

// proves: H1
TEST_F(CpuFaultsTest, KeepsTheAlternateStack) {
  install_program_handler(SA_ONSTACK);
  OpensPages watched;
  OpensPages foreign;
  CpuFaults faults{watched};
  CpuFaults::notice_displacement();
  faults.watch(watched.interval);
  std::vector<char> stack(256 * 1024);
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  stack_t before{};
  ASSERT_EQ(::sigaltstack(&alternate, &before), 0);
  EXPECT_TRUE(is_fault_of_program(foreign.page(0)));
  EXPECT_GE(seen.stack, stack.data());
  EXPECT_LT(seen.stack, stack.data() + stack.size());
  EXPECT_FALSE(is_fault_of_program(watched.page(0)));
  before.ss_flags |= before.ss_sp == nullptr ? SS_DISABLE : 0;
  ::sigaltstack(&before, nullptr);
}

// proves: H2
TEST_F(CpuFaultsTest, TakesItsPlaceAgain) {
  OpensPages watched;
  OpensPages foreign;
  CpuFaults faults{watched};
  CpuFaults::notice_displacement();
  faults.watch(watched.interval);
  install_program_handler(0);
  EXPECT_TRUE(is_fault_of_program(watched.page(0)));
  const auto before = CpuFaults::displacements();
  CpuFaults::notice_displacement();
  EXPECT_EQ(CpuFaults::displacements(), before + 1);
  EXPECT_FALSE(is_fault_of_program(watched.page(1)));
  EXPECT_TRUE(is_fault_of_program(foreign.page(1)));
}

struct sigaction chained_to;
volatile sig_atomic_t chained_calls = 0;

/// A handler that asks the one before it first, as crash reporters do.
void chaining_handler(int signal, siginfo_t* info, void* context) {
  chained_calls = chained_calls + 1;
  if ((chained_to.sa_flags & SA_SIGINFO) != 0) chained_to.sa_sigaction(signal, info, context);
}

// proves: H2
TEST_F(CpuFaultsTest, SurvivesAChainThatComesBack) {
  install_program_handler(0);
  OpensPages watched;
  OpensPages foreign;
  CpuFaults faults{watched};
  CpuFaults::notice_displacement();
  faults.watch(watched.interval);
  struct sigaction action {};
  action.sa_sigaction = chaining_handler;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigaction(SIGSEGV, &action, &chained_to);
  // Even where nobody noticed yet, a chain ends at the right one.
  EXPECT_FALSE(is_fault_of_program(watched.page(0)));
  CpuFaults::notice_displacement();
  chained_calls = 0;
  EXPECT_FALSE(is_fault_of_program(watched.page(1)));
  EXPECT_EQ(chained_calls, 0);
  EXPECT_TRUE(is_fault_of_program(foreign.page(0)));
  EXPECT_EQ(chained_calls, 1);
  EXPECT_EQ(seen.calls, 1);
}

// proves: H1
TEST_F(CpuFaultsTest, WithoutAHandlerTheProcessDies) {
  OpensPages watched;
  OpensPages foreign;
  const pid_t child = ::fork();
  if (child == 0) {
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    ::sigaction(SIGSEGV, &plain, nullptr);
    CpuFaults faults{watched};
    CpuFaults::notice_displacement();
    *foreign.page(0) = 1;
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
}

// proves: H5
TEST_F(CpuFaultsTest, AForkedChildGetsAClearError) {
  // The fault is passed on: to the default action, not to a handler of another test.
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  ::sigaction(SIGSEGV, &plain, nullptr);
  OpensPages watched;
  CpuFaults faults{watched};
  CpuFaults::notice_displacement();
  faults.watch(watched.interval);
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe_ends[1], STDERR_FILENO);
    *watched.page(0) = 1;
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::array<char, 256> text{};
  EXPECT_GT(::read(pipe_ends[0], text.data(), text.size() - 1), 0);
  EXPECT_NE(std::string_view(text.data()).find("forked child"), std::string_view::npos);
  ::close(pipe_ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  *watched.page(0) = 1;
}

volatile char* page_for_alarm = nullptr;
void alarm_handler(int) { *page_for_alarm = 1; }

TEST_F(CpuFaultsTest, AnotherSignalsHandlerMayFault) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer runs signal handlers with all signals blocked";
#endif
  OpensPages pages;
  CpuFaults faults{pages};
  CpuFaults::notice_displacement();
  faults.watch(pages.interval);
  page_for_alarm = pages.page(5);
  struct sigaction action {};
  action.sa_handler = alarm_handler;
  struct sigaction before {};
  ::sigaction(SIGUSR1, &action, &before);
  ::raise(SIGUSR1);
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(*pages.page(5), 1);
}

}  // namespace
}  // namespace zesvm::simulator::node
