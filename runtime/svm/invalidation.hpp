/// @file invalidation.hpp
/// How the address space is told that CPU mappings change.
///
/// IV1  while an Invalidation lives, no device gets hold of memory in its interval: faults there
///      wait, and those that were under way start over
/// IV2  it allocates nothing, so that it can always be made
#pragma once

#include <cstdint>

#include "base/interval.hpp"

namespace zesvm::svm {

class AddressSpace;

/// What happens to CPU mappings.
enum class Event : std::uint8_t {
  /// They are going away, or are replaced: the content is dead where it is not preserved below.
  unmap,
  /// Their permission changes.
  protect,
  /// Their pages are replaced by others with the same content.
  migrate,
};

/// A change of the CPU mappings in an interval, from before it begins until it is done.
///
/// Making one unmaps every range that overlaps from every device and, with `unmap`, queues them for
/// collection (A5); then the CPU mapping is changed; then the Invalidation goes.
/// @context  any, fault; whoever has one holds no range and causes no fault in its interval
class Invalidation {
 public:
  Invalidation(AddressSpace& space, Interval interval, Event event) noexcept;
  ~Invalidation();
  Invalidation(const Invalidation&) = delete;
  Invalidation& operator=(const Invalidation&) = delete;

  Interval interval() const { return interval_; }

 private:
  friend class AddressSpace;
  AddressSpace& space_;
  const Interval interval_;
  /// The list of those under way, under its lock; not in it when the space was closed before.
  Invalidation* next_ = nullptr;
  bool is_listed_ = false;
};

}  // namespace zesvm::svm
