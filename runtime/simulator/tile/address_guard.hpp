/// @file address_guard.hpp
/// Addresses of this process that nothing may be at, because a helper has memory of its own there.
///
/// Several helpers may have theirs in overlapping intervals: what any guard holds is reserved, once.
#pragma once

#include <span>
#include <vector>

#include "base/interval.hpp"
#include "base/status.hpp"

namespace zesvm::simulator::tile {

/// Reserves intervals while it lives.
class AddressGuard {
 public:
  /// Guards nothing.
  AddressGuard() = default;
  /// Reserves all of `intervals`, or none.
  ///
  /// @errors   busy: something of this process is in one of them
  /// @locks    takes leaf
  [[nodiscard]] static Result<AddressGuard> reserve(std::span<const Interval> intervals);
  AddressGuard(AddressGuard&& other) noexcept : intervals_(std::move(other.intervals_)) {}
  AddressGuard& operator=(AddressGuard&& other) noexcept {
    std::swap(intervals_, other.intervals_);
    return *this;
  }
  ~AddressGuard();

 private:
  std::vector<Interval> intervals_;
};

}  // namespace zesvm::simulator::tile
