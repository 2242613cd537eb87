#include "simulator/driver/command_list.hpp"

#include <algorithm>

#include "simulator/driver/actions.hpp"
#include "simulator/driver/node_target.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

/// Streams that may still have work, by device; for zeDeviceSynchronize.
struct LiveStreams {
  Mutex<LockOrder::leaf> lock;
  std::vector<std::pair<const Device*, std::weak_ptr<ExecutionStream>>> streams
      ZESVM_GUARDED_BY(lock);
};

LiveStreams& live_streams() {
  // Never destroyed: streams may end while the process does.
  static auto& streams = *new LiveStreams;
  return streams;
}

ze_result_t report(const StreamOutcome& outcome) {
  if (outcome.status == Status::ok || outcome.status == Status::timed_out) {
    return to_ze(outcome.status);
  }
  return fail(to_ze(outcome.status),
              outcome.message.empty() ? std::string{name_of(outcome.status)} : outcome.message);
}

// Counter-based events are never reset by the program: every submission of a command that signals
// one starts it anew.
void rearm(const CommandSequence& sequence) {
  for (const auto& command : sequence.commands) {
    if (command->rearms_signal) command->signal->reset();
  }
}

void fail_all(const Submission& submission, Status status) {
  for (const auto& sequence : submission.sequences) {
    for (const auto& command : sequence->commands) {
      if (command->signal) command->signal->fail(status);
    }
  }
  if (submission.fence) submission.fence->fail(status);
}

ze_result_t submit_to(ExecutionStream& stream, Submission submission, Submitting submitting) {
  for (const auto& sequence : submission.sequences) rearm(*sequence);
  if (submitting == Submitting::synchronous) {
    const StreamOutcome outcome = stream.run_and_wait(submission);
    if (outcome.status == Status::device_lost) fail_all(submission, outcome.status);
    return report(outcome);
  }
  const auto ticket = stream.submit(submission);
  if (ticket) return ZE_RESULT_SUCCESS;
  // Whoever waits for what was not taken must not wait for ever.
  fail_all(submission, ticket.status());
  return to_ze(ticket.status());
}

}  // namespace

std::optional<Engine> engine_of(const Device& device, std::uint32_t ordinal) {
  if (ordinal == 0) return Engine::compute;
  if (ordinal == 1 && device.description().copy_engines > 0) return Engine::copy;
  return std::nullopt;
}

std::uint32_t queues_in_group(const Device& device, std::uint32_t ordinal) {
  const topology::DeviceDescription& description = device.description();
  return ordinal == 0 ? std::max(description.compute_engines, 1U) : description.copy_engines;
}

std::shared_ptr<ExecutionStream> make_stream(const Device& device, StreamOrder order) {
  auto stream = std::make_shared<ExecutionStream>(
      std::make_shared<NodeTarget>(device.node(), device.tile()), order);
  LiveStreams& live = live_streams();
  Lock guard{live.lock};
  std::erase_if(live.streams, [](const auto& one) { return one.second.expired(); });
  live.streams.emplace_back(&device, stream);
  return stream;
}

ze_result_t synchronize_streams(const Device& device) {
  std::vector<std::shared_ptr<ExecutionStream>> streams;
  {
    LiveStreams& live = live_streams();
    Lock guard{live.lock};
    for (const auto& [of, weak] : live.streams) {
      if (of != &device && of->root() != &device) continue;
      if (auto stream = weak.lock()) streams.push_back(std::move(stream));
    }
  }
  ze_result_t result = device.is_lost() ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_SUCCESS;
  for (const auto& stream : streams) {
    const ze_result_t one = report(stream->synchronize({}));
    if (result == ZE_RESULT_SUCCESS) result = one;
  }
  return result;
}

ze_result_t read_waits(const EventArguments& events,
                       std::vector<std::shared_ptr<EventSlot>>& waits) {
  if (events.wait_count > 0 && events.waits == nullptr) return ZE_RESULT_ERROR_INVALID_SIZE;
  for (std::uint32_t i = 0; i < events.wait_count; ++i) {
    const auto event = find<Event>(events.waits[i]);
    if (!event) return ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT;
    waits.push_back(event->slot());
  }
  return ZE_RESULT_SUCCESS;
}

CommandList::CommandList(std::shared_ptr<Context> context, Device& device, ListTraits traits,
                         std::shared_ptr<ExecutionStream> stream)
    : context_(std::move(context)),
      device_(device),
      traits_(traits),
      stream_(std::move(stream)),
      sequence_(std::make_shared<CommandSequence>()) {}

CommandList::~CommandList() {
  if (stream_) stream_->abandon();
}

