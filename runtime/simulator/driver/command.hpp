/// @file command.hpp
/// A command as it was recorded: what to wait for, what to do, what to signal. Recorded once,
/// possibly run many times; what the program passed was copied when it was appended.
///
/// K1  a command owns or shares everything it needs: slots, modules, copies of arguments. The
///     handles it was made from may be gone when it runs.
/// K2  only the mutable command list functions change a recorded command, and never while it runs
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "simulator/driver/command_target.hpp"
#include "simulator/driver/event_slot.hpp"

namespace zesvm::simulator::driver {

/// The deed of a command.
class Action {
 public:
  virtual ~Action() = default;
  /// Does it. Times of zero mean: take those around the call.
  virtual node::Outcome execute(CommandTarget& target) = 0;
};

/// One recorded command. Without an action it is a barrier, a wait or a signal: in a stream, what
/// follows starts after what came before anyhow.
struct Command {
  std::vector<std::shared_ptr<EventSlot>> waits;
  std::shared_ptr<Action> action;
  std::shared_ptr<EventSlot> signal;
  /// The signal belongs to a counter-based event, which nobody resets: each submission does.
  bool rearms_signal = false;
  /// Given out by zeCommandListGetNextCommandIdExp; 0 when nobody asked.
  std::uint64_t id = 0;
};

/// The commands of one list, in order.
struct CommandSequence {
  std::vector<std::shared_ptr<Command>> commands;
};

}  // namespace zesvm::simulator::driver
