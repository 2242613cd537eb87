#include "base/cpu_faults.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <linux/futex.h>
#include <mutex>
#include <pthread.h>
#include <sys/syscall.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "base/look_awake.hpp"
#include "base/mutex.hpp"

namespace zesvm {

namespace {

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word, int count) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

void say(const char* message) {
  // A failing stderr leaves nobody to tell.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message, std::strlen(message));
}

}  // namespace

/// What the signal handler and the service threads of one node share.
struct CpuFaults::Service {
  /// A fault that waits for its answer, on the stack of the faulting thread.
  struct Request {
    CpuFault fault;
    Request* next = nullptr;
    /// 0 until answered, then 1 + Status.
    std::atomic<std::uint32_t> answer{0};
  };

  explicit Service(CpuFaultResolver& fault_resolver) : resolver(fault_resolver) {}

  // Not in the program's heap, which may be what is frozen: handlers write here.
  static void* operator new(std::size_t size) {
    if (void* const place = arena_allocate(size)) return place;
    throw std::bad_alloc{};
  }
  static void operator delete(void* place, std::size_t size) { arena_free(place, size); }

  /// Leaves a request for the threads. Called by the signal handler.
  void post(Request& request) {
    Request* head = posted.load(std::memory_order_relaxed);
    do request.next = head;
    // Pairs with the acquire in take_one(): the request is complete when it is found.
    while (!posted.compare_exchange_weak(head, &request, std::memory_order_release,
                                         std::memory_order_relaxed));
    tickets.fetch_add(1);
    // All seq_cst: a thread that stops watching sees the ticket, or is seen to have stopped.
    if (watchers.load() == 0) futex_wake(tickets, 1);
  }

  /// Waits for a ticket without sleeping; false when none came. One thread does: more would take
  /// processors from the program.
  bool watch(std::uint32_t seen) {
    const bool is_first = watchers.fetch_add(1) == 0;
    const bool has_come = is_first && look_awake(tickets, seen);
    watchers.fetch_sub(1);
    return has_come;
  }

  bool is_any_left() {
    const Lock guard{taking};
    return taken != nullptr || posted.load(std::memory_order_relaxed) != nullptr;
  }

  Request* take_one() {
    const Lock guard{taking};
    if (taken == nullptr) {
      Request* newest = posted.exchange(nullptr, std::memory_order_acquire);
      // Oldest first: nobody is overtaken for ever.
      while (newest != nullptr) {
        Request* const following = newest->next;
        newest->next = taken;
        taken = newest;
        newest = following;
      }
    }
    Request* const request = taken;
    if (request != nullptr) taken = request->next;
    return request;
  }

  void serve() {
    bool has_served = false;
    for (;;) {
      const std::uint32_t seen = tickets.load();
      if (Request* const request = take_one()) {
        has_served = true;
        // Others may have come while this thread watched, and woken nobody.
        if (is_any_left()) futex_wake(tickets, 1);
        const Status status = resolver.resolve_for(request->fault);
        std::atomic<std::uint32_t>& answer = request->answer;
        // The request is gone as soon as the answer is there; waking uses its address only.
        answer.store(1 + static_cast<std::uint32_t>(status));
        futex_wake(answer, 1);
        continue;
      }
      if (is_ending.load()) return;
      // Where one fault was, the next one is near.
      if (!std::exchange(has_served, false) || !watch(seen)) futex_wait(tickets, seen);
    }
  }

  CpuFaultResolver& resolver;
  std::atomic<Request*> posted{nullptr};
  /// Counts posts, so that a thread that found nothing does not sleep through one.
  std::atomic<std::uint32_t> tickets{0};
  /// Not zero while a thread looks at the tickets without sleeping: no need to wake one.
  std::atomic<std::uint32_t> watchers{0};
  std::atomic<bool> is_ending{false};
  Mutex<LockOrder::leaf> taking;
  Request* taken ZESVM_GUARDED_BY(taking) = nullptr;
  std::vector<std::thread> threads;
};

