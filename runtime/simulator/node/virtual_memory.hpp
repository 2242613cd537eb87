/// @file virtual_memory.hpp
/// Reserved addresses and the physical memory mapped there by request.
///
/// V1  mappings of reservations are disjoint, and lie inside one reservation each
/// V2  physical memory of a tile has its VRAM, pinned, from creation to destruction
/// V3  a tile has an address mapped only while it is mapped here, with no more rights
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "base/status.hpp"
#include "pagemap/block.hpp"
#include "simulator/node/types.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::simulator::node {

class AddressWindows;
class NodeState;
struct NodeMapping;
struct VramPieces;
struct Tile;

/// The virtual memory of one node; the functions are those of Node.
class VirtualMemory {
 public:
  explicit VirtualMemory(NodeState& node) : node_(node) {}
  ~VirtualMemory();
  VirtualMemory(const VirtualMemory&) = delete;
  VirtualMemory& operator=(const VirtualMemory&) = delete;

  Result<Address> reserve(Bytes size, std::optional<Address> wanted);
  Status release(Interval interval);
  Result<PhysicalId> create(std::optional<TileId> tile, Bytes size);
  Status destroy(PhysicalId physical);
  Status map(Interval interval, PhysicalId physical, Bytes offset, PageAccess access);
  Status unmap(Interval interval);
  Status set_access(Interval interval, PageAccess access);
  Result<std::pair<PageAccess, Interval>> access_at(Address where) const;

  /// Makes a mapped page reachable for a tile that faulted on it.
  ///
  /// @errors   not_mapped; permission_denied: the access or the link does not allow it
  /// @locks    takes allocations, tile
  /// @context  fault
  Status resolve(Tile& tile, Address where, tile::Access access);

 private:
  /// A physical memory object.
  struct Physical {
    Physical() = default;
    ~Physical();
    Physical(const Physical&) = delete;
    Physical& operator=(const Physical&) = delete;

    Bytes size;
    std::optional<TileId> tile;
    std::size_t mappings = 0;
    // On a tile:
    std::deque<pagemap::Block> blocks;
    std::shared_ptr<VramPieces> vram;
    // On the host: addresses of a window nobody uses; the file behind them is the memory.
    AddressWindows* windows = nullptr;
    Interval addresses{};
  };
  struct Mapped {
    PhysicalId physical;
    Interval interval;
  };

  Status lend(Physical& physical, Tile& tile);
  void unmap_from_tiles(Interval interval);
  Status map_on(Tile& tile, const NodeMapping& mapping);

  NodeState& node_;
  mutable Mutex<LockOrder::allocations> lock_;
  std::map<PhysicalId, std::unique_ptr<Physical>> physicals_ ZESVM_GUARDED_BY(lock_);
  std::map<Address, Mapped> mapped_ ZESVM_GUARDED_BY(lock_);
  std::uint64_t last_id_ ZESVM_GUARDED_BY(lock_) = 0;
};

}  // namespace zesvm::simulator::node
