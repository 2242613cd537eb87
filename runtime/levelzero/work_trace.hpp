/// @file work_trace.hpp
/// What the runtime itself does, written to the trace that ZESVM_TRACE asks for: launches, hints and
/// what became of them, and, for paged memory, faults and migrations with their reasons.
///
/// A simulated node keeps a trace of its own, which has faults, migrations and kernels of all memory:
/// there the runtime adds its lines to that file, and leaves out what the node tells. A real driver
/// tells nothing: there the file is the runtime's. docs/tracing.md describes the events.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <zesvm/address_space.hpp>

#include "base/interval.hpp"
#include "base/trace_file.hpp"
#include "levelzero/tile.hpp"
#include "svm/decision_trace.hpp"

namespace zesvm::levelzero {

class Context;

/// Who measured when a kernel ran.
enum class KernelClock : std::uint8_t {
  /// The device.
  device,
  /// The host: from the append to when the runtime saw that it was done.
  host,
};

/// The trace of this process. Every function may be called from any thread.
class WorkTrace {
 public:
  using Time = std::chrono::nanoseconds;

  /// Returns the trace of the process, begun by the first context that asks; null when the environment
  /// asks for none. It lives until the end of the process.
  static WorkTrace* of_process(const Context& context);
  WorkTrace(const WorkTrace&) = delete;
  WorkTrace& operator=(const WorkTrace&) = delete;

  static Time now() noexcept { return TraceFile::now(); }
  /// Returns whether nobody else tells of kernels and allocations.
  bool is_alone() const noexcept { return is_alone_; }
  /// Returns what the core of paged memory is to tell.
  svm::TraceHook hook() noexcept { return decisions_.hook(); }

  void allocated(Interval interval, Backing backing) noexcept;
  void freed(Address begin) noexcept;
  /// A hint was given by this thread since `begin`. `tile`: what it is about; nothing: system memory,
  /// or none.
  void hinted(std::string_view hint, Interval interval, std::optional<std::uint32_t> tile,
              const HintResult& result, Time begin) noexcept;
  /// A prefetch was appended to a tile's list: nobody tells what becomes of it.
  void queued_prefetch(Interval interval, const Tile& tile, Time begin) noexcept;
  /// This thread gave work to a tile, or waited for it, since `begin`.
  void called(std::string_view call, std::string_view what, const Tile& tile, Time begin) noexcept;
  /// Returns a lane of a tile for the kernels of one more list: those of two lists may overlap.
  TraceLane new_lane(const Tile& tile);
  /// A kernel ran.
  void ran(std::string_view kernel, TraceLane lane, Time begin, Time end,
           KernelClock clock) noexcept;
  /// A thread of the program touched paged memory on a device, and waited since `begin`.
  void cpu_faulted(std::uint32_t thread, Address where, std::string_view access, Status status,
                   Time begin) noexcept;

 private:
  WorkTrace(std::unique_ptr<TraceFile> file, bool is_alone) noexcept;
  static std::unique_ptr<WorkTrace> begin(const Context& context);

  std::unique_ptr<TraceFile> file_;
  svm::DecisionTrace decisions_;
  bool is_alone_;
  // Of all tiles; the numbers of threads are far above.
  std::atomic<std::uint32_t> lanes_{0};
};

}  // namespace zesvm::levelzero
