#include "simulator/node/page_moves.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace zesvm::simulator::node {
namespace {

/// Copies one page whatever it holds: an address sanitizer would find the gaps between the program's
/// allocations if memcpy read them.
void copy_page(void* to, const void* from) {
  std::size_t size = cpu_page.count;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

/// Which pages of an interval exist, as far as the kernel tells.
class ExistingPages {
 public:
  /// Reads about as many pages from `begin` on as fit here. Returns how many.
  std::uint64_t read(Address begin, std::uint64_t pages) {
    const std::uint64_t part = std::min<std::uint64_t>(pages, entries_.size());
    const auto bytes = static_cast<ssize_t>(part * sizeof entries_[0]);
    is_known_ =
        ::pread(pagemap_.get(), entries_.data(), static_cast<std::size_t>(bytes),
                static_cast<off_t>(begin.value / cpu_page.count * sizeof entries_[0])) == bytes;
    return part;
  }
  /// Returns whether a page of those just read may exist: in memory or swapped out, bits 63 and 62.
  bool may_have(std::uint64_t page) const { return !is_known_ || (entries_[page] >> 62) != 0; }

 private:
  const UniqueFd pagemap_{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  std::array<std::uint64_t, 512> entries_;
  bool is_known_ = false;
};

/// Copies neighbouring pages.
void copy_run(std::byte* to, Address from, std::uint64_t pages) {
  // One call makes them all; what it cannot make the copy faults in, page by page.
  if (pages > 1) ::syscall(SYS_madvise, to, pages * cpu_page.count, MADV_POPULATE_WRITE);
  for (std::uint64_t i = 0; i < pages; ++i)
    copy_page(to + i * cpu_page.count, pointer_to(from + cpu_page * i));
}

}  // namespace

void copy_pages(Interval from, std::byte* to, Pages which) {
  const std::uint64_t pages = from.size() / cpu_page;
  if (which == Pages::all) return copy_run(to, from.begin, pages);
  ExistingPages existing;
  for (std::uint64_t done = 0; done < pages;) {
    const Address begin = from.begin + cpu_page * done;
    const std::uint64_t part = existing.read(begin, pages - done);
    for (std::uint64_t i = 0; i < part;) {
      std::uint64_t end = i;
      while (end < part && existing.may_have(end)) ++end;
      copy_run(to + (done + i) * cpu_page.count, begin + cpu_page * i, end - i);
      i = end + 1;
    }
    done += part;
  }
}

PagesOnTheirWay::PagesOnTheirWay(const MemoryFile& file, Bytes offset, Interval to)
    : memory_(::open("/proc/self/mem", O_RDWR | O_CLOEXEC)),
      memory_number_(memory_.get()),
      file_(file.descriptor()),
      alias_(file.at(offset)),
      offset_(offset),
      to_(to) {}

// Calls `move(to, from, size)` with each part whose pages exist, until it returns false.
template <typename Move>
bool PagesOnTheirWay::for_each_part(Move move) const {
  const std::uint64_t end = offset_.count + to_.size().count;
  for (std::uint64_t at = offset_.count; at < end;) {
    const std::uint64_t from = find_page(file_, at, end);
    if (from >= end) return true;
    const long hole = ::syscall(SYS_lseek, file_, from, SEEK_HOLE);
    const std::uint64_t part_end = std::min(static_cast<std::uint64_t>(hole), end);
    const std::uint64_t skip = from - offset_.count;
    if (!move(to_.begin.value + skip, alias_ + skip, part_end - from)) return false;
    at = part_end;
  }
  return true;
}

bool PagesOnTheirWay::write() const {
  return for_each_part([this](std::uint64_t to, const std::byte* from, std::uint64_t size) {
    return ::syscall(SYS_pwrite64, memory_number_, from, size, to) == static_cast<long>(size);
  });
}

void PagesOnTheirWay::copy_to(std::uint64_t place) const {
  for_each_part([&](std::uint64_t to, const std::byte* from, std::uint64_t size) {
    auto* const there = reinterpret_cast<std::byte*>(place + (to - to_.begin.value));
    for (std::uint64_t at = 0; at < size; at += cpu_page.count) copy_page(there + at, from + at);
    return true;
  });
}

bool PagesOnTheirWay::put(int protection) const {
  const std::uint64_t size = to_.size().count;
  const long made = ::syscall(SYS_mmap, nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  if (made == -1) return false;
  copy_to(static_cast<std::uint64_t>(made));
  const bool is_put =
      ::syscall(SYS_mprotect, made, size, protection) == 0 &&
      ::syscall(SYS_mremap, made, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to_.begin.value) != -1;
  if (!is_put) ::syscall(SYS_munmap, made, size);
  return is_put;
}

void PagesOnTheirWay::copy() const { copy_to(to_.begin.value); }

}  // namespace zesvm::simulator::node