namespace {

/// An interval somebody watches. The list only grows; an entry without a service is dead. In memory
/// that is never frozen: the signal handler reads it.
struct Watch {
  Interval interval;
  std::atomic<CpuFaults::Service*> service{nullptr};
  /// How many faults are with the service: it lives until there are none.
  std::atomic<std::uint32_t> asking{0};
  Watch* next = nullptr;
};

/// A handler that faults are passed on to. Never changed, never freed: the signal handler reads it.
struct Earlier {
  struct sigaction action;
  const Earlier* next;
};

std::atomic<Watch*> watches{nullptr};
std::atomic<const Earlier*> chain{nullptr};
std::atomic<std::uint64_t> displaced_count{0};
std::atomic<bool> forked{false};
std::atomic<bool> said_forked{false};

/// How deep this thread is in a chain that came back to us. Static storage, because the first use
/// of other thread-local storage may allocate, which a signal handler must not.
struct Depth {
  const void* context;
  const void* frame;
  unsigned passed_on;
};
__attribute__((tls_model("initial-exec"))) thread_local Depth depth{nullptr, nullptr, 0};

/// Returns the next watch of an address from `watch` on whose service lives; null when none does.
Watch* next_watch_of(Address where, Watch* watch) {
  for (; watch != nullptr; watch = watch->next) {
    if (watch->interval.contains(where) &&
        watch->service.load(std::memory_order_acquire) != nullptr) {
      return watch;
    }
  }
  return nullptr;
}

/// Does what the kernel does when there is no handler.
void take_default_action(const siginfo_t* info) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGSEGV, &action, nullptr);
  // A fault happens again on return and ends the process where it happened. A signal that was sent
  // must be sent again.
  if (info->si_code <= 0) {
    ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), SIGSEGV);
  }
}

void call_with_its_mask(const struct sigaction& action, int signal, siginfo_t* info,
                        void* context) {
  sigset_t mask = action.sa_mask;
  if ((action.sa_flags & SA_NODEFER) == 0) sigaddset(&mask, signal);
  // The mask from before the fault comes back when our handler returns, or with siglongjmp.
  ::pthread_sigmask(SIG_BLOCK, &mask, nullptr);
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(signal, info, context);
  } else {
    action.sa_handler(signal);
  }
}

/// Passes a fault on (F1): `skip` handlers already had it.
void pass_on(int signal, siginfo_t* info, void* context, unsigned skip) {
  const Earlier* earlier = chain.load(std::memory_order_acquire);
  for (; earlier != nullptr && skip > 0; --skip) earlier = earlier->next;
  if (earlier == nullptr) return take_default_action(info);
  const struct sigaction& action = earlier->action;
  const bool is_plain = (action.sa_flags & SA_SIGINFO) == 0;
  if (is_plain && action.sa_handler == SIG_DFL) return take_default_action(info);
  if (is_plain && action.sa_handler == SIG_IGN) {
    // A fault cannot be ignored; the kernel ends the process.
    if (info->si_code > 0) take_default_action(info);
    return;
  }
  if ((action.sa_flags & SA_RESETHAND) != 0) {
    // The next one finds the default action, as the program asked for. Lost for us as well, until
    // the next notice_displacement().
    struct sigaction reset {};
    reset.sa_handler = SIG_DFL;
    ::sigaction(SIGSEGV, &reset, nullptr);
  }
  call_with_its_mask(action, signal, info, context);
}

bool is_answered_ok(CpuFaults::Service& service, Address where, const ucontext_t& context) {
  // Bit 1 of the page fault error code: the access was a write.
  const bool is_write = (context.uc_mcontext.gregs[REG_ERR] & 2) != 0;
  CpuFaults::Service::Request request;
  request.fault = {where, is_write ? CpuAccess::write : CpuAccess::read,
                   static_cast<pid_t>(::syscall(SYS_gettid))};
  service.post(request);
  while (request.answer.load() == 0) {
    if (!look_awake(request.answer, 0)) futex_wait(request.answer, 0);
  }
  return request.answer.load() == 1 + static_cast<std::uint32_t>(Status::ok);
}

/// Asks the service of a watch, if it still lives.
bool is_resolved(Watch& watch, Address where, const ucontext_t& context) {
  // Both seq_cst, as in ~CpuFaults: it sees that we ask, or we see that it is gone.
  watch.asking.fetch_add(1);
  CpuFaults::Service* const service = watch.service.load();
  const bool is_ok = service != nullptr && is_answered_ok(*service, where, context);
  watch.asking.fetch_sub(1);
  return is_ok;
}

/// What is frozen; in memory that never is.
struct Frozen {
  std::mutex one;
  std::atomic<std::uint64_t> begin{0};
  std::atomic<std::uint64_t> end{0};
  /// Counts thaws.
  std::atomic<std::uint32_t> thaws{0};
};
// Never freed: the signal handler reads it.
std::atomic<Frozen*> frozen{nullptr};

