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

#include "simulator/node/process_maps.hpp"

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
  explicit Told(Interval first, Change change = Change::keeps, Interval second = {}) {
    if (is_telling || (first.is_empty() && second.is_empty())) return;
    is_telling = true;
    is_visiting_ = true;
    visitors.fetch_add(1);
    const std::array intervals{first, second};
    for (std::size_t i = 0; i < most_listeners; ++i) {
      MemoryCallListener* const listener = listeners[i].load();
      if (listener == nullptr || !(listener->concerns(first) || listener->concerns(second)))
        continue;
      told_[i] = listener;
      listener->before_change(intervals, change);
    }
  }
  ~Told() {
    if (!is_visiting_) return;
    const int saved_errno = errno;
    for (MemoryCallListener* const listener : told_) {
      if (listener != nullptr) listener->after_change();
    }
    visitors.fetch_sub(1);
    is_telling = false;
    errno = saved_errno;
  }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

 private:
  bool is_visiting_ = false;
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
  return static_cast<int>(::syscall(SYS_munmap, begin, size));
}

void* map(void* begin, std::size_t size, int protection, int flags, int file, off_t offset) {
  const Interval replaced = (flags & MAP_FIXED) != 0 ? pages_of(begin, size) : Interval{};
  const Told told{replaced};
  return reinterpret_cast<void*>(::syscall(SYS_mmap, begin, size, protection, flags, file, offset));
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

struct Call {
  const char* name;
  void* replacement;
  bool is_heard;
};
std::array<Call, 7> calls{{{"munmap", reinterpret_cast<void*>(&unmap), false},
                           {"mmap", reinterpret_cast<void*>(&map), false},
                           {"mremap", reinterpret_cast<void*>(&remap), false},
                           {"mprotect", reinterpret_cast<void*>(&protect), false},
                           {"madvise", reinterpret_cast<void*>(&advise), false},
                           {"brk", reinterpret_cast<void*>(&set_break), false},
                           {"shmdt", reinterpret_cast<void*>(&detach), false}}};

// A jump of 5 bytes reaches 2 GiB.
constexpr Bytes reach = 1_GiB;
constexpr std::size_t jump_size = 16;

/// Maps a page within the reach of an address; null where there is no room.
std::byte* page_near(Address where) {
  for (Bytes away = 16_MiB; away < reach; away += 16_MiB) {
    for (const Address at : {where + away, where - away}) {
      void* const wanted = pointer_to(align_down(at, cpu_page));
      void* const got = ::mmap(wanted, cpu_page.count, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (got == wanted) return static_cast<std::byte*>(got);
      if (got != MAP_FAILED) ::munmap(got, cpu_page.count);
    }
  }
  return nullptr;
}

/// Returns whether a function begins as those of the C library do that are known here.
///
/// Most have one instruction of five bytes first, the system call's number: a thread is before it or
/// past it, never inside. In mmap and mremap a thread that is stopped between the first two would go
/// astray; the first node of a process is made when hardly another thread runs.
bool is_known(const unsigned char* code) {
  const auto begins = [&](std::initializer_list<unsigned char> bytes) {
    return std::equal(bytes.begin(), bytes.end(), code);
  };
  return code[0] == 0xb8 || begins({0x41, 0x89, 0xca, 0x41, 0xf7, 0xc1}) ||
         begins({0x48, 0x83, 0xec}) || begins({0x41, 0xf7, 0xc1});
}

/// Lets a function begin with a jump, in one store.
bool lead(unsigned char* function, const std::byte* target) {
  const auto distance =
      reinterpret_cast<std::intptr_t>(target) - (reinterpret_cast<std::intptr_t>(function) + 5);
  const Address page = align_down(address_of(function), cpu_page);
  // One store within a cache line is seen as a whole.
  if (address_of(function).value % sizeof(std::uint64_t) != 0) return false;
  if (distance != static_cast<std::int32_t>(distance)) return false;
  if (::mprotect(pointer_to(page), cpu_page.count, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    return false;
  std::uint64_t code = 0;
  std::memcpy(&code, function, sizeof code);
  std::array<unsigned char, 8> bytes;
  std::memcpy(bytes.data(), &code, sizeof code);
  bytes[0] = 0xe9;
  const auto short_distance = static_cast<std::int32_t>(distance);
  std::memcpy(bytes.data() + 1, &short_distance, sizeof short_distance);
  std::memcpy(&code, bytes.data(), sizeof code);
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(function), code, __ATOMIC_SEQ_CST);
  ::mprotect(pointer_to(page), cpu_page.count, PROT_READ | PROT_EXEC);
  return true;
}

void replace_calls() {
  void* const library = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return;
  heap_end = static_cast<void**>(::dlsym(library, "__curbrk"));
  if (heap_end == nullptr) return;
  std::byte* const page = page_near(address_of(::dlsym(library, "munmap")));
  if (page == nullptr) return;
  std::array<unsigned char*, calls.size()> functions{};
  for (std::size_t i = 0; i < calls.size(); ++i) {
    functions[i] = static_cast<unsigned char*>(::dlsym(library, calls[i].name));
    // jmp *0(%rip), followed by the address.
    constexpr std::array<unsigned char, 6> jump{0xff, 0x25, 0, 0, 0, 0};
    std::memcpy(page + i * jump_size, jump.data(), jump.size());
    std::memcpy(page + i * jump_size + jump.size(), &calls[i].replacement, sizeof(void*));
  }
  if (::mprotect(page, cpu_page.count, PROT_READ | PROT_EXEC) != 0) return;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i].is_heard = functions[i] != nullptr && is_known(functions[i]) &&
                        lead(functions[i], page + i * jump_size);
  }
  // The replacements are called for as long as the process lives.
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&unmap), &self) != 0)
    static_cast<void>(::dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
}

void before_fork() {
  visitors.fetch_add(1);
  is_telling = true;
  for (const auto& slot : listeners) {
    if (MemoryCallListener* const listener = slot.load()) listener->before_fork();
  }
}

void after_fork() {
  for (const auto& slot : listeners) {
    if (MemoryCallListener* const listener = slot.load()) listener->after_fork();
  }
  is_telling = false;
  visitors.fetch_sub(1);
}

void after_fork_in_child() {
  // The other threads, and their visits, are the parent's.
  visitors.store(1);
  after_fork();
}

}  // namespace

bool hear_memory_calls() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (!is_thread_sanitized) replace_calls();
    ::pthread_atfork(&before_fork, &after_fork, &after_fork_in_child);
  });
  return is_thread_sanitized ||
         std::all_of(calls.begin(), calls.end(), [](const Call& call) { return call.is_heard; });
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
  return std::any_of(calls.begin(), calls.end(), [&](const Call& call) {
    return std::strcmp(call.name, name) == 0 && call.is_heard;
  });
}

}  // namespace zesvm::simulator::node
