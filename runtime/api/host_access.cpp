#include <utility>

#include <zesvm/address_space.hpp>
#include <zesvm/error.hpp>

#include "api/allocations.hpp"

namespace zesvm {

HostAccess::HostAccess(AddressSpace& space, const void* pointer, std::size_t bytes,
                       Advice after) noexcept
    : space_(&space), pointer_(pointer), bytes_(bytes), after_(std::move(after)) {}

HostAccess::HostAccess(HostAccess&& other) noexcept
    : space_(std::exchange(other.space_, nullptr)),
      pointer_(other.pointer_),
      bytes_(other.bytes_),
      after_(other.after_),
      is_held_(other.is_held_) {}

HostAccess& HostAccess::operator=(HostAccess&& other) noexcept {
  std::swap(space_, other.space_);
  std::swap(pointer_, other.pointer_);
  std::swap(bytes_, other.bytes_);
  std::swap(after_, other.after_);
  std::swap(is_held_, other.is_held_);
  return *this;
}

HostAccess::~HostAccess() {
  if (space_ == nullptr) return;
  try {
    space_->advise(pointer_, bytes_, after_);
  } catch (const Error&) {
    // The memory stays preferred in system memory, or was freed: slower at worst.
  }
}

HostAccess AddressSpace::host_access(const void* pointer, std::size_t bytes) {
  check(pointer, bytes, "holding");
  const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
  const auto before = allocations_->location_of(interval);
  // Advised first: else a device that touches it in between takes it away again.
  HostAccess held(*this, pointer, bytes, before.value_or(no_preferred_location()));
  const HintResult advised = advise(pointer, bytes, prefer_system_memory());
  held.is_held_ = advised.outcome != HintOutcome::ignored;
  prefetch_to_system(pointer, bytes);
  return held;
}

}  // namespace zesvm
