/// @file event.hpp
/// Events, and the pools that hold their state.
///
/// A plain event is a slot of its pool, signalled and reset explicitly. A counter-based event
/// stands for the last command that was appended with it: appending gives it a new slot, and who
/// waits for the command before keeps the old one. One that other processes may open has to keep
/// its slot, and is reset when appended.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "simulator/driver/device_clock.hpp"
#include "simulator/driver/event_memory.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/object.hpp"

namespace zesvm::simulator::driver {

/// Every scope flag there is.
inline constexpr ze_event_scope_flags_t event_scope_flags_known =
    ZE_EVENT_SCOPE_FLAG_SUBDEVICE | ZE_EVENT_SCOPE_FLAG_DEVICE | ZE_EVENT_SCOPE_FLAG_HOST;

/// What an event does when it is appended to a list as the one to signal.
enum class EventNature : std::uint8_t { plain, counter_based };

/// Events of one context, by index.
class EventPool : public Object {
 public:
  using Handle = ze_event_pool_handle_t;
  static constexpr ObjectKind kind = ObjectKind::event_pool;

  /// @param devices  who may signal and wait; empty: all of the context
  EventPool(std::shared_ptr<Context> context, std::vector<Device*> devices,
            std::shared_ptr<EventMemory> memory, EventNature nature);

  const std::shared_ptr<Context>& context() const { return context_; }
  std::span<Device* const> devices() const { return devices_; }
  EventMemory& memory() const { return *memory_; }
  ze_event_pool_flags_t flags() const { return memory_->flags(); }
  EventNature nature() const { return nature_; }
  /// Returns DEVICE_LOST's status when no device is left that could signal anything.
  Status give_up_status() const;

 private:
  const std::shared_ptr<Context> context_;
  const std::vector<Device*> devices_;
  const std::shared_ptr<EventMemory> memory_;
  const EventNature nature_;
};

/// How an event was made.
struct EventOptions {
  std::uint32_t index = 0;
  ze_event_scope_flags_t signal_scope = 0;
  ze_event_scope_flags_t wait_scope = 0;
  /// Of a counter-based event: the flags it was made with.
  std::uint32_t counter_flags = 0;
};

/// One event.
class Event : public Object {
 public:
  using Handle = ze_event_handle_t;
  static constexpr ObjectKind kind = ObjectKind::event;

  Event(std::shared_ptr<EventPool> pool, EventOptions options);

  const std::shared_ptr<EventPool>& pool() const { return pool_; }
  const EventOptions& options() const { return options_; }
  EventNature nature() const { return pool_->nature(); }
  /// Returns whether it keeps kernel timestamps.
  bool has_timestamps() const;
  /// Returns the slot that says how it stands now. @locks takes leaf
  std::shared_ptr<EventSlot> slot() const;
  /// Returns the slot that a command appended now is to signal. @locks takes leaf
  std::shared_ptr<EventSlot> slot_to_signal();
  /// Waits until it is signalled. @errors timed_out; device_lost; why its command failed
  Status wait(Deadline deadline) const;
  /// Returns the clock its timestamps are in.
  DeviceClock clock() const;

 private:
  const std::shared_ptr<EventPool> pool_;
  const EventOptions options_;
  mutable Mutex<LockOrder::leaf> lock_;
  std::shared_ptr<EventSlot> slot_ ZESVM_GUARDED_BY(lock_);
};

/// Returns the clock of a device.
DeviceClock clock_of(const Device& device);

}  // namespace zesvm::simulator::driver