bool CommandList::is_copy_only() const {
  return engine_of(device_, traits_.ordinal) == Engine::copy;
}

ze_result_t CommandList::submit(Submission submission) {
  return submit_to(*stream_, std::move(submission), traits_.submitting);
}

ze_result_t CommandList::append(std::shared_ptr<Action> action, const EventArguments& events) {
  if (device_.is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
  // Real drivers take what comes after the end of a closed list, and it never runs.
  if (!is_open()) return ZE_RESULT_SUCCESS;
  auto command = std::make_shared<Command>();
  if (const auto result = read_waits(events, command->waits); result != ZE_RESULT_SUCCESS) {
    return result;
  }
  if (events.signal != nullptr) {
    const auto event = find<Event>(events.signal);
    if (!event) return ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT;
    command->signal = event->slot_to_signal();
    command->rearms_signal = event->nature() == EventNature::counter_based;
  }
  command->action = std::move(action);
  command->id = std::exchange(announced_id_, 0);
  if (!is_immediate()) {
    sequence_->commands.push_back(std::move(command));
    return ZE_RESULT_SUCCESS;
  }
  auto one = std::make_shared<CommandSequence>();
  one->commands.push_back(std::move(command));
  return submit({{std::move(one)}, nullptr});
}

ze_result_t CommandList::append_lists(std::vector<std::shared_ptr<const CommandSequence>> sequences,
                                      const EventArguments& events) {
  if (device_.is_lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
  auto first = std::make_shared<CommandSequence>();
  auto last = std::make_shared<CommandSequence>();
  auto before = std::make_shared<Command>();
  if (const auto result = read_waits(events, before->waits); result != ZE_RESULT_SUCCESS) {
    return result;
  }
  first->commands.push_back(std::move(before));
  if (events.signal != nullptr) {
    const auto event = find<Event>(events.signal);
    if (!event) return ZE_RESULT_ERROR_INVALID_SYNCHRONIZATION_OBJECT;
    auto after = std::make_shared<Command>();
    after->signal = event->slot_to_signal();
    last->commands.push_back(std::move(after));
  }
  sequences.insert(sequences.begin(), std::move(first));
  sequences.push_back(std::move(last));
  return submit({std::move(sequences), nullptr});
}

ze_result_t CommandList::close() {
  if (!is_immediate()) is_open_ = false;
  return ZE_RESULT_SUCCESS;
}

ze_result_t CommandList::reset() {
  if (is_immediate()) return ZE_RESULT_SUCCESS;
  sequence_ = std::make_shared<CommandSequence>();
  announced_id_ = 0;
  is_open_ = true;
  return ZE_RESULT_SUCCESS;
}

ze_result_t CommandList::synchronize(Deadline deadline) {
  return report(stream_->synchronize(deadline));
}

std::shared_ptr<CommandList> CommandList::clone() const {
  auto copy = std::make_shared<CommandList>(context_, device_, traits_, nullptr);
  for (const auto& command : sequence_->commands) {
    auto own = std::make_shared<Command>(*command);
    // Launches can be changed; every other action stays what it is.
    if (const auto* launch = dynamic_cast<const LaunchAction*>(command->action.get())) {
      own->action = std::make_shared<LaunchAction>(*launch);
    }
    copy->sequence_->commands.push_back(std::move(own));
  }
  copy->is_open_ = false;
  copy->last_mutable_id_ = last_mutable_id_;
  return copy;
}

std::uint64_t CommandList::announce_mutable() { return announced_id_ = ++last_mutable_id_; }

Command* CommandList::mutable_command(std::uint64_t id) {
  if (id == 0) return nullptr;
  const auto found = std::find_if(sequence_->commands.begin(), sequence_->commands.end(),
                                  [&](const auto& command) { return command->id == id; });
  return found == sequence_->commands.end() ? nullptr : found->get();
}

CommandQueue::CommandQueue(std::shared_ptr<Context> context, Device& device, ListTraits traits)
    : context_(std::move(context)),
      device_(device),
      traits_(traits),
      stream_(make_stream(device, traits.order)) {}

CommandQueue::~CommandQueue() { stream_->abandon(); }

ze_result_t CommandQueue::execute(std::vector<std::shared_ptr<const CommandSequence>> sequences,
                                  std::shared_ptr<EventSlot> fence) {
  return submit_to(*stream_, {std::move(sequences), std::move(fence)}, traits_.submitting);
}

ze_result_t CommandQueue::synchronize(Deadline deadline) {
  return report(stream_->synchronize(deadline));
}

}  // namespace zesvm::simulator::driver
