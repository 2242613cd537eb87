/// @file signal.hpp
/// Level Zero events: handed out by a pool that grows, given back when nobody holds them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

#include "base/mutex.hpp"

namespace zesvm::levelzero {

class SignalPool;

/// One event, for one signal: fresh from the pool it is not signalled.
class Signal {
 public:
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  ze_event_handle_t handle() const { return handle_; }
  /// Returns when it is signalled. @errors launch_failed, device_lost
  void wait() const;
  /// Returns whether it is signalled. @errors as wait()
  bool is_done() const;
  /// Asks the driver for the last time, before the list that signals it is destroyed. Intel's driver notes a
  /// list's queue in the events that the list was given; the first to see one done, or to reset it, writes to
  /// that queue, also when it is gone.
  ///
  /// @param list  what waiting for all of the list came to; an error is what is said from now on where the
  ///              event is not signalled
  void settle(ze_result_t list) const;

 private:
  friend class SignalPool;
  Signal(std::shared_ptr<SignalPool*> home, ze_event_handle_t handle);
  // Returns what waiting for it, or looking at it, comes to; without the driver once that is known.
  template <typename Call>
  ze_result_t ask(Call&& call) const;

  // Null inside when the pool is gone, and the event with it.
  std::shared_ptr<SignalPool*> home_;
  ze_event_handle_t handle_;
  // What became of it; not ready: the driver knows.
  mutable std::atomic<ze_result_t> outcome_{ZE_RESULT_NOT_READY};
  // Threads that may be asking the driver. Counted before outcome_ is looked at, and read by settle() after it
  // was set: both in the one order of all such operations.
  mutable std::atomic<std::uint32_t> asking_{0};
};

/// The events of one context.
class SignalPool {
 public:
  explicit SignalPool(ze_context_handle_t context);
  /// Destroys all events; signals that live on can only be destroyed.
  ~SignalPool();
  SignalPool(const SignalPool&) = delete;
  SignalPool& operator=(const SignalPool&) = delete;

  /// Returns an event that is not signalled. @errors Error: the driver has no more
  std::shared_ptr<Signal> take();

 private:
  friend class Signal;
  ze_event_handle_t take_free();
  void grow();
  void give_back(ze_event_handle_t event);

  ze_context_handle_t context_;
  std::shared_ptr<SignalPool*> self_;
  // Never held while Level Zero is called: events are taken under locks of command lists.
  Mutex<LockOrder::leaf> lock_;
  std::vector<ze_event_pool_handle_t> pools_ ZESVM_GUARDED_BY(lock_);
  std::vector<ze_event_handle_t> all_ ZESVM_GUARDED_BY(lock_);
  std::vector<ze_event_handle_t> free_ ZESVM_GUARDED_BY(lock_);
};

/// Throws what a failed wait for work means: the work failed, or the device is lost.
/// `detail` is what the driver says about it; may be empty.
[[noreturn]] void throw_work_failed(const char* call, ze_result_t result,
                                    const std::string& detail = {});

}  // namespace zesvm::levelzero
