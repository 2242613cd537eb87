#include "simulator/node/guard_pages.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fcntl.h>
#include <span>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace zesvm::simulator::node {
namespace {

/// What the kernel tells of pages, a word for each.
class PageWords {
 public:
  /// Returns the words of an interval of at most `batch`; none when the kernel does not tell.
  std::span<const std::uint64_t> read(Interval interval) {
    const std::size_t pages = interval.size() / cpu_page;
    const auto size = static_cast<ssize_t>(pages * sizeof words_[0]);
    const auto at = static_cast<off_t>(interval.begin.value / cpu_page.count * sizeof words_[0]);
    if (::pread(pagemap_.get(), words_.data(), static_cast<std::size_t>(size), at) != size)
      return {};
    return {words_.data(), pages};
  }
  static bool is_guard(std::uint64_t word) { return (word >> 58 & 1) != 0; }

  static constexpr Bytes batch = cpu_page * 256;

 private:
  const UniqueFd pagemap_{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  std::array<std::uint64_t, 256> words_;
};

}  // namespace

BetweenGuards between_guards(Interval mapping, Address where, Bytes below, Bytes above) {
  PageWords pages;
  const Address middle = align_down(where, cpu_page);
  BetweenGuards found{mapping, false};
  const Address lowest = middle - std::min(align_up(below, cpu_page), middle - mapping.begin);
  for (Address end = middle; end > lowest && !found.is_behind_guard;) {
    const Interval part{end - std::min(PageWords::batch, end - lowest), end};
    const auto words = pages.read(part);
    const auto guard = std::find_if(words.rbegin(), words.rend(), PageWords::is_guard);
    found.is_behind_guard = guard != words.rend();
    if (found.is_behind_guard)
      found.interval.begin =
          part.end - cpu_page * static_cast<std::uint64_t>(guard - words.rbegin());
    end = part.begin;
  }
  const Address highest = middle + std::min(align_up(above, cpu_page), mapping.end - middle);
  for (Address begin = middle; begin < highest;) {
    const Interval part{begin, begin + std::min(PageWords::batch, highest - begin)};
    const auto words = pages.read(part);
    const auto guard = std::find_if(words.begin(), words.end(), PageWords::is_guard);
    begin = part.end;
    if (guard == words.end()) continue;
    found.interval.end = part.begin + cpu_page * static_cast<std::uint64_t>(guard - words.begin());
    break;
  }
  return found;
}

}  // namespace zesvm::simulator::node
