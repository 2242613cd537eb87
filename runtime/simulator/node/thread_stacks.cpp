#include "simulator/node/thread_stacks.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <unistd.h>

#include "base/arena.hpp"
#include "base/unique_fd.hpp"

namespace zesvm::simulator::node {
namespace {

/// The noted stacks, by their begin. Innermost: notes come with any lock held.
struct Stacks {
  std::mutex lock;
  std::map<Address, Address, std::less<>, ArenaAllocator<std::pair<const Address, Address>>> ends;
  bool is_over = false;
};

// Never destroyed: threads come and go while the process exits.
Stacks& stacks() {
  alignas(Stacks) static std::byte storage[sizeof(Stacks)];
  static Stacks* const made = new (storage) Stacks;
  return *made;
}

/// Returns whether a page holds the descriptor of a thread, which begins with its own address, twice, and
/// is aligned to cache lines.
bool holds_descriptor(int memory, Address page) {
  std::array<std::uint64_t, 512> words;
  if (::pread(memory, words.data(), sizeof words, static_cast<off_t>(page.value)) != sizeof words)
    return false;
  for (std::size_t i = 0; i < words.size(); i += 8) {
    const std::uint64_t self = page.value + i * sizeof words[0];
    if (words[i] == self && words[i + 2] == self) return true;
  }
  return false;
}

}  // namespace

void note_stack(Interval mapping) noexcept {
  Stacks& all = stacks();
  const std::lock_guard guard{all.lock};
  try {
    if (!all.is_over) all.ends.insert_or_assign(mapping.begin, mapping.end);
  } catch (const std::bad_alloc&) {
    // It is known by its descriptor.
    return;
  }
}

void forget_stacks(Interval interval) noexcept {
  Stacks& all = stacks();
  const std::lock_guard guard{all.lock};
  if (all.is_over) return;
  auto at = all.ends.upper_bound(interval.begin);
  if (at != all.ends.begin()) --at;
  // The C library unmaps stacks as a whole.
  while (at != all.ends.end() && at->first < interval.end)
    at = at->second > interval.begin ? all.ends.erase(at) : std::next(at);
}

void end_noting_stacks() noexcept {
  Stacks& all = stacks();
  new (&all.lock) std::mutex;
  all.is_over = true;
}

Interval without_stacks(Interval interval, Address where) noexcept {
  Stacks& all = stacks();
  const std::lock_guard guard{all.lock};
  const auto above = all.ends.upper_bound(where);
  if (above != all.ends.end()) interval.end = std::min(interval.end, above->first);
  if (above == all.ends.begin()) return interval;
  const Address end_below = std::prev(above)->second;
  if (where < end_below) return {where, where};
  interval.begin = std::max(interval.begin, end_below);
  return interval;
}

Address end_of_stack_at_begin(Interval interval) noexcept {
  const UniqueFd memory{::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)};
  const UniqueFd pagemap{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  std::array<std::uint64_t, 512> entries;
  for (Address at = interval.begin; at < interval.end;) {
    const auto pages = std::min<std::uint64_t>((interval.end - at) / cpu_page, entries.size());
    const auto bytes = static_cast<ssize_t>(pages * sizeof entries[0]);
    const auto place = static_cast<off_t>(at.value / cpu_page.count * sizeof entries[0]);
    if (::pread(pagemap.get(), entries.data(), static_cast<std::size_t>(bytes), place) != bytes)
      entries.fill(~std::uint64_t{0});
    for (std::uint64_t i = 0; i < pages; ++i, at = at + cpu_page) {
      // Bits 63 and 62: in memory, swapped out.
      if ((entries[i] >> 62) != 0 && holds_descriptor(memory.get(), at)) return at + cpu_page;
    }
  }
  return interval.begin;
}

}  // namespace zesvm::simulator::node
