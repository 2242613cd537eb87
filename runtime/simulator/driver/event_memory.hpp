/// @file event_memory.hpp
/// The words of a pool of events, in a memory file that other processes can map.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "simulator/driver/event_slot.hpp"

namespace zesvm::simulator::driver {

/// What a process passes to another one, so that it finds the words.
using EventMemoryTicket = std::array<char, 64>;

/// The mapped words. Held by a shared pointer by the pool and every slot of it.
class EventMemory : public std::enable_shared_from_this<EventMemory> {
 public:
  /// Makes words for `count` events, all reset.
  /// @errors out_of_host_memory
  static Result<std::shared_ptr<EventMemory>> create(std::uint32_t count, std::uint32_t flags);
  /// Maps the words another process (or this one) made and still has.
  /// @errors invalid_argument: no ticket, or its maker is gone; out_of_host_memory
  static Result<std::shared_ptr<EventMemory>> open(const EventMemoryTicket& ticket);
  ~EventMemory();
  EventMemory(const EventMemory&) = delete;
  EventMemory& operator=(const EventMemory&) = delete;

  /// Returns a slot on the words at `index`, below count(). Slots of one index share their state.
  std::shared_ptr<EventSlot> slot(std::uint32_t index);
  std::uint32_t count() const { return count_; }
  /// Returns the flags its maker gave it.
  std::uint32_t flags() const { return flags_; }
  /// Returns whether another call made the words, in this process or another.
  bool is_imported() const { return origin_ == Origin::imported; }
  /// Returns the ticket other processes of the same user open it with, while this one lives.
  EventMemoryTicket ticket() const;

 private:
  enum class Origin : std::uint8_t { own, imported };

  EventMemory(UniqueFd file, EventWords* words, std::uint32_t count, std::uint32_t flags,
              Origin origin);
  static Result<std::shared_ptr<EventMemory>> map(UniqueFd file, std::uint32_t count,
                                                  std::uint32_t flags, Origin origin);

  const UniqueFd file_;
  EventWords* const words_;
  const std::uint32_t count_;
  const std::uint32_t flags_;
  const Origin origin_;
};

}  // namespace zesvm::simulator::driver
