#include "simulator/tile/device/own_addresses.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace zesvm::simulator::tile::device {
namespace {

// What the OpenCL implementation, its compiler and the channel may come to; address space only.
constexpr Bytes room_to_grow = 64_GiB;

// What most systems give a stack.
constexpr Bytes stack_size = 8_MiB;

// Mappings nearer to each other than this are told as one.
constexpr Bytes gap = 1_GiB;

constexpr int nothing_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

void limit_stack() {
  rlimit limit{};
  ::getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, stack_size.count);
  ::setrlimit(RLIMIT_STACK, &limit);
}

// Puts an inaccessible page behind the heap: what malloc needs more, it then maps.
void stop_heap() {
  const Address end = align_up(address_of(::sbrk(0)), cpu_page);
  ::mmap(pointer_to<void>(end), cpu_page.count, PROT_NONE, nothing_flags | MAP_FIXED_NOREPLACE, -1,
         0);
}

// Where the kernel puts what is mapped next: above what is there, or below.
bool grows_upwards(Address among_libraries) {
  void* at = ::mmap(nullptr, gap.count, PROT_NONE, nothing_flags, -1, 0);
  if (at == MAP_FAILED) return true;
  ::munmap(at, gap.count);
  return address_of(at) > among_libraries;
}

}  // namespace

std::size_t settle_own_addresses(std::span<Interval> intervals) {
  limit_stack();
  stop_heap();
  const Address stack = address_of(__builtin_frame_address(0));
  const Address library = address_of(reinterpret_cast<const void*>(&::mmap));
  const bool upwards = grows_upwards(library);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps{std::fopen("/proc/self/maps", "r"),
                                                             &std::fclose};
  if (maps == nullptr) return 0;
  char line[512];
  std::size_t count = 0;
  while (std::fgets(line, sizeof line, maps.get()) != nullptr) {
    unsigned long long begin = 0;
    unsigned long long end = 0;
    // Above the middle of all addresses is the kernel's.
    if (std::sscanf(line, "%llx-%llx", &begin, &end) != 2 || (begin >> 63) != 0) continue;
    if (count > 0 && Address{begin} - intervals[count - 1].end < gap) {
      intervals[count - 1].end = {end};
    } else if (count < intervals.size()) {
      intervals[count++] = {{begin}, {end}};
    }
  }
  for (Interval& own : intervals.first(count)) {
    if (own.contains(stack)) own.begin = own.begin - stack_size;
    if (own.contains(library) && upwards) own.end = own.begin + room_to_grow;
    if (own.contains(library) && !upwards) own.begin = own.end - room_to_grow;
  }
  return count;
}

}  // namespace zesvm::simulator::tile::device
