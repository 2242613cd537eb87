#include "simulator/node/page_moves.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
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

}  // namespace

void copy_pages(Interval from, std::byte* to, Pages which) {
  UniqueFd pagemap{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  std::array<std::uint64_t, 512> entries;
  const std::uint64_t first = from.begin.value / cpu_page.count;
  const std::uint64_t pages = from.size() / cpu_page;
  for (std::uint64_t done = 0; done < pages;) {
    const std::uint64_t part = std::min<std::uint64_t>(pages - done, entries.size());
    const auto bytes = static_cast<ssize_t>(part * sizeof entries[0]);
    const bool is_known = which == Pages::present && pagemap.is_open() &&
                          ::pread(pagemap.get(), entries.data(), static_cast<std::size_t>(bytes),
                                  static_cast<off_t>((first + done) * 8)) == bytes;
    for (std::uint64_t i = 0; i < part; ++i, ++done) {
      // Bits 63 and 62: in memory, swapped out.
      if (is_known && (entries[i] >> 62) == 0) continue;
      const Bytes at = cpu_page * done;
      copy_page(to + at.count, pointer_to(from.begin + at));
    }
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
    const long data = ::syscall(SYS_lseek, file_, at, SEEK_DATA);
    if (data < 0 || static_cast<std::uint64_t>(data) >= end) return true;
    const long hole = ::syscall(SYS_lseek, file_, data, SEEK_HOLE);
    const auto from = static_cast<std::uint64_t>(data);
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

void PagesOnTheirWay::copy() const {
  for_each_part([](std::uint64_t to, const std::byte* from, std::uint64_t size) {
    for (std::uint64_t at = 0; at < size; at += cpu_page.count)
      copy_page(reinterpret_cast<std::byte*>(to) + at, from + at);
    return true;
  });
}

}  // namespace zesvm::simulator::node
