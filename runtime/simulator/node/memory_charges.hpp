/// @file memory_charges.hpp
/// What commands and kernels use, told to the virtual clock place by place.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "simulator/node/types.hpp"
#include "simulator/node/virtual_clock.hpp"

namespace zesvm::simulator::node {

class NodeState;

/// What one work-item is taken to do through one argument: bytes it reads and writes.
struct ArgumentUse {
  Bytes read;
  Bytes written;
};
/// The uses of a kernel, one for each argument.
using KernelUse = std::vector<ArgumentUse>;

/// Charges commands and launches of one node.
class MemoryCharges {
 public:
  explicit MemoryCharges(NodeState& node) : node_(node) {}

  /// Reads from a module what each of its kernels uses per work-item, for later launches.
  /// @locks    takes leaf
  void learn(TileId tile, ModuleId module, std::span<const std::byte> spirv);
  /// Forgets a module.
  void forget(TileId tile, ModuleId module);
  /// Returns what a kernel uses; null for one that nobody knows.
  std::shared_ptr<const KernelUse> use_of(TileId tile, ModuleId module,
                                          const std::string& kernel) const;

  /// Charges a copy, done by `tile`: for each pair of places the slower of reading and writing.
  void charge_copy(TileId tile, Address to, Address from, Bytes size);
  /// Charges a fill, done by `tile`.
  void charge_fill(TileId tile, Address to, Bytes size);
  /// Charges what a kernel used, wherever that is when it ended.
  /// @param extents  what may be used through each argument, from its pointer on
  /// @cost     a look-up for each chunk of what it used
  void charge_launch(TileId tile, const KernelUse& use, std::span<const Interval> extents,
                     std::uint64_t items);

 private:
  using ModuleKey = std::pair<TileId, ModuleId>;
  using Kernels = std::map<std::string, std::shared_ptr<const KernelUse>, std::less<>>;

  /// Returns the place of an address, and how far it is known to reach.
  std::pair<topology::MemoryPlace, Address> place_at(Address where, Address end) const;

  NodeState& node_;
  mutable Mutex<LockOrder::leaf> lock_;
  std::map<ModuleKey, Kernels> modules_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::node
