#include <utility>

#include <zesvm/address_space.hpp>
#include <zesvm/error.hpp>

#include "api/allocations.hpp"
#include "api/traced.hpp"
#include "levelzero/backing.hpp"
#include "levelzero/context.hpp"

namespace zesvm {

HostAccess::HostAccess(AddressSpace& space, const void* pointer, std::size_t bytes,
                       bool is_held) noexcept
    : space_(&space), pointer_(pointer), bytes_(bytes), is_held_(is_held) {}

HostAccess::HostAccess(HostAccess&& other) noexcept
    : space_(std::exchange(other.space_, nullptr)),
      pointer_(other.pointer_),
      bytes_(other.bytes_),
      is_held_(other.is_held_) {}

HostAccess& HostAccess::operator=(HostAccess&& other) noexcept {
  std::swap(space_, other.space_);
  std::swap(pointer_, other.pointer_);
  std::swap(bytes_, other.bytes_);
  std::swap(is_held_, other.is_held_);
  return *this;
}

HostAccess::~HostAccess() {
  if (space_ != nullptr) space_->unpin(pointer_, bytes_);
}

HostAccess AddressSpace::host_access(const void* pointer, std::size_t bytes, AccessMode mode) {
  check(pointer, bytes, "holding");
  const Interval whole{align_up(address_of(pointer), cpu_page),
                       align_down(address_of(pointer) + Bytes{bytes}, cpu_page)};
  if (mode == AccessMode::write && whole.begin < whole.end)
    discard(pointer_to<void>(whole.begin), whole.size().count);
  const HintResult pinned = pin(pointer, bytes);
  return HostAccess(
      *this, pointer, bytes,
      pinned.outcome == HintOutcome::applied || pinned.outcome == HintOutcome::already_so);
}

HintResult AddressSpace::pin(const void* pointer, std::size_t bytes) {
  check(pointer, bytes, "pinning");
  return traced_hint(context_, "pin", pointer, bytes, std::nullopt,
                     [&] { return pin_checked(pointer, bytes); });
}

HintResult AddressSpace::pin_checked(const void* pointer, std::size_t bytes) {
  const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
  if (levelzero::MemoryBacking* const backing = context_.backing_at(pointer)) {
    HintResult held = backing->hold_on_host(interval);
    allocations_->pin(interval);
    return held;
  }
  // Preferred there first: else a device that touches it in between takes it away again.
  HintResult result = tell_driver(pointer, bytes, prefer_system_memory());
  prefetch_to_system(pointer, bytes);
  allocations_->pin(interval);
  return result;
}

void AddressSpace::unpin(const void* pointer, std::size_t bytes) noexcept {
  const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
  try {
    if (levelzero::MemoryBacking* const backing = context_.backing_at(pointer)) {
      if (allocations_->is_pinned(interval)) backing->release_on_host(interval);
      allocations_->unpin(interval);
      return;
    }
    for (const Interval& free : allocations_->unpin(interval)) restore_location(free);
  } catch (const Error&) {
    // The memory stays preferred in system memory, or was freed: slower at worst.
  }
}

}  // namespace zesvm
