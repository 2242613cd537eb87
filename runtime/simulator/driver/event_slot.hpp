/// @file event_slot.hpp
/// The state behind one event or fence: a few words in memory that other processes may share, and
/// a futex to wait for them to change.
///
/// V1  a slot is reset, signalled or failed; only signal(), fail() and reset() change which
/// V2  times() and failure() are written before the state that makes them meaningful
/// V3  everybody who waits wakes when the slot is signalled or failed; nobody wakes for ever by it
/// A failed slot is what a command leaves that could not do its work: whoever waits gets the
/// status, and does not wait for ever.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/status.hpp"

namespace zesvm::simulator::driver {

/// When a wait ends without its condition; nothing: never.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Returns the deadline a Level Zero timeout means: all bits set is for ever.
Deadline deadline_after(std::uint64_t nanoseconds);

/// When the work an event stands for began and ended, in nanoseconds of the steady clock, and when
/// it ended on the node's virtual clock.
struct EventTimes {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t virtual_end = 0;
};

/// The words of one slot, in memory that several processes may map. All zeros: reset.
struct EventWords {
  std::atomic<std::uint32_t> state;
  std::atomic<std::uint32_t> failure;
  std::atomic<std::uint64_t> begin;
  std::atomic<std::uint64_t> end;
  std::atomic<std::uint64_t> virtual_end;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "slots are shared by processes");

/// Returns a status other than ok when there is no use in waiting any longer.
using GiveUp = std::function<Status()>;

/// One slot. Any thread may call anything at any time.
class EventSlot {
 public:
  /// Makes a slot of this process, reset.
  EventSlot();
  /// Makes a slot of words that `keeper` keeps mapped.
  EventSlot(EventWords* words, std::shared_ptr<void> keeper);
  EventSlot(const EventSlot&) = delete;
  EventSlot& operator=(const EventSlot&) = delete;

  /// Signals it, and wakes who waits.
  void signal(EventTimes times = {});
  /// Marks it as failed with `status`, not ok, and wakes who waits.
  void fail(Status status);
  void reset();

  /// Returns ok when signalled, timed_out when reset, else what failed.
  Status query() const;
  /// Waits until it is signalled or failed, and returns as query() does.
  ///
  /// @param give_up  asked now and then, outside any lock; its status ends the wait
  /// @errors   timed_out: not before `deadline`; what `give_up` said; what failed
  /// @locks    needs none, takes none
  Status wait(Deadline deadline, const GiveUp& give_up) const;
  /// Returns when the work began and ended; zeros unless query() is ok.
  EventTimes times() const;

 private:
  void publish(std::uint32_t state);

  EventWords* words_;
  std::shared_ptr<void> keeper_;
};

}  // namespace zesvm::simulator::driver
