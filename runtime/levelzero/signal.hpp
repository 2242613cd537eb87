/// @file signal.hpp
/// Level Zero events: handed out by a pool that grows, given back when nobody holds them.
#pragma once

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

 private:
  friend class SignalPool;
  Signal(std::shared_ptr<SignalPool*> home, ze_event_handle_t handle);
  // Null inside when the pool is gone, and the event with it.
  std::shared_ptr<SignalPool*> home_;
  ze_event_handle_t handle_;
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
