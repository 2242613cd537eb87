/// @file kernel_times.hpp
/// When kernels of a list ran, for the trace: by the device's own clock, where it tells.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

#include "levelzero/work_trace.hpp"

namespace zesvm::levelzero {

/// The kernels of one command list since its last wait. One thread at a time.
class KernelTimes {
 public:
  KernelTimes(const Context& context, const Tile& tile, WorkTrace& trace);
  ~KernelTimes();
  KernelTimes(const KernelTimes&) = delete;
  KernelTimes& operator=(const KernelTimes&) = delete;

  /// Returns the event that a launch about to be appended is to signal; null when the driver has no
  /// more: the launch goes unrecorded then.
  ze_event_handle_t next(const std::string& kernel);
  /// Forgets the launch that next() gave an event for last: it was not appended.
  void take_back(ze_event_handle_t event);
  /// Writes what ran. All of the list is done, or failed.
  void write();

 private:
  struct Launch {
    std::string kernel;
    std::chrono::nanoseconds appended;
  };
  /// The device's clock, and what the host's was at the same moment.
  struct Correlation {
    std::chrono::nanoseconds host{0};
    std::uint64_t device = 0;
    double nanoseconds_per_tick = 0;
    std::uint64_t mask = 0;
  };
  void grow();
  Correlation correlate() const;
  bool write_measured(const Launch& launch, ze_event_handle_t event, const Correlation& clocks);

  const Context& context_;
  const Tile& tile_;
  WorkTrace& trace_;
  const TraceLane lane_;
  std::vector<ze_event_pool_handle_t> pools_;
  // The first launches_.size() of them are in use.
  std::vector<ze_event_handle_t> events_;
  std::vector<Launch> launches_;
};

}  // namespace zesvm::levelzero
