/// @file node_state.hpp
/// What a node consists of, for the files that implement it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/cpu_faults.hpp"
#include "simulator/node/address_windows.hpp"
#include "simulator/node/allocation_table.hpp"
#include "simulator/node/charged_memory.hpp"
#include "simulator/node/failure_plan.hpp"
#include "simulator/node/fork_copies.hpp"
#include "simulator/node/memory_charges.hpp"
#include "simulator/node/node.hpp"
#include "simulator/node/node_memory.hpp"
#include "simulator/node/node_trace.hpp"
#include "simulator/node/program_memory.hpp"
#include "simulator/node/tile.hpp"
#include "simulator/node/virtual_clock.hpp"
#include "simulator/node/virtual_memory.hpp"
#include "svm/address_space.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::node {

/// The links between the tiles of the node, as the core asks for them.
class NodeLinks : public pagemap::Interconnect {
 public:
  explicit NodeLinks(const topology::NodeDescription& description);
  pagemap::Link link(const pagemap::Pagemap& from,
                     const pagemap::Pagemap& to) const noexcept override;
  pagemap::Link link(std::size_t from, std::size_t to) const {
    return links_[from * tile_count_ + to];
  }

 private:
  std::size_t tile_count_;
  std::vector<pagemap::Link> links_;
};

/// The parts of a node, in the order they are made; destroyed the other way round.
class NodeState : public CpuFaultResolver {
 public:
  explicit NodeState(const topology::NodeDescription& node_description);
  ~NodeState() override;

  /// Starts everything; see Node::create.
  Status start();

  Tile& tile(TileId id) { return *tiles[index_of(id)]; }
  bool has(TileId id) const { return index_of(id) < tiles.size(); }
  /// Returns no_device, device_lost, or ok where a call on the tile makes sense.
  Status usable(TileId id);

  // CpuFaultResolver
  Status resolve(Address where, CpuAccess access) override;
  Status resolve_for(const CpuFault& fault) override;
  /// Resolves a fault of a tile.
  Status resolve_gpu(Tile& tile, Address where, tile::Access access);
  /// Takes a tile that died out of the address space, from a thread of its own.
  void lose(Tile& tile);
  /// Takes a tile out of the address space; its content goes to system memory.
  Status take_out(Tile& tile);
  /// Makes a file known to every tile that lives.
  Status share(SharedFile& file);
  /// Lets every tile forget a file.
  void unshare(SharedFile& file);

  const topology::NodeDescription description;
  FailurePlan failures;
  NodeLinks links;
  pagemap::OwnerList owners{links};
  VirtualClock clock;
  NodeMemory memory{failures};
  ChargedMover mover{memory, clock};
  MemoryCharges charges{*this};
  std::vector<std::unique_ptr<Tile>> tiles;
  std::unique_ptr<AddressWindows> windows;
  /// Null when nobody wants one.
  std::unique_ptr<NodeTrace> trace;
  std::unique_ptr<svm::AddressSpace> space;
  AllocationTable allocations;
  std::unique_ptr<VirtualMemory> virtual_memory;
  std::unique_ptr<ProgramMemory> program_memory;
  std::unique_ptr<CpuFaults> cpu_faults;
  std::unique_ptr<ForkCopies> fork_copies;

 private:
  Status start_tile(std::size_t device);
  Status give_vram(Tile& tile);
  Status announce(Window& window);
  /// Lets the program use a page in system memory that the kernel refused to open before.
  void let_in(Address where);
  /// Makes what planned failures of peer access deliver.
  Status prepare_ones();
  /// Leaves everything of the parent's alone, in a child made by fork.
  void abandon();
  /// Returns whether a fault may be served: false once the node ends.
  bool enter_fault();
  void leave_fault();

  SharedFile ones_;
  Mutex<LockOrder::leaf> ending_lock_;
  Condition ending_;
  bool is_ending_ ZESVM_GUARDED_BY(ending_lock_) = false;
  std::size_t faults_under_way_ ZESVM_GUARDED_BY(ending_lock_) = 0;
};

}  // namespace zesvm::simulator::node
