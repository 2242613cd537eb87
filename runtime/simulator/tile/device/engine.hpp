/// @file engine.hpp
/// In-order queues of kernels, copies and fills.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>

#include "simulator/tile/channel.hpp"
#include "simulator/tile/device/module.hpp"
#include "simulator/tile/device/running_work.hpp"
#include "simulator/tile/launch_encoding.hpp"

namespace zesvm::simulator::tile::device {

/// Writes completions for the driver to read.
class CompletionWriter {
 public:
  explicit CompletionWriter(Channel& channel) : channel_(channel) {}
  /// Writes one; waits for the reader when the ring is full.
  void write(std::uint64_t work, const Outcome& outcome);

 private:
  Channel& channel_;
  std::mutex lock_;
};

/// A kernel to run, with the module kept until it has.
struct KernelTask {
  DecodedLaunch launch;
  std::shared_ptr<Module> module;
};

/// What an engine does.
using Task = std::variant<KernelTask, CopyCommand, FillCommand>;

/// One queue and the thread that works on it, until the process ends.
class Engine {
 public:
  Engine(RunningWork& running, CompletionWriter& completions);

  void enqueue(Task task);

 private:
  [[noreturn]] void work_on();
  void perform(Task& task);
  void run_kernel(KernelTask& task, Outcome& outcome);
  bool ensure_queue();

  RunningWork& running_;
  CompletionWriter& completions_;
  cl_command_queue queue_ = nullptr;  // of the engine's thread alone
  std::mutex lock_;
  std::condition_variable not_empty_;
  std::deque<Task> tasks_;
};

}  // namespace zesvm::simulator::tile::device
