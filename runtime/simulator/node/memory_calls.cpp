#include "simulator/node/memory_calls.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "base/lock_order_apart.hpp"
#include "simulator/node/memory_gate.hpp"
#include "simulator/node/process_maps.hpp"
#include "simulator/node/program_mapping.hpp"
#include "simulator/node/replaced_functions.hpp"
#include "simulator/node/thread_stacks.hpp"

namespace zesvm::simulator::node {
namespace {

// Its runtime has threads end in the C library when they are none any more to instrumented code.
#if defined(__SANITIZE_THREAD__)
constexpr bool is_thread_sanitized = true;
#else
constexpr bool is_thread_sanitized = false;
#endif

constexpr std::size_t most_listeners = 16;
std::array<std::atomic<MemoryCallListener*>, most_listeners> listeners{};
/// Calls that look at the listeners now.
std::atomic<int> visitors{0};

// Static storage: other thread-local storage may allocate at its first use.
__attribute__((tls_model("initial-exec"))) thread_local bool is_telling = false;

}  // namespace

Unheard::Unheard() noexcept : before_(std::exchange(is_telling, true)) {}
Unheard::~Unheard() { is_telling = before_; }

namespace {

/// Tells who is concerned, before a call and, at its end, after it.
class Told {
 public:
  explicit Told(Interval first, Change change = Change::keeps, Interval second = {})
      : intervals_{first, second} {
    if ((first.is_empty() && second.is_empty()) || MappingsMayChange::is_inside()) return;
    is_visiting_ = true;
    visitors.fetch_add(1);
    is_unheard_ = std::exchange(is_telling, true);
    // Who is concerned is known for certain only when nobody can become it any more.
    for (may_change_.pass(); !is_unheard_; may_change_.pass()) {
      const std::size_t one = first_untold();
      if (one == most_listeners) break;
      may_change_.leave();
      tell(one, change);
    }
    if (is_unheard_) note_missed();
  }
  ~Told() {
    if (!is_visiting_) return;
    const int saved_errno = errno;
    may_change_.leave();
    end_telling(0);
    visitors.fetch_sub(1);
    is_telling = is_unheard_;
    errno = saved_errno;
  }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

 private:
  bool is_concerned(MemoryCallListener* listener) const {
    return listener != nullptr &&
           (listener->concerns(intervals_[0]) || listener->concerns(intervals_[1]));
  }

  std::size_t first_untold() const {
    for (std::size_t i = 0; i < most_listeners; ++i) {
      if (told_[i] == nullptr && is_concerned(listeners[i].load())) return i;
    }
    return most_listeners;
  }

  void tell(std::size_t one, Change change) {
    // Always in their order: each may make this thread wait for the end of another's telling.
    end_telling(one + 1);
    MemoryCallListener* const listener = listeners[one].load();
    if (listener == nullptr) return;
    listener->before_change(intervals_, change);
    told_[one] = listener;
  }

  void end_telling(std::size_t from) {
    for (std::size_t i = from; i < most_listeners; ++i) {
      if (MemoryCallListener* const listener = std::exchange(told_[i], nullptr))
        listener->after_change();
    }
  }

  void note_missed() const {
    for (const auto& slot : listeners) {
      if (MemoryCallListener* const listener = slot.load(); is_concerned(listener))
        listener->missed_change();
    }
  }

