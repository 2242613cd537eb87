#include "simulator/tile/command_channel.hpp"

#include <bit>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>

#include "simulator/tile/futex.hpp"

namespace zesvm::simulator::tile {

static_assert(slot_count == 64, "free_slots_ holds one bit for each");

CommandChannel::CommandChannel()
    : memory_(::memfd_create("zesvm-tile-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (!memory_.is_open() || ::ftruncate(memory_.get(), sizeof(Channel)) != 0) return;
  if (::fcntl(memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return;
  void* mapped =
      ::mmap(nullptr, sizeof(Channel), PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (mapped != MAP_FAILED) channel_ = static_cast<Channel*>(mapped);
}

CommandChannel::~CommandChannel() {
  if (channel_ != nullptr) ::munmap(channel_, sizeof(Channel));
}

Status CommandChannel::call(CommandKind kind, std::span<const std::byte> head,
                            std::span<const std::byte> tail, std::string* text) {
  if (home_.is_elsewhere()) return Status::device_lost;
  if (head.size() + tail.size() > payload_bytes) return Status::invalid_argument;
  const std::uint32_t index = take_slot();
  if (index == slot_count) return Status::device_lost;

  CommandSlot& slot = channel_->slots[index];
  slot.kind = kind;
  slot.size = static_cast<std::uint32_t>(head.size() + tail.size());
  // Outside the lock: a payload may lie in memory whose touch faults.
  if (!head.empty()) std::memcpy(slot.payload.data(), head.data(), head.size());
  if (!tail.empty()) std::memcpy(slot.payload.data() + head.size(), tail.data(), tail.size());
  slot.done.store(command_pending);
  order_.depart();
  submit(index);

  std::uint32_t done = command_pending;
  while ((done = slot.done.load()) == command_pending && !abandoned_.load())
    futex_wait_awake(slot.done, command_pending);
  order_.arrive();
  const Status status = done == command_done ? slot.status : Status::device_lost;
  if (text != nullptr && done == command_done)
    text->assign(reinterpret_cast<const char*>(slot.payload.data()), slot.size);
  give_back(index);
  return status;
}

void CommandChannel::abandon() {
  abandoned_.store(true);
  if (channel_ == nullptr) return;
  for (CommandSlot& slot : channel_->slots) {
    std::uint32_t expected = command_pending;
    slot.done.compare_exchange_strong(expected, command_abandoned);
    futex_wake_all(slot.done);
  }
  Lock guard{lock_};
  slot_free_.notify_all();
}

std::uint32_t CommandChannel::take_slot() {
  Lock guard{lock_};
  while (free_slots_ == 0 && !abandoned_.load()) slot_free_.wait(lock_);
  if (abandoned_.load()) return slot_count;
  const auto index = static_cast<std::uint32_t>(std::countr_zero(free_slots_));
  free_slots_ &= ~(std::uint64_t{1} << index);
  return index;
}

void CommandChannel::submit(std::uint32_t index) {
  {
    Lock guard{lock_};
    channel_->order[submitted_ % slot_count] = index;
    channel_->submitted.store(++submitted_);
  }
  // Both seq_cst: either the helper sees the new count before it sleeps, or this sees it asleep.
  if (channel_->helper_sleeps.load() != 0) futex_wake_one(channel_->submitted);
}

void CommandChannel::give_back(std::uint32_t index) {
  Lock guard{lock_};
  free_slots_ |= std::uint64_t{1} << index;
  slot_free_.notify_one();
}

}  // namespace zesvm::simulator::tile
