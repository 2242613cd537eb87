/// @file command_channel.hpp
/// The driver's side of a tile's shared memory: commands there and back.
///
/// Q1  a slot belongs to one caller from take_slot() to give_back()
/// Q2  after abandon(), no call waits: pending ones return device_lost, new ones too
/// The service threads call through this while the application's heap may be trapped, so a call
/// allocates nothing.
#pragma once

#include <atomic>
#include <span>
#include <string>

#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "simulator/tile/channel.hpp"
#include "simulator/tile/fork_watch.hpp"

namespace zesvm::simulator::tile {

/// Views the bytes of a plain object.
template <typename T>
std::span<const std::byte> bytes_of(const T& object) {
  return std::as_bytes(std::span{&object, 1});
}

/// Commands to a helper.
class CommandChannel {
 public:
  /// Makes the shared memory; is_open() tells whether that worked.
  CommandChannel();
  ~CommandChannel();
  CommandChannel(const CommandChannel&) = delete;
  CommandChannel& operator=(const CommandChannel&) = delete;

  /// Returns the process the channel was made in.
  const HomeProcess& home() const { return home_; }
  bool is_open() const { return channel_ != nullptr; }
  /// Returns the descriptor of the shared memory, for the helper.
  int descriptor() const { return memory_.get(); }
  Channel& shared() { return *channel_; }
  OrderThroughHelper& order() { return order_; }

  /// Sends a command and waits for its answer.
  ///
  /// @param head  the payload; `tail` follows it. Together at most payload_bytes
  /// @param text  takes the answer's payload, where there is one
  /// @errors   device_lost, also in a child process; invalid_argument: too large; what the helper answered
  /// @locks    takes tile, not while waiting for the answer
  Status call(CommandKind kind, std::span<const std::byte> head,
              std::span<const std::byte> tail = {}, std::string* text = nullptr);

  /// Q2. Safe to call twice.
  void abandon();

  /// Returns whether abandon() was called.
  bool is_abandoned() const { return abandoned_.load(std::memory_order_acquire); }

 private:
  // Returns the index of a slot; slot_count when abandoned.
  std::uint32_t take_slot();
  void submit(std::uint32_t index);
  void give_back(std::uint32_t index);

  const HomeProcess home_;
  UniqueFd memory_;
  Channel* channel_ = nullptr;
  OrderThroughHelper order_;
  // Written by abandon(); seq_cst, so that either a caller sees it or abandon() sees the slot.
  std::atomic<bool> abandoned_{false};
  Mutex<LockOrder::tile> lock_;
  Condition slot_free_;
  // One bit for each free slot.
  std::uint64_t free_slots_ ZESVM_GUARDED_BY(lock_) = ~std::uint64_t{0};
  std::uint32_t submitted_ ZESVM_GUARDED_BY(lock_) = 0;
};

}  // namespace zesvm::simulator::tile
