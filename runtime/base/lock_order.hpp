/// @file lock_order.hpp
/// Every lock of the project, outermost first. A thread may take a lock only while it holds locks
/// that stand above it here; builds with ZESVM_CHECKS abort, naming both, when it does otherwise.
/// docs/locking.md is generated from this file.
#pragma once

#include <cstdint>
#include <string_view>

namespace zesvm {

/// The order. A thread holds at most one lock of each line, `leaf` included.
enum class LockOrder : std::uint8_t {
  /// Which work uses which memory of the runtime's own backing. Work is prepared and appended, and
  /// memory taken away from devices, under it; waiting for events is allowed.
  work,
  /// Level Zero objects of one context, queue or list: its commands and their order. Everything
  /// below may be called under it, except waiting for the host to signal an event.
  driver,
  /// Which allocations of the node exist and what they are.
  allocations,
  /// Shared mutex. Attributes and the set of notifiers of an address space. No device calls.
  address_space,
  /// One each. Serialises the work on one range that drops other locks: migrating, evicting.
  range,
  /// One each. Ranges of a notifier, their flags and pages. Unmap and flush are allowed; eviction
  /// (needs a second notifier) and waiting for a copy are not.
  notifier,
  /// One per tile. Blocks and their order of use. No copies.
  pagemap,
  /// One per tile. The command ring to its process. Nothing that faults.
  tile,
  /// Any lock under which nothing else is taken and no callback runs.
  leaf,
};

/// Returns the name of a place in the order.
constexpr std::string_view name_of(LockOrder order) {
  switch (order) {
    case LockOrder::work: return "work";
    case LockOrder::driver: return "driver";
    case LockOrder::allocations: return "allocations";
    case LockOrder::address_space: return "address_space";
    case LockOrder::range: return "range";
    case LockOrder::notifier: return "notifier";
    case LockOrder::pagemap: return "pagemap";
    case LockOrder::tile: return "tile";
    case LockOrder::leaf: return "leaf";
  }
  return "unknown";
}

namespace detail {
/// Notes that this thread is about to take a lock; aborts when the order forbids it.
void note_acquire(LockOrder order) noexcept;
/// Notes that this thread took a lock without waiting for it, which the order always allows.
void note_try_acquire(LockOrder order) noexcept;
/// Notes that this thread gave a lock back.
void note_release(LockOrder order) noexcept;
}  // namespace detail

}  // namespace zesvm
