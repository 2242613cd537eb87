/// @file futex.hpp
/// Waiting on a word in memory that two processes share.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/look_awake.hpp"

namespace zesvm::simulator::tile {

/// Sleeps until woken, or for a tenth of a second, if the word holds `seen`. Returns early for any
/// reason; the caller looks again.
///
/// The limit lets a waiter look whether the other process still lives, should a wake have been lost
/// with the process that owed it.
inline void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  const timespec limit{0, 100'000'000};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, &limit, nullptr, 0);
}

/// Waits like futex_wait(), but looks for a while before it sleeps.
inline void futex_wait_awake(const std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  if (!look_awake(word, seen)) futex_wait(word, seen);
}

/// Wakes one sleeper of the word.
inline void futex_wake_one(const std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

/// Wakes all sleepers of the word.
inline void futex_wake_all(const std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace zesvm::simulator::tile
