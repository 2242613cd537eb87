/// @file fault_service.hpp
/// Answers the faults of one tile.
///
/// There is one thread for each thread of the helper that can fault, so that no fault ever waits
/// for the service of another one.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "simulator/tile/channel.hpp"

namespace zesvm::simulator::tile {

/// The service threads of one tile.
class FaultService {
 public:
  FaultService(Channel& channel, OrderThroughHelper& order, FaultHandler handler)
      : channel_(channel), order_(order), handler_(std::move(handler)) {}
  ~FaultService() { stop(); }
  FaultService(const FaultService&) = delete;
  FaultService& operator=(const FaultService&) = delete;

  /// Starts that many threads.
  void start(unsigned threads);

  /// Ends the threads, after the answers they are working on.
  void stop();

 private:
  void serve();
  // Waits for the doorbell without sleeping; false when it did not ring.
  bool watch(std::uint32_t rung);
  // Lets another thread serve a fault that is left.
  void wake_for_the_next();
  // Answers one fault; false when there is none.
  bool serve_one();

  Channel& channel_;
  OrderThroughHelper& order_;
  const FaultHandler handler_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace zesvm::simulator::tile
