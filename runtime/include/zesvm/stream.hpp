/// @file stream.hpp
/// Work for one device, done in the order it was given.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <zesvm/address_space.hpp>
#include <zesvm/device.hpp>
#include <zesvm/export.hpp>
#include <zesvm/kernel.hpp>

namespace zesvm {

namespace levelzero {
class Signal;
class CommandList;
}  // namespace levelzero

/// A point in a stream that others can wait for. A light value: copies name the same point. Safe to
/// use from any thread.
class ZESVM_API Event {
 public:
  /// Returns when the stream has passed the point.
  /// @errors device_lost. Whether the work before it failed is told by Stream::wait().
  void wait() const;
  /// Returns whether the stream has passed the point.
  /// @errors as wait()
  bool is_done() const;
  /// Returns its ze_event_handle_t; typed in <zesvm/interop.hpp>. Others may wait for it, not reset
  /// it, as long as this Event lives.
  void* native_handle() const noexcept;

 private:
  friend class Stream;
  explicit Event(std::shared_ptr<levelzero::Signal> signal);
  std::shared_ptr<levelzero::Signal> signal_;
};

/// An in-order queue of one device. Every call but wait() returns before the work is done. Errors of
/// the work itself come out of wait(). One thread at a time may use a stream; different streams are
/// independent. The destructor waits for the work and ignores its errors.
class ZESVM_API Stream {
 public:
  /// @errors Error when the driver has no queue that runs kernels.
  explicit Stream(const Device& device);
  /// Makes a stream that works through an immediate ze_command_list_handle_t of the program, made in
  /// the context of the device's Runtime and for that device. The list must outlive the stream; what
  /// the program appends itself is part of the stream's work. <zesvm/interop.hpp> has it typed.
  /// @errors invalid_argument: a null list
  static Stream around(const Device& device, void* list);
  ~Stream();
  /// Moves: the other can only be assigned to, or end.
  Stream(Stream&&) noexcept;
  /// Waits for this one's work, ends it, and moves.
  Stream& operator=(Stream&&) noexcept;

  /// Returns the device it works for.
  const Device& device() const noexcept { return device_; }
  /// Returns its ze_command_list_handle_t, an immediate list; typed in <zesvm/interop.hpp>. After a
  /// call on the stream that failed it has another one, unless it was made around() one.
  void* native_handle() const noexcept;

  /// Runs `kernel` once for every work-item of `grid`.
  ///
  /// On a device without page faults, the allocation behind each pointer argument that the kernel
  /// uses (Kernel::use()) is brought there first, in order with the stream's work, unless advice says
  /// that it lives elsewhere; on others the kernel's own faults bring what it touches. Memory the
  /// kernel was declared to reach (Kernel::reaching()) is brought on every device.
  /// @errors invalid_argument: wrong number or size of arguments, a group size that does not divide
  ///         the grid, a kernel that follows pointers on a device without page faults without having
  ///         said what it reaches; module_rejected. Nothing was launched.
  template <typename... Arguments>
  void launch(const Kernel& kernel, const Grid& grid, const Arguments&... arguments) {
    launch_with(kernel, grid, {Argument(arguments)...});
  }
  /// As launch(), with the arguments in a vector.
  /// @errors as launch()
  void launch_with(const Kernel& kernel, const Grid& grid, const std::vector<Argument>& arguments);

  /// Copies `bytes` bytes between any two pieces of memory that do not overlap.
  /// @errors level_zero: the driver took it not; out_of_device_memory: paged memory does not fit
  void copy(void* to, const void* from, std::size_t bytes);
  /// Sets `bytes` bytes to `value`.
  /// @errors as copy()
  void fill(void* to, unsigned char value, std::size_t bytes);
  /// Moves memory to this stream's device, in order with its other work. All of it must be in one
  /// allocation.
  /// @errors unknown_memory, invalid_argument: nothing was queued.
  void prefetch(const void* pointer, std::size_t bytes);

  /// Marks the point the stream has reached.
  /// @errors level_zero: the driver has no more events
  Event record();
  /// Makes later work of this stream wait for `event`, of any stream of the same Runtime.
  /// @errors level_zero: the driver took it not
  void wait_for(const Event& event);
  /// Makes later work of this stream wait for a ze_event_handle_t of the program, which must live
  /// until then. <zesvm/interop.hpp> has it typed.
  /// @errors as wait_for()
  void wait_for_native(void* event);
  /// Signals a ze_event_handle_t of the program when the work given so far is done; likewise.
  /// @errors as wait_for()
  void signal_native(void* event);
  /// Returns when all work is done.
  /// @errors launch_failed: a kernel or copy failed, for example on memory that is not there;
  ///         device_lost. The stream can be used further after launch_failed.
  void wait();

 private:
  Stream(const Device& device, std::unique_ptr<levelzero::CommandList> list) noexcept;
  // Returns all that the kernel does with memory, where that was declared.
  std::optional<std::vector<Access>> bring_memory(const Kernel& kernel,
                                                  const std::vector<Argument>& arguments);
  Device device_;
  std::unique_ptr<levelzero::CommandList> list_;
};

}  // namespace zesvm
