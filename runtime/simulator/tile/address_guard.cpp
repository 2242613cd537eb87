#include "simulator/tile/address_guard.hpp"

#include <algorithm>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mutex.hpp"

namespace zesvm::simulator::tile {
namespace {

struct Guarded {
  Mutex<LockOrder::leaf> lock;
  // What living guards hold; may overlap.
  std::vector<Interval> intervals ZESVM_GUARDED_BY(lock);
};

Guarded& guarded() {
  // Never destroyed: guards of static objects may go after it.
  static Guarded* const all = new Guarded;
  return *all;
}

// Calls `body` with the parts of an interval that no guard holds, until one returns false.
template <typename Body>
bool for_each_free_part(Guarded& all, Interval interval, Body body) ZESVM_REQUIRES(all.lock) {
  for (Address at = interval.begin; at < interval.end;) {
    const auto holder = std::find_if(all.intervals.begin(), all.intervals.end(),
                                     [&](const Interval& held) { return held.contains(at); });
    if (holder != all.intervals.end()) {
      at = holder->end;
      continue;
    }
    Interval part{at, interval.end};
    for (const Interval& held : all.intervals) {
      if (part.contains(held.begin)) part.end = held.begin;
    }
    if (!body(part)) return false;
    at = part.end;
  }
  return true;
}

// System calls as such: sanitizers take a wish for what they have to answer for.
bool take(Interval part) {
  void* const wanted = pointer_to<void>(part.begin);
  const long at =
      ::syscall(SYS_mmap, wanted, part.size().count, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0L);
  if (at == -1) return false;
  if (reinterpret_cast<void*>(at) == wanted) return true;
  // A kernel that does not know the flag takes the address as a wish.
  ::syscall(SYS_munmap, at, part.size().count);
  return false;
}

bool give_back(Interval part) {
  ::syscall(SYS_munmap, part.begin.value, part.size().count);
  return true;
}

}  // namespace

Result<AddressGuard> AddressGuard::reserve(std::span<const Interval> intervals) {
  AddressGuard guard;
  Guarded& all = guarded();
  for (const Interval interval : intervals) {
    std::vector<Interval> taken;
    const Lock lock{all.lock};
    const bool is_free = for_each_free_part(all, interval, [&](Interval part) {
      if (take(part)) taken.push_back(part);
      return !taken.empty() && taken.back() == part;
    });
    if (!is_free) {
      for (const Interval part : taken) give_back(part);
      return Status::busy;
    }
    all.intervals.push_back(interval);
    guard.intervals_.push_back(interval);
  }
  return guard;
}

AddressGuard::~AddressGuard() {
  if (intervals_.empty()) return;
  Guarded& all = guarded();
  const Lock lock{all.lock};
  for (const Interval interval : intervals_) {
    all.intervals.erase(std::find(all.intervals.begin(), all.intervals.end(), interval));
    for_each_free_part(all, interval, give_back);
  }
}

}  // namespace zesvm::simulator::tile
