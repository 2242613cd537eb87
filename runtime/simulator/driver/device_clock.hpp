/// @file device_clock.hpp
/// The clock of a device: the steady clock of the host, in the device's ticks.
#pragma once

#include <cstdint>

#include <level_zero/ze_api.h>

#include "simulator/driver/event_slot.hpp"

namespace zesvm::simulator::driver {

/// Converts between the steady clock and a device's timestamps. A plain value.
class DeviceClock {
 public:
  /// @param resolution_ns  nanoseconds per tick
  /// @param valid_bits     significant bits of a kernel timestamp; higher ones wrap
  DeviceClock(double resolution_ns, std::uint32_t valid_bits)
      : resolution_ns_(resolution_ns), valid_bits_(valid_bits) {}

  /// Returns the time now in ticks, all 64 bits of it: a global timestamp.
  std::uint64_t now() const;
  /// Returns a point of the steady clock, in nanoseconds, in ticks.
  std::uint64_t ticks_at(std::uint64_t nanoseconds) const;
  /// Returns the timestamps of work, wrapped to the valid bits.
  ze_kernel_timestamp_result_t kernel_timestamps(EventTimes times) const;

 private:
  double resolution_ns_;
  std::uint32_t valid_bits_;
};

}  // namespace zesvm::simulator::driver
