/// @file command_list.hpp
/// Command lists: regular ones record and are executed by a queue; immediate ones run each command
/// as it is appended, on a stream of their own.
///
/// L1  a list accepts commands while open; an immediate list is always open
/// L2  what a queue executes is the sequence at the time of the call: a reset list leaves work that
///     is under way alone
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "simulator/driver/event.hpp"
#include "simulator/driver/execution_stream.hpp"
#include "simulator/driver/handles.hpp"
#include "simulator/driver/object.hpp"

namespace zesvm::simulator::driver {

/// What the commands of a queue group can be.
enum class Engine : std::uint8_t { compute, copy };

/// Returns what kind of engine a queue group ordinal of a device stands for; nothing: none.
std::optional<Engine> engine_of(const Device& device, std::uint32_t ordinal);
/// Returns how many queues a group has.
std::uint32_t queues_in_group(const Device& device, std::uint32_t ordinal);

/// Whether calls that submit work return before it is done.
enum class Submitting : std::uint8_t { asynchronous, synchronous };

/// What a list or queue was made for.
struct ListTraits {
  std::uint32_t ordinal = 0;
  std::uint32_t index = 0;
  /// ze_command_list_flags_t; of an immediate list and of a queue ze_command_queue_flags_t.
  std::uint32_t flags = 0;
  Submitting submitting = Submitting::asynchronous;
  StreamOrder order = StreamOrder::independent;
  ze_command_queue_priority_t priority = ZE_COMMAND_QUEUE_PRIORITY_NORMAL;
};

/// The events of a command, as the program passes them.
struct EventArguments {
  ze_event_handle_t signal = nullptr;
  std::uint32_t wait_count = 0;
  ze_event_handle_t* waits = nullptr;
};

/// A command list. The program makes sure that one thread at a time uses it.
class CommandList : public Object {
 public:
  using Handle = ze_command_list_handle_t;
  static constexpr ObjectKind kind = ObjectKind::command_list;

  /// @param stream  of an immediate list; null for a regular one
  CommandList(std::shared_ptr<Context> context, Device& device, ListTraits traits,
              std::shared_ptr<ExecutionStream> stream);
  ~CommandList() override;

  const std::shared_ptr<Context>& context() const { return context_; }
  Device& device() const { return device_; }
  const ListTraits& traits() const { return traits_; }
  bool is_immediate() const { return stream_ != nullptr; }
  bool is_open() const { return is_immediate() || is_open_; }
  bool is_copy_only() const;

  /// Records a command, or runs it on an immediate list; what a closed list is given is dropped.
  ///
  /// @param action  null: a barrier, wait or signal
  /// Returns INVALID_SIZE or INVALID_SYNCHRONIZATION_OBJECT for bad events; of a synchronous list,
  /// also what became of the command.
  ze_result_t append(std::shared_ptr<Action> action, const EventArguments& events);
  /// Runs closed regular lists as one command of this immediate list.
  ze_result_t append_lists(std::vector<std::shared_ptr<const CommandSequence>> sequences,
                           const EventArguments& events);
  ze_result_t close();
  ze_result_t reset();
  /// Waits for all commands of an immediate list.
  ze_result_t synchronize(Deadline deadline);
  /// Returns the recorded commands, to be executed. Only of a closed regular list.
  std::shared_ptr<const CommandSequence> sequence() const { return sequence_; }

  /// Returns a closed list with the same commands, which may be changed apart from this one's.
  std::shared_ptr<CommandList> clone() const;

  /// Announces that the next command may be changed, and returns the id to name it by.
  std::uint64_t announce_mutable();
  /// Returns the command with that id; null when there is none.
  Command* mutable_command(std::uint64_t id);
  /// Notes that commands were changed: the list has to be closed again.
  void reopen_for_close() { is_open_ = true; }

 private:
  ze_result_t submit(Submission submission);

  const std::shared_ptr<Context> context_;
  Device& device_;
  const ListTraits traits_;
  const std::shared_ptr<ExecutionStream> stream_;
  bool is_open_ = true;
  std::shared_ptr<CommandSequence> sequence_;
  std::uint64_t last_mutable_id_ = 0;
  std::uint64_t announced_id_ = 0;
};

/// A queue that executes closed lists.
class CommandQueue : public Object {
 public:
  using Handle = ze_command_queue_handle_t;
  static constexpr ObjectKind kind = ObjectKind::command_queue;

  CommandQueue(std::shared_ptr<Context> context, Device& device, ListTraits traits);
  ~CommandQueue() override;

  Device& device() const { return device_; }
  const ListTraits& traits() const { return traits_; }
  /// Executes sequences in order, and signals `fence` (may be null) then.
  ze_result_t execute(std::vector<std::shared_ptr<const CommandSequence>> sequences,
                      std::shared_ptr<EventSlot> fence);
  ze_result_t synchronize(Deadline deadline);

 private:
  const std::shared_ptr<Context> context_;
  Device& device_;
  const ListTraits traits_;
  const std::shared_ptr<ExecutionStream> stream_;
};

/// Tells the host that a queue has executed what it was given.
class Fence : public Object {
 public:
  using Handle = ze_fence_handle_t;
  static constexpr ObjectKind kind = ObjectKind::fence;

  explicit Fence(std::shared_ptr<CommandQueue> queue)
      : queue_(std::move(queue)), slot_(std::make_shared<EventSlot>()) {}

  const std::shared_ptr<CommandQueue>& queue() const { return queue_; }
  const std::shared_ptr<EventSlot>& slot() const { return slot_; }

 private:
  const std::shared_ptr<CommandQueue> queue_;
  const std::shared_ptr<EventSlot> slot_;
};

/// Makes the stream that runs the work of a device.
std::shared_ptr<ExecutionStream> make_stream(const Device& device, StreamOrder order);
/// Reads the events to wait for. Returns INVALID_SIZE or INVALID_SYNCHRONIZATION_OBJECT.
ze_result_t read_waits(const EventArguments& events,
                       std::vector<std::shared_ptr<EventSlot>>& waits);
/// Waits for everything submitted to any stream of the device.
ze_result_t synchronize_streams(const Device& device);

}  // namespace zesvm::simulator::driver
