#include "simulator/tile/device/command_loop.hpp"

#include <algorithm>
#include <cstring>
#include <thread>
#include <unistd.h>

#include "simulator/tile/descriptor_passing.hpp"
#include "simulator/tile/futex.hpp"

namespace zesvm::simulator::tile::device {
namespace {

template <typename Command>
Command read(const CommandSlot& slot) {
  Command command;
  std::memcpy(&command, slot.payload.data(), sizeof command);
  return command;
}

// Calls `body` with each element of a payload; stops at the first failure.
template <typename Element, typename Body>
Status for_each(const CommandSlot& slot, Body body) {
  for (std::size_t at = 0; at + sizeof(Element) <= slot.size; at += sizeof(Element)) {
    Element element;
    std::memcpy(&element, slot.payload.data() + at, sizeof element);
    if (const Status status = body(element); status != Status::ok) return status;
  }
  return Status::ok;
}

void answer(CommandSlot& slot, Status status) {
  slot.status = status;
  slot.done.store(command_done);
  futex_wake_all(slot.done);
}

}  // namespace

CommandLoop::CommandLoop(Channel& channel, int socket, unsigned engines, Bytes probe_offset)
    : channel_(channel),
      socket_(socket),
      mappings_(probe_offset),
      running_(mappings_),
      faults_(channel, mappings_, running_),
      completions_(channel) {
  faults_.install();
  for (unsigned i = 0; i < engines; ++i)
    engines_.push_back(std::make_unique<Engine>(running_, completions_));
  std::thread{[this] { build_modules(); }}.detach();
}

void CommandLoop::run() {
  channel_.ready.store(1);
  futex_wake_all(channel_.ready);
  for (std::uint32_t taken = 0;;) {
    while (taken != channel_.submitted.load()) take(channel_.order[taken++ % slot_count]);
    if (look_awake(channel_.submitted, taken)) continue;
    channel_.helper_sleeps.store(1);
    if (taken == channel_.submitted.load()) futex_wait(channel_.submitted, taken);
    channel_.helper_sleeps.store(0);
  }
}

void CommandLoop::take(std::uint32_t index) {
  CommandSlot& slot = channel_.slots[index];
  if (slot.kind == CommandKind::build_module) return build(slot);
  answer(slot, perform(slot));
}

Status CommandLoop::perform(const CommandSlot& slot) {
  switch (slot.kind) {
    case CommandKind::ping: return Status::ok;
    case CommandKind::reserve: return mappings_.reserve(read<WindowCommand>(slot).window);
    case CommandKind::release: return mappings_.release(read<WindowCommand>(slot).window);
    case CommandKind::add_file: return add_file(read<FileCommand>(slot));
    case CommandKind::remove_file: return mappings_.remove_file(read<FileCommand>(slot).file);
    case CommandKind::map:
      return for_each<Binding>(slot, [&](const Binding& each) { return mappings_.bind(each); });
    case CommandKind::unmap:
      return for_each<Interval>(slot, [&](Interval each) { return mappings_.unbind(each); });
    case CommandKind::launch: return launch(slot);
    case CommandKind::copy:
      return enqueue(read<CopyCommand>(slot).engine.value, read<CopyCommand>(slot));
    case CommandKind::fill:
      return enqueue(read<FillCommand>(slot).engine.value, read<FillCommand>(slot));
    case CommandKind::release_module: {
      const std::lock_guard guard{lock_};
      const auto released = modules_.erase(read<ModuleCommand>(slot).module.value);
      return released != 0 ? Status::ok : Status::invalid_argument;
    }
    case CommandKind::build_module: break;
  }
  return Status::unsupported;
}

Status CommandLoop::add_file(const FileCommand& command) {
  ZESVM_TRY_ASSIGN(file, descriptor(command.token));
  return mappings_.add_file(command.file, std::move(file), command.size);
}

Status CommandLoop::enqueue(std::uint32_t engine, Task task) {
  if (engine >= engines_.size()) return Status::invalid_argument;
  engines_[engine]->enqueue(std::move(task));
  return Status::ok;
}

Status CommandLoop::launch(const CommandSlot& slot) {
  auto decoded = decode_launch(std::span{slot.payload}.first(slot.size));
  if (!decoded) return Status::invalid_argument;
  std::shared_ptr<Module> program = module(decoded->request.module);
  if (program == nullptr) return Status::invalid_argument;
  const std::uint32_t engine = decoded->request.engine.value;
  return enqueue(engine, KernelTask{*std::move(decoded), std::move(program)});
}

Result<UniqueFd> CommandLoop::descriptor(std::uint64_t token) {
  while (!received_.contains(token)) {
    ZESVM_TRY_ASSIGN(next, receive_descriptor(socket_));
    received_.emplace(next.token, std::move(next.descriptor));
  }
  return std::move(received_.extract(token).mapped());
}

void CommandLoop::build(CommandSlot& slot) {
  auto spirv = descriptor(read<BuildCommand>(slot).token);
  if (!spirv) return answer(slot, spirv.status());
  const std::lock_guard guard{lock_};
  to_build_.push_back({&slot, *std::move(spirv)});
  to_build_changed_.notify_one();
}

void CommandLoop::build_modules() {
  for (;;) {
    std::unique_lock guard{lock_};
    to_build_changed_.wait(guard, [this] { return !to_build_.empty(); });
    ModuleToBuild next = std::move(to_build_.front());
    to_build_.pop_front();
    guard.unlock();
    build_now(*next.slot, std::move(next.spirv));
  }
}

void CommandLoop::build_now(CommandSlot& slot, UniqueFd spirv) {
  const auto command = read<BuildCommand>(slot);
  const char* text = reinterpret_cast<const char*>(slot.payload.data());
  const std::string options{text + sizeof command, text + slot.size};
  BuiltModule built = build_module(std::move(spirv), command.size.count, options);
  // The OpenCL libraries were loaded by now, and may have brought handlers.
  faults_.install();
  // The end of a log that does not fit says more than its beginning.
  const std::size_t size = std::min(built.log.size(), payload_bytes);
  std::memcpy(slot.payload.data(), built.log.data() + (built.log.size() - size), size);
  slot.size = static_cast<std::uint32_t>(size);
  if (built.status == Status::ok) {
    const std::lock_guard guard{lock_};
    modules_[command.module.value] = std::move(built.module);
  }
  answer(slot, built.status);
}

std::shared_ptr<Module> CommandLoop::module(ModuleId id) {
  const std::lock_guard guard{lock_};
  const auto found = modules_.find(id.value);
  return found != modules_.end() ? found->second : nullptr;
}

}  // namespace zesvm::simulator::tile::device
