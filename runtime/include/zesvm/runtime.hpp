/// @file runtime.hpp
/// The entry: chooses a driver, finds its devices, owns the address space.
///
/// Which driver is decided by the first Runtime of the process, before Level Zero is initialised:
///   ZESVM_BACKEND=auto       (default) real GPUs when there are any, else the simulated node
///   ZESVM_BACKEND=levelzero  real GPUs
///   ZESVM_BACKEND=simulator  the simulated node
///   ZESVM_NODE=name|file     what the simulated node is; implies the simulator under `auto`
/// What carries allocations that do not say is decided by each Runtime:
///   ZESVM_BACKING=auto|system|shared|paged
/// What becomes of a CPU touch of paged memory that is on a device, too:
///   ZESVM_CPU_TOUCH=bring-back|refuse|unhandled
/// A program that set ZE_ENABLE_ALT_DRIVERS, or initialised Level Zero itself, keeps what it has.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <zesvm/address_space.hpp>
#include <zesvm/device.hpp>
#include <zesvm/export.hpp>
#include <zesvm/kernel.hpp>
#include <zesvm/statistics.hpp>

namespace zesvm {

/// Which driver to use.
enum class Backend {
  /// As the environment says; real GPUs when there are any, else the simulated node.
  automatic,
  /// Real GPUs.
  levelzero,
  /// The simulated node.
  simulator,
};

/// What becomes of a CPU touch of memory that is on a device, outside of a HostAccess. Memory of the
/// backing `paged` only: `shared` and `system` memory is the driver's and the kernel's affair, and
/// `system` needs no signal handler of anybody.
enum class CpuTouch {
  /// As ZESVM_CPU_TOUCH says; else bring_back.
  automatic,
  /// zesvm's SIGSEGV handler brings the touched chunk back.
  bring_back,
  /// An error: a line on stderr says what was touched and what to do, and the signal goes on to the
  /// program.
  refuse,
  /// The same without the line: zesvm installs no signal handler. No thread may touch memory while
  /// another one advises it or gives it to a device.
  unhandled,
};

/// What a Runtime is made with. Members left alone follow the environment.
struct RuntimeOptions {
  /// Which driver to use.
  Backend backend = Backend::automatic;
  /// A preset's name or a file, for the simulated node. Empty: ZESVM_NODE, else the default preset.
  std::string node{};
  /// What carries allocations that do not say. `automatic`: as ZESVM_BACKING says, else what fits the
  /// devices: Device::capabilities() tells what and why.
  Backing backing = Backing::automatic;
  /// What becomes of a CPU touch of paged memory that is on a device.
  CpuTouch cpu_touch = CpuTouch::automatic;
};

/// Devices and memory of one driver. Devices, modules and events keep what they need of it alive;
/// memory lives until its end. Safe to use from any thread.
class ZESVM_API Runtime {
 public:
  /// @errors backend_unavailable: no driver, or no device, could be had. unknown_node.
  ///         invalid_argument: a variable of the environment has a value it may not have.
  explicit Runtime(const RuntimeOptions& options = {});
  /// Makes a Runtime around a ze_driver_handle_t and, unless null, a ze_context_handle_t of the
  /// program, which must outlive it. <zesvm/interop.hpp> has it typed.
  /// @errors backend_unavailable: the driver has no GPU. level_zero.
  static Runtime around(void* driver, void* context);
  ~Runtime();
  /// Moves: the other can only be assigned to, or end.
  Runtime(Runtime&&) noexcept;
  /// Ends this one and moves.
  Runtime& operator=(Runtime&&) noexcept;

  /// Returns every tile of every card, cards in the driver's order; at least one.
  const std::vector<Device>& devices() const noexcept;
  /// Returns the device at a place in devices().
  /// @errors invalid_argument: there are not so many; the message says how many.
  const Device& device(std::size_t index) const;

  /// Returns the memory of this Runtime.
  AddressSpace& address_space() noexcept;

  /// Loads a SPIR-V module. With a slash in it ("./mine.spv"), `name_or_file` is a path. Without one it is
  /// a name, looked for in the directories of ZESVM_KERNELS_PATH (separated by `:`), then among the
  /// installed kernels, with ".spv" added when it has no ending; never in the current directory.
  /// @errors unreadable_file: the message says where it was looked for. module_rejected: not SPIR-V.
  Module load_module(const std::string& name_or_file);
  /// Makes a module of SPIR-V in memory.
  /// @errors module_rejected: not SPIR-V.
  Module make_module(const void* spirv, std::size_t bytes);

  /// Returns whether the devices are simulated.
  bool is_simulated() const noexcept;
  /// Returns the name of the simulated node; empty on real GPUs.
  const std::string& node_name() const noexcept;

  /// Returns its ze_driver_handle_t and its ze_context_handle_t; typed in <zesvm/interop.hpp>.
  void* native_driver() const noexcept;
  /// Returns its ze_context_handle_t; typed in <zesvm/interop.hpp>.
  void* native_context() const noexcept;

  /// Returns what moved since the driver was initialised. On real drivers only what zesvm
  /// moves itself is counted: paged memory.
  /// @errors level_zero: the driver could not be asked
  Statistics statistics() const;

 private:
  class State;
  explicit Runtime(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace zesvm
