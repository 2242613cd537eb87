#include "simulator/driver/device_clock.hpp"

#include <chrono>

namespace zesvm::simulator::driver {

std::uint64_t DeviceClock::now() const {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return ticks_at(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()));
}

std::uint64_t DeviceClock::ticks_at(std::uint64_t nanoseconds) const {
  return static_cast<std::uint64_t>(static_cast<long double>(nanoseconds) / resolution_ns_);
}

ze_kernel_timestamp_result_t DeviceClock::kernel_timestamps(EventTimes times) const {
  const std::uint64_t mask = valid_bits_ >= 64 ? ~0ULL : (1ULL << valid_bits_) - 1;
  const ze_kernel_timestamp_data_t data{ticks_at(times.begin) & mask, ticks_at(times.end) & mask};
  return {data, data};
}

}  // namespace zesvm::simulator::driver
