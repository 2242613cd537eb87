/// @file command_list.hpp
/// An immediate command list of one tile, in order.
///
/// Waiting is by the list itself, where Level Zero is new enough, else by an event that a barrier
/// signals. Advice and prefetches are followed by a barrier in any case: drivers keep them until a next
/// command. Nothing else is appended to wait: some drivers end the process when a command comes after
/// one they had no memory for.
///
/// Drivers may keep commands that they could not start, and start them with the next one. So a list on
/// which an append failed is not used again: the next command goes to a new one, when all before it is
/// done. A list of the program stays as it is.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <level_zero/ze_api.h>

#include <zesvm/kernel.hpp>

#include "levelzero/context.hpp"
#include "levelzero/kernel_times.hpp"
#include "levelzero/program.hpp"
#include "levelzero/signal.hpp"

namespace zesvm::levelzero {

/// Commands for one tile. One thread at a time.
class CommandList {
 public:
  /// The context must outlive it.
  CommandList(Context& context, const Tile& tile);
  /// Works through an immediate list of the program, which must outlive it.
  CommandList(Context& context, const Tile& tile, ze_command_list_handle_t handle);
  /// Waits for the work; its errors are ignored.
  ~CommandList();
  CommandList(const CommandList&) = delete;
  CommandList& operator=(const CommandList&) = delete;

  /// Returns the list; another one after an append that failed.
  ze_command_list_handle_t handle() const { return handle_; }

  /// Launches a kernel. @errors as Stream::launch()
  /// `declared`: all that the kernel does with memory, where the program said it; else its code does.
  void launch(const std::shared_ptr<Program>& program, const std::string& kernel, const Grid& grid,
              const std::vector<Argument>& arguments,
              const std::optional<std::vector<Access>>& declared = std::nullopt);
  void copy(void* to, const void* from, std::size_t bytes);
  void fill(void* to, unsigned char value, std::size_t bytes);
  void prefetch(const void* pointer, std::size_t bytes);
  /// Returns false when loader or driver do not know the advice.
  bool advise(const void* pointer, std::size_t bytes, const Tile& about, std::uint32_t advice);
  /// Signals `signal` when everything before it is done; it is kept until then.
  void signal(const std::shared_ptr<Signal>& signal);
  /// Makes later commands wait; `signal` is kept until they are done.
  void wait_for(const std::shared_ptr<Signal>& signal);
  /// The same with events of the program, which keeps them.
  void signal(ze_event_handle_t event);
  void wait_for(ze_event_handle_t event);
  /// Returns when all is done. @errors launch_failed, device_lost
  void wait();

 private:
  struct LoadedKernel {
    // Keeps the module alive that the kernel is of.
    std::shared_ptr<Program> program;
    ze_kernel_handle_t handle = nullptr;
  };
  /// Returns what a kernel does with paged memory; nothing when there is none.
  std::vector<Access> accesses_of(const spirv::KernelAccesses& found,
                                  const std::vector<Argument>& arguments) const;
  /// Appends with what it uses of paged memory ready, and kept until the work is done.
  template <typename Append>
  void using_memory(const std::vector<Access>& accesses, Append&& append);
  /// Appends a launch; where kernels are traced, with an event that tells when it ran.
  void append_kernel(const std::string& name, ze_kernel_handle_t kernel,
                     const ze_group_count_t& groups, const std::string& doing);
  /// Returns when all is done, by the list itself. @errors launch_failed, device_lost
  void synchronize();
  /// Appends a signal, whose owner keeps it until it is signalled.
  void append_signal(const std::shared_ptr<Signal>& signal);
  /// Ends what the list has to do with signals, when all is done, or nothing more is known to be.
  void settle(ze_result_t all);
  void create();
  /// Appends to a list that takes commands; after a failure that list is not used again.
  template <typename Append>
  void appending(Append&& append);
  /// Makes a new list where an append failed; all before is done then.
  void renew();
  /// Orders what comes later behind what is there, and signals an event where it is not null; by
  /// waiting, where the driver has no room for the command. @errors Error
  void barrier(ze_event_handle_t event, const std::string& doing);
  LoadedKernel& load(const std::shared_ptr<Program>& program, const std::string& kernel);

  Context& context_;
  const Tile& tile_;
  ze_command_list_handle_t handle_ = nullptr;
  bool owns_handle_ = true;
  // Whether an append failed.
  bool is_spoiled_ = false;
  // Whether hints were appended that no command follows yet.
  bool has_hints_ = false;
  std::map<std::pair<const Program*, std::string>, LoadedKernel> kernels_;
  // Made with the first launch, where kernels are traced.
  std::unique_ptr<KernelTimes> times_;
  // Signals the list still works with.
  std::vector<std::shared_ptr<Signal>> in_use_;
  // Those that it signals, while anybody holds them.
  std::vector<std::weak_ptr<Signal>> signalled_;
};

}  // namespace zesvm::levelzero
