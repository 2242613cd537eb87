/// @file device_port.hpp
/// The interface to one device: its page table, as the core drives it.
#pragma once

#include <compare>
#include <cstdint>

#include "base/interval.hpp"
#include "base/status.hpp"
#include "pagemap/block.hpp"
#include "pagemap/owner.hpp"
#include "svm/cpu_view.hpp"

namespace zesvm::svm {

/// Names a device (a tile) of one address space; never reused.
struct DeviceId {
  std::uint16_t index = 0;
  friend constexpr auto operator<=>(DeviceId, DeviceId) = default;
};

/// Which way data flows through a mapping.
enum class Direction : std::uint8_t { to_device, bidirectional };

/// Whether atomic operations of the device work through a mapping.
enum class Atomics : std::uint8_t { faulting, allowed };

/// What a device should see in an interval.
struct Mapping {
  /// system, local_vram, peer_fabric or peer_pcie.
  pagemap::Protocol protocol = pagemap::Protocol::system;
  /// Where in VRAM, unless the protocol is system.
  pagemap::Extent extent;
  Writable writable = Writable::yes;
  /// `faulting`: an atomic must raise a fault with Access::atomic (C4).
  Atomics atomics = Atomics::faulting;

  Direction direction() const {
    return writable == Writable::yes ? Direction::bidirectional : Direction::to_device;
  }
};

/// What a device can do, and from where on it migrates.
struct DeviceTraits {
  /// A discrete GPU: has VRAM of its own that is worth migrating to.
  bool is_discrete = true;
  /// Its atomics work on system memory.
  bool has_system_atomics = false;
  /// It has no page faults: ranges are faulted in before each launch.
  bool needs_prepare = false;
  /// It uses system memory in place; what cannot be in VRAM fails otherwise.
  bool maps_system_memory = true;
  /// Smaller ranges stay in system memory (B2).
  Bytes smallest_migratable = cpu_page;
};

/// The page table of one device. Implemented by the simulated node and by the runtime.
///
/// All functions are called with the notifier's lock held, so that no mapping outlives an
/// invalidation (A9, A10): they may take locks of order pagemap, tile and leaf only, must not wait
/// for anything that waits for a fault, must not call back into the core, and must not allocate
/// from the program's heap.
class DevicePort {
 public:
  virtual ~DevicePort() = default;

  /// Makes the interval reachable as described, replacing what was mapped there.
  /// @errors   map_failed, device_lost, out_of_device_memory: nothing is mapped there then
  virtual Status map(Interval interval, const Mapping& mapping) noexcept = 0;

  /// Makes the interval fault. The device may still use what it has cached until flush().
  /// A no-op where nothing is mapped.
  virtual void unmap(Interval interval, Direction mapped_as) noexcept = 0;

  /// Returns when no access made under a mapping that was unmapped in the interval is still going.
  virtual void flush(Interval interval) noexcept = 0;
};

}  // namespace zesvm::svm
