/// @file tile.hpp
/// One tile of the node: its helper process, its VRAM and its page table as the core drives it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "pagemap/pagemap.hpp"
#include "simulator/node/address_windows.hpp"
#include "simulator/node/charged_memory.hpp"
#include "simulator/node/failure_plan.hpp"
#include "simulator/node/memory_file.hpp"
#include "simulator/node/node_memory.hpp"
#include "simulator/node/types.hpp"
#include "simulator/tile/tile_process.hpp"
#include "svm/address_space.hpp"
#include "svm/device_port.hpp"

namespace zesvm::topology {
struct DeviceDescription;
}

namespace zesvm::simulator::node {

/// Atomic operations of kernels first read this far below their address, where only mappings that
/// allow atomics can be read. Far enough that no window of a usual node lies that far below
/// another; a tile refuses a window that does.
inline constexpr Bytes atomic_probe_offset = 1024_GiB;

/// The page table of a tile: a svm::DevicePort over its helper process.
class TilePort : public svm::DevicePort {
 public:
  TilePort(std::size_t tile, const NodeMemory& memory, FailurePlan& failures)
      : tile_(tile), memory_(memory), failures_(failures) {}

  /// Names the process; before anything is mapped.
  void attach(tile::TileProcess& process) { process_ = &process; }
  /// Forgets the process; nothing is mapped any more. Nobody else may be using the port.
  void detach() { process_ = nullptr; }

  Status map(Interval interval, const svm::Mapping& mapping) noexcept override;
  void unmap(Interval interval, svm::Direction mapped_as) noexcept override;
  void flush(Interval interval) noexcept override;

  /// Maps part of a file.
  Status map_file(Interval interval, const SharedFile& file, Bytes offset, tile::Rights rights,
                  tile::Populate populate) noexcept;

 private:
  /// Maps what a broken host delivers instead of a peer's memory.
  Status map_ones(Interval interval, tile::Rights rights) noexcept;

  const std::size_t tile_;
  const NodeMemory& memory_;
  FailurePlan& failures_;
  tile::TileProcess* process_ = nullptr;
};

/// Everything of one tile. Its members are made in this order when the node starts.
struct Tile {
  TileId id{};
  std::size_t device = 0;
  const topology::DeviceDescription* description = nullptr;

  SharedFile vram;
  std::unique_ptr<pagemap::Pagemap> pagemap;
  std::unique_ptr<TilePort> port;
  /// The port as the core has it.
  std::unique_ptr<ChargedPort> charged_port;
  std::unique_ptr<tile::TileProcess> process;
  svm::DeviceId device_id;

  TileCounters counters;
  std::atomic<bool> is_lost{false};
  /// Brings home what was in its VRAM after its process died.
  std::thread rescue;

  Mutex<LockOrder::leaf> lock;
  /// What running launches may touch; on devices without page faults nothing else.
  std::vector<Interval> reachable ZESVM_GUARDED_BY(lock);
  /// Intervals made resident, once per call.
  std::vector<Interval> resident ZESVM_GUARDED_BY(lock);
};

}  // namespace zesvm::simulator::node
