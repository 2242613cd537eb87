/// @file context.hpp
/// What one Runtime shares with its devices, streams and modules: a Level Zero context, its tiles,
/// the events, and what the driver offers beyond Level Zero.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

#include <zesvm/runtime.hpp>
#include <zesvm/simulator_extension.h>

#include "base/mutex.hpp"
#include "levelzero/newer_functions.hpp"
#include "levelzero/tile.hpp"

namespace zesvm::levelzero {

class CommandList;
class ImportedMemory;
class MemoryBacking;
class PagedMemory;
class SignalPool;
class WorkTrace;

/// Functions of the simulated driver; each null when the driver has none.
struct SimulatorFunctions {
  zesvm_sim_get_statistics_fn get_statistics = nullptr;
  zesvm_sim_get_virtual_time_fn get_virtual_time = nullptr;
  zesvm_sim_query_residency_fn query_residency = nullptr;
  zesvm_sim_migrate_to_system_fn migrate_to_system = nullptr;
  zesvm_sim_discard_fn discard = nullptr;
  zesvm_sim_write_trace_fn write_trace = nullptr;
};

/// A tile as the simulated driver counts it, and as this context does: ZE_AFFINITY_MASK hides some.
struct NodeTile {
  std::uint32_t device = 0;
  std::uint32_t tile = 0;
  /// Its place in Context::tiles().
  std::optional<std::size_t> index;
};

/// A Level Zero context and what belongs to it. Shared by everything made from one Runtime.
class Context {
 public:
  /// Initialises Level Zero as the options and the environment say, and makes a context.
  /// @errors as Runtime's constructor
  static std::shared_ptr<Context> create(const RuntimeOptions& options);
  /// Makes one around a driver and, where `context` is not null, a context of the program, which
  /// must outlive it.
  /// @errors Error: a query failed; backend_unavailable: the driver has no GPU
  static std::shared_ptr<Context> around(ze_driver_handle_t driver, ze_context_handle_t context,
                                         CpuTouch cpu_touch = CpuTouch::automatic);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ze_driver_handle_t driver() const { return driver_; }
  ze_context_handle_t handle() const { return handle_; }
  const std::vector<Tile>& tiles() const { return tiles_; }
  const SimulatorFunctions& simulator() const { return simulator_; }
  /// Returns what becomes of CPU touches of paged memory that is on a device; never automatic.
  CpuTouch cpu_touch() const { return cpu_touch_; }
  bool is_simulated() const { return simulator_.get_statistics != nullptr; }
  /// Returns what loader or driver have beyond the oldest supported version.
  const NewerFunctions& newer() const { return newer_; }
  /// Returns what the driver says about the last failure of this thread; may be empty.
  std::string last_driver_error() const;
  const std::string& node_name() const { return node_name_; }
  /// Returns the tiles in the simulated driver's order; empty on real GPUs.
  const std::vector<NodeTile>& node_tiles() const { return node_tiles_; }
  SignalPool& signals() { return *signals_; }
  /// Returns the trace of this process; null when none was asked for.
  WorkTrace* trace() const { return trace_; }
  /// Returns the address space whose memory is of this context; null before and after its life.
  AddressSpace* memory() const { return memory_.load(std::memory_order_acquire); }
  /// Sets what memory() returns.
  void set_memory(AddressSpace* memory) { memory_.store(memory, std::memory_order_release); }

  /// Decides what carries allocations that do not say, and notes it with every tile.
  /// @errors Error unsupported: the devices cannot use what was asked for; invalid_argument:
  ///         ZESVM_BACKING names no backing
  Backing choose_backing(Backing wanted);
  /// Returns the paged memory of this context; null until paged_memory() made it.
  PagedMemory* paged() const { return paged_here_.load(std::memory_order_acquire); }
  /// Returns it, made when first needed. @errors Error unsupported
  PagedMemory& paged_memory();
  /// Ends it. No memory of it is in use any more.
  void end_paged_memory();
  /// Returns the memory of the program that the driver was asked to import.
  ImportedMemory& imported_memory() const { return *imported_; }
  /// Returns what carries the memory at an address; null where the driver alone does.
  MemoryBacking* backing_at(const void* pointer) const;

  /// Runs `work` with a command list of a tile that callers take turns with, and waits for it.
  /// @errors what `work` throws, what waiting throws
  template <typename Work>
  void run_on(const Tile& tile, Work&& work) {
    Lock guard{service_lock_};
    CommandList& list = service_list(tile);
    work(list);
    finish(list);
  }

 private:
  Context(ze_driver_handle_t driver, ze_context_handle_t context, CpuTouch cpu_touch);
  void look_up_extensions();
  void match_node_tiles();
  CommandList& service_list(const Tile& tile) ZESVM_REQUIRES(service_lock_);
  static void finish(CommandList& list);

  ze_driver_handle_t driver_;
  ze_context_handle_t handle_;
  bool owns_handle_ = false;
  CpuTouch cpu_touch_;
  std::vector<Tile> tiles_;
  SimulatorFunctions simulator_;
  NewerFunctions newer_;
  std::string node_name_;
  std::vector<NodeTile> node_tiles_;
  std::unique_ptr<SignalPool> signals_;
  std::unique_ptr<ImportedMemory> imported_;
  WorkTrace* trace_ = nullptr;
  // Written when the Runtime is made and ends; streams may outlive it.
  std::atomic<AddressSpace*> memory_{nullptr};
  mutable Mutex<LockOrder::work> paged_lock_;
  std::unique_ptr<PagedMemory> paged_ ZESVM_GUARDED_BY(paged_lock_);
  // Read by every launch without the lock: acquire, pairs with release in paged_memory().
  std::atomic<PagedMemory*> paged_here_{nullptr};
  Mutex<LockOrder::driver> service_lock_;
  // One per tile, made when first needed.
  std::vector<std::unique_ptr<CommandList>> service_lists_ ZESVM_GUARDED_BY(service_lock_);
};

}  // namespace zesvm::levelzero
