/// @file command_loop.hpp
/// Takes the driver's commands.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "simulator/tile/channel.hpp"
#include "simulator/tile/device/engine.hpp"
#include "simulator/tile/device/fault_reporter.hpp"
#include "simulator/tile/device/mapping_table.hpp"

namespace zesvm::simulator::tile::device {

/// The helper's main thread: it does what is quick itself, and never touches a window, so that it
/// can always serve the mappings a stopped kernel waits for.
class CommandLoop {
 public:
  CommandLoop(Channel& channel, int socket, unsigned engines, Bytes probe_offset);

  /// Takes commands until the process ends.
  [[noreturn]] void run();

 private:
  struct ModuleToBuild {
    CommandSlot* slot;
    UniqueFd spirv;
  };

  void take(std::uint32_t index);
  // Returns the status of a command that is done at once.
  Status perform(const CommandSlot& slot);
  Status add_file(const FileCommand& command);
  Status enqueue(std::uint32_t engine, Task task);
  Status launch(const CommandSlot& slot);
  Result<UniqueFd> descriptor(std::uint64_t token);
  void build(CommandSlot& slot);
  [[noreturn]] void build_modules();
  void build_now(CommandSlot& slot, UniqueFd spirv);
  std::shared_ptr<Module> module(ModuleId id);

  Channel& channel_;
  const int socket_;
  MappingTable mappings_;
  RunningWork running_;
  FaultReporter faults_;
  CompletionWriter completions_;
  std::vector<std::unique_ptr<Engine>> engines_;
  // Descriptors that came before the command that names them. Of the main thread alone.
  std::map<std::uint64_t, UniqueFd> received_;

  std::mutex lock_;
  std::condition_variable to_build_changed_;
  std::deque<ModuleToBuild> to_build_;
  std::unordered_map<std::uint32_t, std::shared_ptr<Module>> modules_;
};

}  // namespace zesvm::simulator::tile::device
