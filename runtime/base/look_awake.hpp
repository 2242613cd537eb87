/// @file look_awake.hpp
/// Waiting without sleeping, for what mostly comes soon.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <sched.h>

namespace zesvm {

/// Looks for a while, without sleeping, whether the word changes from `seen`; returns whether it did.
///
/// What is waited for in the service of a fault mostly comes within the time that a chunk takes to
/// copy, and waking a sleeping processor of a virtual machine costs tens of microseconds. Others that
/// want the processor get it at every look; where somebody does, looking ends.
///
/// @context  any, fault, signal handlers
inline bool look_awake(const std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  constexpr std::int64_t patience_ns = 1'000'000;
  // Far more than a yield to nobody takes, far less than a time slice of somebody else.
  constexpr std::int64_t others_ran_ns = 20'000;
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
  };
  std::int64_t last = now();
  for (const std::int64_t limit = last + patience_ns; last < limit;) {
    if (word.load(std::memory_order_acquire) != seen) return true;
    ::sched_yield();
    const std::int64_t looked = now();
    if (looked - last > others_ran_ns) break;
    last = looked;
  }
  return word.load(std::memory_order_acquire) != seen;
}

}  // namespace zesvm
