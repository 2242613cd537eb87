/// @file range_placement.hpp
/// Which host memory was placed on which NUMA node, so that ranges lie near the GPU they are for.
///
/// RP1  on a host with one NUMA node, or without libnuma, nothing is asked, kept or changed
/// RP2  advice places memory whatever was there before; being given to a device (a prefetch, a launch)
///      places only what nobody placed before, so that memory two devices take turns with does not
///      travel between NUMA nodes
/// RP3  placed intervals are disjoint and not empty
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/interval.hpp"
#include "base/mutex.hpp"
#include "topology/host_placement.hpp"

namespace zesvm::topology {

/// Places host memory by the device it is for. Safe to use from any thread.
class RangePlacement {
 public:
  /// Answers which NUMA node each device is attached to, by the system's numbers.
  using NodesOfDevices = std::function<std::vector<std::optional<std::uint32_t>>()>;

  /// `nodes_of_devices` is asked before the first memory is placed, and not again unless it throws.
  RangePlacement(HostNuma& numa, NodesOfDevices nodes_of_devices);

  /// Returns whether the host has NUMA nodes to choose from.
  bool is_needed() const { return is_needed_; }

  /// Places memory near a device (RP2: as advice does) and says what came of it.
  HostPlacementResult place(Interval interval, std::size_t device);
  /// Places near a device what nobody placed (RP2); nothing where it is not needed.
  void place_first(Interval interval, std::size_t device);
  /// Lets the calling thread run only near a device.
  HostPlacementResult bind_thread(std::size_t device);
  /// Forgets memory that was freed.
  void forget(Interval interval);

 private:
  std::optional<std::uint32_t> node_of(std::size_t device);
  std::vector<Interval> unplaced_parts(Interval interval) const ZESVM_REQUIRES(lock_);
  void erase(Interval interval) ZESVM_REQUIRES(lock_);

  const HostPlacement placement_;
  const bool is_needed_;
  const NodesOfDevices nodes_of_devices_;
  mutable Mutex<LockOrder::leaf> lock_;
  std::optional<std::vector<std::optional<std::uint32_t>>> nodes_ ZESVM_GUARDED_BY(lock_);
  // Begin to end.
  std::map<Address, Address> placed_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::topology