/// Waits for the end of a freeze of that address; false when it is not frozen.
bool wait_while_frozen(Address where) {
  Frozen* const now = frozen.load(std::memory_order_acquire);
  if (now == nullptr) return false;
  const std::uint32_t seen = now->thaws.load();
  if (where.value < now->begin.load() || where.value >= now->end.load()) return false;
  futex_wait(now->thaws, seen);
  return true;
}

// Its address tells a signal of ours.
char interruption;

bool is_interruption(const siginfo_t& info) {
  return info.si_code == SI_QUEUE && info.si_value.sival_ptr == &interruption &&
         info.si_pid == ::getpid();
}

void handle(int signal, siginfo_t* info, void* context) {
  if (is_interruption(*info)) return;
  const int saved_errno = errno;
  if (info->si_code > 0 && wait_while_frozen(address_of(info->si_addr))) {
    errno = saved_errno;
    return;
  }
  // Called by a handler we passed this fault on to, we are further down the same stack. A handler
  // that left with siglongjmp left `depth` behind; the next fault with a context at the same place
  // has its frame at the same place, too.
  const void* const frame = __builtin_frame_address(0);
  const bool came_back =
      depth.passed_on > 0 && depth.context == context && std::less<>{}(frame, depth.frame);
  const Address where{reinterpret_cast<std::uintptr_t>(info->si_addr)};
  Watch* watch = !came_back && info->si_code > 0
                     ? next_watch_of(where, watches.load(std::memory_order_acquire))
                     : nullptr;
  if (watch != nullptr && forked.load(std::memory_order_relaxed)) {
    if (!said_forked.exchange(true)) {
      say("zesvm: memory of a device was touched in a forked child, where it is out of reach; "
          "bring "
          "it to the host before fork\n");
    }
  } else {
    // Intervals may overlap where they are watched coarsely: the memory is one service's. (F5)
    for (; watch != nullptr; watch = next_watch_of(where, watch->next)) {
      if (!is_resolved(*watch, where, *static_cast<const ucontext_t*>(context))) continue;
      errno = saved_errno;
      return;
    }
  }
  const unsigned skip = came_back ? depth.passed_on : 0;
  depth = {context, frame, skip + 1};
  pass_on(signal, info, context, skip);
  depth = {nullptr, nullptr, 0};
  errno = saved_errno;
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &handle;
}

// libzesvm and the simulated driver have a copy of this file each. The later one passes on to the
// earlier: neither displaces the other.
bool is_in_zesvm(const void* code) {
  Dl_info found{};
  if (::dladdr(code, &found) == 0) return false;
  const char* const name =
      found.dli_fname != nullptr ? std::strrchr(found.dli_fname, '/') : nullptr;
  return name != nullptr && (std::strncmp(name, "/libzesvm.so", 12) == 0 ||
                             std::strncmp(name, "/libze_zesvm_sim.so", 19) == 0);
}

bool is_of_zesvm(const struct sigaction& action) {
  if ((action.sa_flags & SA_SIGINFO) == 0) return false;
  // Asked once for each handler: the answer takes a lock of the one that loads libraries, who may be
  // waiting for the program's heap, and this is asked with that locked, too.
  static std::atomic<const void*> known_own{nullptr};
  static std::atomic<const void*> known_other{nullptr};
  const void* const code = reinterpret_cast<const void*>(action.sa_sigaction);
  if (code == known_own.load(std::memory_order_relaxed)) return true;
  if (code == known_other.load(std::memory_order_relaxed)) return false;
  const bool is_own = is_in_zesvm(code);
  (is_own ? known_own : known_other).store(code, std::memory_order_relaxed);
  return is_own;
}

bool is_same(const struct sigaction& a, const struct sigaction& b) {
  if ((a.sa_flags & SA_SIGINFO) != (b.sa_flags & SA_SIGINFO)) return false;
  return (a.sa_flags & SA_SIGINFO) != 0 ? a.sa_sigaction == b.sa_sigaction
                                        : a.sa_handler == b.sa_handler;
}

