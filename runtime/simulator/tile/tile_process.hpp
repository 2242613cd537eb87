/// @file tile_process.hpp
/// One simulated tile: a helper process whose page table is the GPU's page table.
///
/// The helper (`zesvm-sim-device`) maps, at the application's own addresses, what the driver binds
/// there, and nothing elsewhere. It runs kernels with an OpenCL CPU device. A kernel that touches an
/// address where nothing is bound, or in a way its binding does not allow, stops; the fault comes to
/// the fault handler given at spawn, on a thread of this object; the answer resumes the kernel
/// (`Status::ok`: try the access again) or fails its launch (anything else).
///
/// T1  after map() returned ok, the interval is bound as asked until it is unmapped or bound anew
/// T2  after unmap() returned, no access of the helper reaches the old bytes
/// T3  a launch, copy or fill that was accepted completes exactly once, also when the helper dies
/// T4  every call returns soon after the helper's death, with device_lost; none waits for ever
/// T5  the helper is gone when this object is, or when the application ends in whatever way
/// T6  no address of the application is one of the helper's own (KeepApart::required)
/// T7  a refused fault ends the launch with an error: the launch runs on, on scratch bytes that
///     nobody else sees, and never asks again
/// Not here: where memory should live (svm), which addresses to use (the node), validating SPIR-V.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <variant>
#include <vector>

#include "base/interval.hpp"
#include "base/sizes.hpp"
#include "base/status.hpp"

namespace zesvm::simulator::tile {

/// What a kernel does to memory.
enum class Access : std::uint8_t { read, write, atomic };

/// What a binding allows; each includes the one before it.
enum class Rights : std::uint8_t { read, write, atomic };

/// When the helper's page table gets its entries for a binding.
enum class Populate : std::uint8_t {
  /// At the first touch of each page.
  lazily,
  /// While binding. For files whose pages exist: a hole in the file would be filled with zeros.
  now,
};

/// A memory file the helper can bind.
struct FileId {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(FileId, FileId) = default;
};

/// A program built in the helper.
struct ModuleId {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(ModuleId, ModuleId) = default;
};

/// One of the tile's in-order queues, from 0.
struct EngineId {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(EngineId, EngineId) = default;
};

/// Bytes of a file, to be seen by the tile at an interval of the application's addresses.
struct Binding {
  /// Aligned to the CPU page; inside reserved windows, one or several side by side.
  Interval interval;
  FileId file;
  /// Where in the file the interval begins; aligned to the CPU page.
  Bytes offset;
  Rights rights = Rights::atomic;
  Populate populate = Populate::lazily;
};

/// Resolves a fault: ok lets the kernel try again, anything else fails its launch with that status.
///
/// @context  service threads of the tile; several at once, also for the same address. May call
///           reserve, map and unmap of this and other tiles; must not wait for a launch on it.
using FaultHandler = std::function<Status(Address where, Access access)>;

/// Called once, when the helper died without having been asked to.
///
/// @context  the tile's watching thread. Must not destroy the tile.
using DeathHandler = std::function<void()>;

/// Whether the application's addresses are kept apart from the helper's own.
enum class KeepApart : std::uint8_t {
  /// Where it can be. Enough where kernels are given addresses of windows only.
  wished,
  /// Else spawn fails: kernels are given any address of the application. Not so in a program with a
  /// sanitizer, whose notes are in the way.
  required,
};

/// How a tile is set up.
struct TileOptions {
  /// The helper program; empty: `ZESVM_SIM_DEVICE`, else beside this library (../../libexec/zesvm).
  std::string program{};
  /// Threads that run work-groups; 0: one per core, at most four.
  std::uint32_t workers = 0;
  /// In-order queues.
  std::uint32_t engines = 1;
  /// Not zero: an atomic in a kernel first reads at its address minus this offset, and the helper
  /// allows that read only where the binding has Rights::atomic. A multiple of 2 MiB.
  Bytes atomic_probe_offset{};
  /// Addresses where the helper has memory of its own are reserved, inaccessible, in this process:
  /// nothing of the application can be there, and be mistaken for it.
  KeepApart keep_apart = KeepApart::wished;
  /// Told of the helper's death.
  DeathHandler on_death{};
};

/// What building a module gave.
struct BuildOutcome {
  Status status = Status::ok;
  ModuleId module;
  /// What the compiler said; may be empty.
  std::string log;
};

/// A kernel argument that points to memory. Any application address.
struct PointerArgument {
  Address value;
};
/// A kernel argument passed as it is.
struct ValueArgument {
  std::vector<std::byte> bytes;
};
/// A kernel argument that points to work-group memory of that size.
struct LocalArgument {
  Bytes size;
};
/// A kernel argument.
using KernelArgument = std::variant<PointerArgument, ValueArgument, LocalArgument>;

/// Three numbers, one for each dimension.
struct Extent {
  std::uint32_t x = 1;
  std::uint32_t y = 1;
  std::uint32_t z = 1;
};

/// A kernel to run.
struct LaunchRequest {
  ModuleId module;
  std::string kernel;
  std::vector<KernelArgument> arguments;
  Extent group_size;
  Extent group_count;
  /// Added to the global ids, in work-items.
  Extent global_offset{0, 0, 0};
  EngineId engine;
};

/// How work ended.
struct Outcome {
  /// ok; the status a fault was refused with; device_lost; or why it could not start.
  Status status = Status::ok;
  /// Where the first refused fault was; only after one.
  Address fault_address{};
  Access fault_access = Access::read;
  /// When the work began and ended, nanoseconds of CLOCK_MONOTONIC; zero if it never ran.
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  /// Why it could not start, in the words of the OpenCL implementation; usually empty.
  std::string message{};
};

/// Told how work ended, exactly once.
///
/// @context  the tile's completion thread. May submit more work; must not wait for work of this
///           tile, nor destroy it.
using Completion = std::function<void(const Outcome&)>;

/// A tile's helper process and everything this process needs to talk to it.
///
/// All members may be called from any thread at any time. In a forked child the tile is lost.
class TileProcess {
 public:
  /// Starts a helper and waits until it answers.
  ///
  /// @errors   unsupported: the program was not found or does not start; busy: this process has
  ///           memory where each of several helpers had some (KeepApart::required)
  /// @cost     a few milliseconds; OpenCL is set up with the first module
  static Result<std::unique_ptr<TileProcess>> spawn(TileOptions options, FaultHandler handler);

