/// @file space.hpp
/// One address space of devices: a context, a module on every device, and queues to launch through.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <level_zero/ze_api.h>

namespace zesvm {
class Runtime;
}

namespace zesvm::scenarios {

class Session;

/// Which bytes a launch adds to: `count` of them from offset `first`, one every `stride`.
struct Work {
  std::uint64_t first = 0;
  std::uint64_t stride = 1;
  std::uint64_t count = 0;
  std::uint64_t seed = 0;
};

/// A context and a module for each device. Safe to use from any thread.
class Space {
 public:
  explicit Space(const Session& session);
  ~Space();
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  const Session& session() const { return session_; }
  ze_context_handle_t context() const { return context_; }
  ze_device_handle_t device(std::size_t index) const;
  ze_module_handle_t module(std::size_t index) const { return modules_.at(index); }
  /// Returns the zesvm Runtime around this context, made when it is first asked for.
  Runtime& runtime();

  /// Returns memory of Level Zero that the CPU and all devices use.
  std::uint8_t* allocate_shared(std::size_t bytes);
  /// Returns memory of one device.
  std::uint8_t* allocate_device(std::size_t bytes, std::size_t device);
  /// Gives either back.
  void free(void* memory);

 private:
  const Session& session_;
  ze_context_handle_t context_ = nullptr;
  std::vector<ze_module_handle_t> modules_;
  std::once_flag runtime_made_;
  std::unique_ptr<Runtime> runtime_;
};

/// A queue of one device, of plain Level Zero; for one thread at a time.
class Queue {
 public:
  Queue(Space& space, std::size_t device);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  Space& space() const { return space_; }
  std::size_t device() const { return device_; }

  /// Submits a launch that adds marks.
  void add_marks(std::uint8_t* data, const Work& work);
  /// Submits a launch that reads where add_marks() would add, and stores the sums.
  void read_marks(std::uint8_t* sums, const std::uint8_t* data, const Work& work);
  /// Submits a launch of `times` atomic increments.
  void count_up(std::uint32_t* counter, std::uint32_t times);
  /// Copies, and waits.
  void copy(void* to, const void* from, std::size_t bytes);
  /// Advises on an interval for a device (not of this queue, perhaps), and waits.
  void advise(const void* pointer, std::size_t bytes, std::uint32_t advice, std::size_t device);
  /// Prefetches to the device of the queue, and waits.
  void prefetch(const void* pointer, std::size_t bytes);
  /// Waits for what was submitted and returns its result.
  ze_result_t result();
  /// Waits for what was submitted. @errors Failure
  void wait();

 private:
  template <typename... Arguments>
  void launch(ze_kernel_handle_t kernel, std::uint64_t items, const Arguments&... arguments);
  template <typename Append>
  void submit(Append&& append);
  ze_kernel_handle_t kernel(const char* name, std::uint32_t group) const;

  Space& space_;
  std::size_t device_;
  ze_command_queue_handle_t queue_ = nullptr;
  std::vector<ze_command_list_handle_t> submitted_;
  ze_kernel_handle_t add_marks_ = nullptr;
  ze_kernel_handle_t read_marks_ = nullptr;
  ze_kernel_handle_t count_up_ = nullptr;
};

/// Returns a mark: what the kernels add at an offset.
std::uint8_t mark(std::uint64_t at, std::uint64_t seed);

}  // namespace zesvm::scenarios