void install() {
  struct sigaction action {};
  action.sa_sigaction = &handle;
  // SA_NODEFER: another signal's handler may interrupt the wait, and fault itself.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  sigemptyset(&action.sa_mask);
  struct sigaction before {};
  ::sigaction(SIGSEGV, nullptr, &before);
  if (is_ours(before)) return;
  const Earlier* head = chain.load(std::memory_order_relaxed);
  // A program that installs the same handler again and again does not make the chain longer.
  if (head == nullptr || !is_same(head->action, before)) {
    // Not of the program's heap: this runs where faults are served, too.
    const auto* earlier = new (arena_allocate_reserved(sizeof(Earlier))) Earlier{before, head};
    chain.store(earlier, std::memory_order_release);
  }
  ::sigaction(SIGSEGV, &action, nullptr);
}

Mutex<LockOrder::leaf>& install_lock() {
  static Mutex<LockOrder::leaf> lock;
  return lock;
}

void install_first_time() {
  static std::once_flag once;
  std::call_once(once, [] {
    const Lock guard{install_lock()};
    frozen.store(arena_new<Frozen>(), std::memory_order_release);
    if (frozen.load() == nullptr) throw std::bad_alloc{};
    install();
    ::pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
  });
}

/// Several, because a fault may wait: for another thread's migration, or for a time slice to end.
std::size_t thread_count() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
}

}  // namespace

CpuFaults::CpuFaults(CpuFaultResolver& resolver) : service_(std::make_unique<Service>(resolver)) {
  install_first_time();
  // Signals of the program are not for these threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigdelset(&all, SIGSEGV);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Service* const service = service_.get();
  for (std::size_t i = 0; i < thread_count(); ++i) {
    service_->threads.emplace_back([service] { service->serve(); });
    ::pthread_setname_np(service_->threads.back().native_handle(), "CPU faults");
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CpuFaults::~CpuFaults() {
  for (Watch* watch = watches.load(); watch != nullptr; watch = watch->next) {
    Service* expected = service_.get();
    if (!watch->service.compare_exchange_strong(expected, nullptr) || is_forked_child()) continue;
    // Faults on memory of others that watch the same addresses: they are told that it is not ours.
    while (watch->asking.load() != 0) std::this_thread::yield();
  }
  if (is_forked_child()) {
    // The threads are the parent's: there is nobody to end.
    for (std::thread& thread : service_->threads) thread.detach();
  } else {
    service_->is_ending.store(true);
    service_->tickets.fetch_add(1);
    futex_wake(service_->tickets, INT_MAX);
    for (std::thread& thread : service_->threads) thread.join();
  }
}

void CpuFaults::watch(Interval interval) {
  const Lock guard{install_lock()};
  auto* const watch = new (arena_allocate_reserved(sizeof(Watch)))
      Watch{interval, {}, {}, watches.load(std::memory_order_relaxed)};
  watch->service.store(service_.get(), std::memory_order_release);
  watches.store(watch, std::memory_order_release);
}

CpuFaults::Freeze::Freeze(Interval interval) {
  Frozen& now = *frozen.load(std::memory_order_acquire);
  now.one.lock();
  now.end.store(interval.end.value);
  now.begin.store(interval.begin.value);
}

CpuFaults::Freeze::~Freeze() {
  Frozen& now = *frozen.load(std::memory_order_acquire);
  now.end.store(0);
  // After that, so that a thread that still saw it frozen does not sleep.
  now.thaws.fetch_add(1);
  futex_wake(now.thaws, INT_MAX);
  now.one.unlock();
}

void CpuFaults::interrupt(pid_t thread) {
  struct sigaction now {};
  ::sigaction(SIGSEGV, nullptr, &now);
  if (!is_ours(now) && !is_of_zesvm(now)) return;
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_value.sival_ptr = &interruption;
  ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), thread, SIGSEGV, &info);
}

void CpuFaults::notice_displacement() {
  struct sigaction now {};
  ::sigaction(SIGSEGV, nullptr, &now);
  if (is_ours(now) || is_forked_child() || is_of_zesvm(now)) return;
  const Lock guard{install_lock()};
  if (displaced_count.fetch_add(1) == 0) {
    say("zesvm: another SIGSEGV handler was installed over the one memory needs that moves; it "
        "stays, "
        "called after that one for faults that are not on such memory\n");
  }
  install();
}

std::uint64_t CpuFaults::displacements() { return displaced_count.load(); }

bool CpuFaults::is_forked_child() { return forked.load(std::memory_order_relaxed); }

}  // namespace zesvm
