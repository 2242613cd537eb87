#include "simulator/node/address_windows.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <sys/mman.h>
#include <utility>

namespace zesvm::simulator::node {

namespace {

/// The largest chunk and page of any tile: window borders must not cut one.
constexpr Bytes window_alignment = 2_MiB;

/// Below this a window is not worth having.
constexpr Bytes smallest_window = 64_MiB;

/// Places tried after the kernel's own proposal, spread over what both processes and the sanitizers
/// leave free: high (thread sanitizer wants 0x7e80... and up), then low.
constexpr std::array<std::uint64_t, 10> hints{0,
                                              0x7eb0'0000'0000,
                                              0x7e90'0000'0000,
                                              0x7ec0'0000'0000,
                                              0x7ed0'0000'0000,
                                              0x6000'0000'0000,
                                              0x4000'0000'0000,
                                              0x3000'0000'0000,
                                              0x0800'0000'0000,
                                              0x0400'0000'0000};

/// Reserves `size` inaccessible bytes, aligned, near `hint` if that is free; nothing if refused.
std::optional<Interval> reserve_near(std::uint64_t hint, Bytes size) {
  const Bytes asked = size + window_alignment;
  void* found = ::mmap(reinterpret_cast<void*>(hint), asked.count, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) return std::nullopt;
  const Address begin = address_of(found);
  const Address window = align_up(begin, window_alignment);
  if (begin < window) ::munmap(found, (window - begin).count);
  const Address end = window + size;
  if (end < begin + asked) ::munmap(pointer_to(end), (begin + asked - end).count);
  return Interval{window, end};
}

void release(Interval interval) { ::munmap(pointer_to(interval.begin), interval.size().count); }

}  // namespace

AddressWindows::AddressWindows(Bytes window_size, Announce announce)
    : window_size_(window_size), announce_(std::move(announce)) {}

AddressWindows::~AddressWindows() {
  for (Entry* entry = head_.load(); entry != nullptr;) {
    release(entry->window.interval);
    delete std::exchange(entry, entry->next);
  }
}

Result<AddressWindows::Entry*> AddressWindows::make(Bytes size) {
  // A place that a tile refused stays reserved until another is found, lest it be proposed again.
  std::vector<Interval> refused;
  Status status = Status::out_of_host_memory;
  auto entry = std::make_unique<Entry>();
  for (std::size_t attempt = 0; attempt < hints.size() && entry->window.interval.is_empty();
       ++attempt) {
    const auto place = reserve_near(hints[attempt], size);
    if (!place) continue;
    auto memory = MemoryFile::create("zesvm-system", size);
    status = memory.status();
    if (memory.has_value()) {
      entry->window = {*place, {*std::move(memory), {}}};
      status = announce_(entry->window);
      if (status == Status::ok) break;
      entry->window = {};
    }
    refused.push_back(*place);
    if (status != Status::busy) break;
  }
  for (const Interval interval : refused) release(interval);
  if (entry->window.interval.is_empty()) {
    return status == Status::busy ? Status::out_of_host_memory : status;
  }
  return entry.release();
}

Status AddressWindows::grow(Bytes size) {
  Bytes wanted = std::max(window_size_, align_up(size, window_alignment));
  Result<Entry*> made = make(wanted);
  // A process with little address space to spare gets a window that just suffices.
  for (const Bytes least = std::max(smallest_window, align_up(size, window_alignment));
       !made.has_value() && made.status() == Status::out_of_host_memory && wanted > least;) {
    wanted = std::max(least, align_down(wanted / 4, window_alignment));
    made = make(wanted);
  }
  ZESVM_TRY(made);
  Entry* entry = *made;
  const Lock guard{lock_};
  entry->next = head_.load(std::memory_order_relaxed);
  // Pairs with the acquire in window_at(): whoever finds the entry finds it complete.
  head_.store(entry, std::memory_order_release);
  free_.emplace(entry->window.interval.begin, entry->window.interval.end);
  return Status::ok;
}

Result<Interval> AddressWindows::take_free(Bytes size, Bytes alignment) {
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const auto [begin, end] = *it;
    const Address from = align_up(begin, alignment);
    if (from < begin || from > end || end - from < size) continue;
    const Interval taken{from, from + size};
    free_.erase(it);
    if (begin < taken.begin) free_.emplace(begin, taken.begin);
    if (taken.end < end) free_.emplace(taken.end, end);
    return taken;
  }
  return Status::out_of_host_memory;
}

Result<Interval> AddressWindows::take(Bytes size, Bytes alignment) {
  if (size.count == 0 || !is_aligned(size, cpu_page) || !is_power_of_two(alignment)) {
    return Status::invalid_argument;
  }
  // More than any machine has: growing would only fail later, and adding sizes could overflow.
  if (size > 64_GiB * 1024 || alignment > 1_GiB * 1024) return Status::out_of_host_memory;
  for (;;) {
    {
      const Lock guard{lock_};
      if (auto taken = take_free(size, alignment); taken.has_value()) return taken;
    }
    // Others may take the new room first; then one more window is made.
    ZESVM_TRY(grow(size + alignment));
  }
}

Status AddressWindows::take_at(Interval wanted) {
  const Window* window = window_at(wanted.begin);
  if (window == nullptr || !window->interval.contains(wanted)) return Status::invalid_address;
  const Lock guard{lock_};
  auto it = free_.upper_bound(wanted.begin);
  if (it == free_.begin()) return Status::busy;
  --it;
  const Interval found{it->first, it->second};
  if (!found.contains(wanted)) return Status::busy;
  free_.erase(it);
  if (found.begin < wanted.begin) free_.emplace(found.begin, wanted.begin);
  if (wanted.end < found.end) free_.emplace(wanted.end, found.end);
  return Status::ok;
}

void AddressWindows::give_back(Interval interval) {
  const Window* window = window_at(interval.begin);
  const Lock guard{lock_};
  auto next = free_.lower_bound(interval.begin);
  if (next != free_.end() && next->first == interval.end &&
      window->interval.contains(next->first)) {
    interval.end = next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->second == interval.begin && window->interval.contains(before->first)) {
      before->second = interval.end;
      return;
    }
  }
  free_.emplace(interval.begin, interval.end);
}

const Window* AddressWindows::window_at(Address where) const {
  for (const Entry* entry = head_.load(std::memory_order_acquire); entry != nullptr;
       entry = entry->next) {
    if (entry->window.interval.contains(where)) return &entry->window;
  }
  return nullptr;
}

std::size_t AddressWindows::count() const {
  std::size_t count = 0;
  for (const Entry* entry = head_.load(std::memory_order_acquire); entry != nullptr;
       entry = entry->next) {
    ++count;
  }
  return count;
}

}  // namespace zesvm::simulator::node