  /// Ends the helper. Work that has not completed completes with device_lost. Waits for fault
  /// handlers and completions that run; what they call on this object meanwhile is answered.
  ~TileProcess();
  TileProcess(const TileProcess&) = delete;
  TileProcess& operator=(const TileProcess&) = delete;

  /// Keeps `window` free of anything but bindings in the helper. Faults in it are recognised as
  /// the kernels'. Reserving what lies inside a reserved window is ok and does nothing.
  ///
  /// @errors   invalid_argument: unaligned or empty; busy: the helper's own memory is there, or it
  ///           overlaps another window in part
  [[nodiscard]] Status reserve(Interval window);

  /// Gives a window back, with the bindings in it.
  ///
  /// @errors   invalid_argument: not exactly a reserved window
  [[nodiscard]] Status release(Interval window);

  /// Makes a memory file known to the helper. The descriptor stays the caller's and may be closed.
  [[nodiscard]] Result<FileId> add_file(int descriptor, Bytes size);

  /// Lets the helper forget a file. Bindings of it stay.
  [[nodiscard]] Status remove_file(FileId file);

  /// Binds bytes of a file, replacing what was bound there.
  ///
  /// @errors   invalid_address: outside the windows; invalid_argument: unaligned, empty, outside
  ///           the file, unknown file; map_failed: the kernel refused (nothing is bound there then)
  /// @locks    tile; needs none that a service thread takes
  /// @cost     two thread switches
  [[nodiscard]] Status map(const Binding& binding);

  /// Binds many; stops at the first that fails.
  [[nodiscard]] Status map(std::span<const Binding> bindings);

  /// Removes what is bound in an interval. No-op where nothing is, also outside the windows.
  ///
  /// @errors   invalid_argument: unaligned
  [[nodiscard]] Status unmap(Interval interval);

  /// Removes what is bound in many intervals.
  [[nodiscard]] Status unmap(std::span<const Interval> intervals);

  /// Builds a program from valid SPIR-V, specialisation constants already applied.
  ///
  /// @cost     up to seconds; does not hold up mappings or work in progress
  BuildOutcome build_module(std::span<const std::byte> spirv, std::string_view options);

  /// Forgets a program. Launches of it that are on their way still run.
  [[nodiscard]] Status release_module(ModuleId module);

  /// Queues a kernel. `completion` is called exactly once when ok is returned, else never.
  ///
  /// @errors   device_lost; invalid_argument: no such engine, arguments of more than 7 KiB
  [[nodiscard]] Status launch(const LaunchRequest& request, Completion completion);

  /// Queues a copy between application addresses, done by the helper through its own bindings.
  [[nodiscard]] Status copy(Address to, Address from, Bytes size, EngineId engine,
                            Completion completion);

  /// Queues a fill with a repeated pattern of at most 128 bytes.
  [[nodiscard]] Status fill(Address to, Bytes size, std::span<const std::byte> pattern,
                            EngineId engine, Completion completion);

  /// Queues a kernel and waits for its end.
  [[nodiscard]] Outcome run(const LaunchRequest& request);

  /// Does nothing, there and back.
  [[nodiscard]] Status ping();

  /// Ends the helper at once, as a hardware failure would. The tile is lost afterwards.
  void kill();

  /// Makes the `nth` call of map() from now on fail with map_failed and bind nothing; 0: none. For
  /// tests of what happens then.
  void fail_map(std::uint32_t nth);

  /// Returns whether the helper died, or belongs to the process this one was forked from.
  bool is_lost() const;

  /// Returns the helper's process id.
  pid_t process_id() const;

 private:
  struct State;
  explicit TileProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zesvm::simulator::tile
