/// @file clock.hpp
/// Time as the core sees it, so that a test can be its master.
#pragma once

#include <chrono>
#include <thread>

namespace zesvm {

/// Tells the time and waits.
class Clock {
 public:
  using Instant = std::chrono::nanoseconds;

  virtual ~Clock() = default;
  /// Returns the time since some fixed instant; never goes back.
  virtual Instant now() noexcept { return std::chrono::steady_clock::now().time_since_epoch(); }
  /// Returns when now() has reached `when`.
  virtual void wait_until(Instant when) noexcept {
    const Instant left = when - now();
    if (left.count() > 0) std::this_thread::sleep_for(left);
  }
  /// Returns the clock of the machine.
  static Clock& steady() {
    static Clock clock;
    return clock;
  }
};

}  // namespace zesvm
