#include "simulator/driver/event.hpp"

#include <algorithm>

#include "simulator/node/node.hpp"
#include "simulator/node/virtual_clock.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {
// ze_event_counter_based_flag_t, since Level Zero 1.15.
constexpr std::uint32_t counter_flag_ipc = 8;
constexpr std::uint32_t counter_flag_device_timestamp = 16;
constexpr std::uint32_t counter_flag_host_timestamp = 32;
// Since Level Zero 1.7.
constexpr ze_event_pool_flags_t pool_flag_mapped_timestamp = 8;
}  // namespace

EventPool::EventPool(std::shared_ptr<Context> context, std::vector<Device*> devices,
                     std::shared_ptr<EventMemory> memory, EventNature nature)
    : context_(std::move(context)),
      devices_(devices.empty()
                   ? std::vector<Device*>(context_->devices().begin(), context_->devices().end())
                   : std::move(devices)),
      memory_(std::move(memory)),
      nature_(nature) {}

Status EventPool::give_up_status() const {
  const bool all_lost = std::all_of(devices_.begin(), devices_.end(),
                                    [](const Device* device) { return device->is_lost(); });
  return all_lost ? Status::device_lost : Status::ok;
}

Event::Event(std::shared_ptr<EventPool> pool, EventOptions options)
    : pool_(std::move(pool)), options_(options), slot_(pool_->memory().slot(options.index)) {}

bool Event::has_timestamps() const {
  constexpr std::uint32_t counter_timestamps =
      counter_flag_device_timestamp | counter_flag_host_timestamp;
  return (pool_->flags() & (ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP | pool_flag_mapped_timestamp)) !=
             0 ||
         (options_.counter_flags & counter_timestamps) != 0;
}

std::shared_ptr<EventSlot> Event::slot() const {
  Lock guard{lock_};
  return slot_;
}

std::shared_ptr<EventSlot> Event::slot_to_signal() {
  Lock guard{lock_};
  if (nature() == EventNature::plain) return slot_;
  if ((options_.counter_flags & counter_flag_ipc) != 0) {
    slot_->reset();
  } else {
    slot_ = std::make_shared<EventSlot>();
  }
  return slot_;
}

Status Event::wait(Deadline deadline) const {
  const auto waited_for = slot();
  const Status status = waited_for->wait(deadline, [this] { return pool_->give_up_status(); });
  // The host knows from here on that it happened, so what it does next comes after it.
  const auto when = static_cast<node::VirtualTime::rep>(waited_for->times().virtual_end);
  pool_->devices().front()->node().virtual_clock().host_reaches(node::VirtualTime{when});
  return status;
}

DeviceClock Event::clock() const { return clock_of(*pool_->devices().front()); }

DeviceClock clock_of(const Device& device) {
  const topology::DeviceDescription& description = device.description();
  return {description.timer_resolution_ns, description.timestamp_bits};
}

}  // namespace zesvm::simulator::driver