  // malloc() and free() may be called with any lock held. (program_memory.hpp, G7)
  const LocksApart apart_;
  const std::array<Interval, 2> intervals_;
  MappingsMayChange may_change_;
  bool is_visiting_ = false;
  bool is_unheard_ = false;
  std::array<MemoryCallListener*, most_listeners> told_{};
};

Interval pages_of(const void* begin, std::size_t size) {
  const Address at = address_of(begin);
  // Past the end of all addresses: the kernel will refuse it.
  if (at.value + size + cpu_page.count < at.value) return {at, at};
  return {align_down(at, cpu_page), align_up(at + Bytes{size}, cpu_page)};
}

// What runs instead of the C library's functions. (MC1)

int unmap(void* begin, std::size_t size) {
  const bool is_valid = is_aligned(address_of(begin), cpu_page);
  const Told told{pages_of(begin, size), is_valid ? Change::drops : Change::keeps};
  if (is_valid) forget_stacks(pages_of(begin, size));
  return static_cast<int>(::syscall(SYS_munmap, begin, size));
}

void* map(void* begin, std::size_t size, int protection, int flags, int file, off_t offset) {
  const Interval replaced = (flags & MAP_FIXED) != 0 ? pages_of(begin, size) : Interval{};
  const Told told{replaced};
  if (!replaced.is_empty()) forget_stacks(replaced);
  const bool is_stack = (flags & MAP_STACK) != 0;
  MappingsMayChange until_noted;
  if (is_stack) until_noted.pass();
  void* const got =
      reinterpret_cast<void*>(::syscall(SYS_mmap, begin, size, protection, flags, file, offset));
  if (is_stack && got != MAP_FAILED) note_stack(pages_of(got, size));
  return got;
}

/// Returns whether an interval is plain memory in several mappings, which the kernel does not move:
/// what was adopted and given back is a mapping of its own.
bool is_in_pieces(Interval interval) {
  Address reached = interval.begin;
  for (ProcessMaps maps; const auto map = maps.next();) {
    if (!map->interval.contains(reached)) continue;
    if (!map->is_anonymous() || !map->is_private || !map->is_readable || !map->is_writable)
      return false;
    reached = map->interval.end;
    if (reached >= interval.end) return true;
  }
  return false;
}

/// Does what mremap() does, by copying.
void* move_pieces(void* begin, std::size_t size, std::size_t new_size, void* wanted) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (wanted != nullptr ? MAP_FIXED : 0);
  const long made = ::syscall(SYS_mmap, wanted, new_size, PROT_READ | PROT_WRITE, flags, -1, 0L);
  if (made == -1) return MAP_FAILED;
  void* const place = reinterpret_cast<void*>(made);
  std::memcpy(place, begin, std::min(size, new_size));
  ::syscall(SYS_munmap, begin, size);
  return place;
}

void* remap(void* begin, std::size_t size, std::size_t new_size, int flags, ...) {
  void* wanted = nullptr;
  if ((flags & MREMAP_FIXED) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    wanted = va_arg(arguments, void*);
    va_end(arguments);
  }
  const Interval replaced = wanted != nullptr ? pages_of(wanted, new_size) : Interval{};
  const Told told{pages_of(begin, size), Change::keeps, replaced};
  if (!replaced.is_empty()) forget_stacks(replaced);
  const long moved = ::syscall(SYS_mremap, begin, size, new_size, flags, wanted);
  const bool is_plain_move =
      (flags & MREMAP_MAYMOVE) != 0 && (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) == 0 && size != 0;
  if (moved != -1 || errno != EFAULT || !is_plain_move || !is_in_pieces(pages_of(begin, size)))
    return reinterpret_cast<void*>(moved);
  return move_pieces(begin, size, new_size, wanted);
}

int protect(void* begin, std::size_t size, int protection) {
  const Told told{pages_of(begin, size)};
  return static_cast<int>(::syscall(SYS_mprotect, begin, size, protection));
}

int advise(void* begin, std::size_t size, int advice) {
  const Told told{pages_of(begin, size)};
  return static_cast<int>(::syscall(SYS_madvise, begin, size, advice));
}

/// Where the C library notes the end of its heap.
void** heap_end = nullptr;

int set_break(void* end) {
  void* const before = *heap_end;
  // Only what is taken away may be adopted. Refused by the kernel, it keeps its content.
  const bool is_less = end != nullptr && end < before;
  const Told told{is_less ? Interval{align_up(address_of(end), cpu_page),
                                     align_up(address_of(before), cpu_page)}
                          : Interval{}};
  *heap_end = reinterpret_cast<void*>(::syscall(SYS_brk, end));
  if (*heap_end >= end) return 0;
  errno = ENOMEM;
  return -1;
}

int detach(const void* memory) {
  // A listener that has part of a mapping has all of it.
  const Told told{pages_of(memory, 1)};
  return static_cast<int>(::syscall(SYS_shmdt, memory));
}

std::array<ReplacedFunction, 7> calls{{{"munmap", reinterpret_cast<void*>(&unmap)},
                                       {"mmap", reinterpret_cast<void*>(&map)},
                                       {"mremap", reinterpret_cast<void*>(&remap)},
                                       {"mprotect", reinterpret_cast<void*>(&protect)},
                                       {"madvise", reinterpret_cast<void*>(&advise)},
                                       {"brk", reinterpret_cast<void*>(&set_break)},
                                       {"shmdt", reinterpret_cast<void*>(&detach)}}};

void replace_calls() {
  heap_end = static_cast<void**>(::dlsym(RTLD_DEFAULT, "__curbrk"));
  if (heap_end != nullptr) replace_functions(calls);
}

void before_fork() {
  visitors.fetch_add(1);
  is_telling = true;
  for (const auto& slot : listeners) {
    if (MemoryCallListener* const listener = slot.load()) listener->before_fork();
  }
}

void end_fork(ForkSide side) {
  for (const auto& slot : listeners) {
    if (MemoryCallListener* const listener = slot.load()) listener->after_fork(side);
  }
  is_telling = false;
  visitors.fetch_sub(1);
}

void after_fork() { end_fork(ForkSide::parent); }

void after_fork_in_child() {
  // The other threads, their visits, and what they held are the parent's.
  visitors.store(1);
  MappingsMayChange::open_in_child();
  end_noting_stacks();
  end_fork(ForkSide::child);
}

}  // namespace

bool hear_memory_calls() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (!is_thread_sanitized) replace_calls();
    note_threads();
    ::pthread_atfork(&before_fork, &after_fork, &after_fork_in_child);
  });
  return is_thread_sanitized ||
         std::all_of(calls.begin(), calls.end(),
                     [](const ReplacedFunction& call) { return call.is_replaced; });
}

void listen_to_memory_calls(MemoryCallListener& listener) {
  for (auto& slot : listeners) {
    MemoryCallListener* expected = nullptr;
    if (slot.compare_exchange_strong(expected, &listener)) return;
  }
}

void stop_listening(MemoryCallListener& listener) {
  for (auto& slot : listeners) {
    MemoryCallListener* expected = &listener;
    slot.compare_exchange_strong(expected, nullptr);
  }
  while (visitors.load() != 0) ::sched_yield();
}

bool is_heard(const char* name) {
  return std::any_of(calls.begin(), calls.end(), [&](const ReplacedFunction& call) {
    return std::strcmp(call.name, name) == 0 && call.is_replaced;
  });
}

}  // namespace zesvm::simulator::node
