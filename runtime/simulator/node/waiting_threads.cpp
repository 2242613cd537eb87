#include "simulator/node/waiting_threads.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpu_faults.hpp"
#include "base/unique_fd.hpp"

namespace zesvm::simulator::node {
namespace {

// Where the kernel puts what of a directory's entry; the C library reads it with memory from the heap.
constexpr std::size_t size_at = 16;
constexpr std::size_t name_at = 19;

template <typename Visit>
void for_each_thread_id(Visit visit) {
  const UniqueFd tasks{::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  std::array<char, 4096> buffer;
  for (;;) {
    const long got = ::syscall(SYS_getdents64, tasks.get(), buffer.data(), buffer.size());
    if (got <= 0) return;
    for (long at = 0; at < got;) {
      const char* const entry = buffer.data() + at;
      std::uint16_t size = 0;
      std::memcpy(&size, entry + size_at, sizeof size);
      at += size;
      const int thread = std::atoi(entry + name_at);
      if (thread > 0) visit(thread);
    }
  }
}

bool is_shared_wait(unsigned operation) {
  if ((operation & FUTEX_PRIVATE_FLAG) != 0) return false;
  switch (operation & static_cast<unsigned>(FUTEX_CMD_MASK)) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_LOCK_PI: return true;
    default: return false;
  }
}

// What the kernel says of the system call a thread is in; empty when it does not.
void read_system_call(int thread, std::array<char, 128>& text) {
  std::array<char, 64> path;
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d/syscall", thread);
  const UniqueFd file{::open(path.data(), O_RDONLY | O_CLOEXEC)};
  const ssize_t got = file.is_open() ? ::read(file.get(), text.data(), text.size() - 1) : 0;
  text[got > 0 ? static_cast<std::size_t>(got) : 0] = '\0';
}

bool may_wait_in(int thread, Interval interval) {
  constexpr long futex_waitv = 449;
  std::array<char, 128> text;
  read_system_call(thread, text);
  unsigned long long word = 0;
  unsigned long long operation = 0;
  long number = 0;
  const int fields = std::sscanf(text.data(), "%ld %llx %llx", &number, &word, &operation);
  // "running", or nothing where the kernel does not tell.
  if (fields == 0 || text[0] == '\0') return true;
  if (number == futex_waitv) return true;
  return number == SYS_futex && fields == 3 && interval.contains(Address{word}) &&
         is_shared_wait(static_cast<unsigned>(operation));
}

}  // namespace

void begin_waits_anew(Interval interval) {
  const auto self = static_cast<int>(::syscall(SYS_gettid));
  for_each_thread_id([&](int thread) {
    if (thread != self && may_wait_in(thread, interval)) CpuFaults::interrupt(thread);
  });
}

void for_each_thread(VisitThread visit, void* context) {
  for_each_thread_id([&](int thread) {
    void* head = nullptr;
    std::size_t size = 0;
    if (::syscall(SYS_get_robust_list, thread, &head, &size) != 0 || head == nullptr) return;
    visit(context, thread, address_of(head));
  });
}

}  // namespace zesvm::simulator::node
