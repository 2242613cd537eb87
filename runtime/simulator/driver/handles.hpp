/// @file handles.hpp
/// Driver, devices and contexts: the objects every other handle belongs to.
///
/// One driver stands on one node. Its devices are cards (COMPOSITE), tiles (FLAT), or tiles that
/// know their card (COMBINED), cut down by ZE_AFFINITY_MASK. All of them live from zeInit to the
/// end of the process, so plain references to them stay good.
///
/// H1  a device covers at least one tile; a sub-device exactly one
/// H2  the driver, its devices and its node are never destroyed: calls may come while the process
///     ends, and the tiles' processes end with it
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "simulator/driver/device_selection.hpp"
#include "simulator/driver/imported_pointers.hpp"
#include "simulator/driver/object.hpp"
#include "simulator/driver/outcome.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::topology {
struct DeviceDescription;
struct NodeDescription;
}  // namespace zesvm::topology
namespace zesvm::simulator::node {
class Node;
}

namespace zesvm::simulator::driver {

class Driver;

/// A card, or one tile of it.
class Device : public Object {
 public:
  using Handle = ze_device_handle_t;
  static constexpr ObjectKind kind = ObjectKind::device;

  Device(Driver& driver, std::size_t card, std::vector<node::TileId> tiles, const Device* root);

  Driver& driver() const { return driver_; }
  node::Node& node() const;
  const topology::DeviceDescription& description() const;
  /// Returns the index of its card in the node description.
  std::size_t card() const { return card_; }
  /// Returns the tiles it covers, at least one.
  std::span<const node::TileId> tiles() const { return tiles_; }
  /// Returns the tile its work runs on and its memory comes from when no tile is named.
  node::TileId tile() const { return tiles_.front(); }
  /// Returns the index of its first tile in its card.
  std::uint32_t index_in_card() const;
  /// Returns whether any of its tiles stopped answering.
  bool is_lost() const;
  /// Returns the card it is a sub-device of; null for a root device.
  const Device* root() const { return root_; }
  /// Returns its sub-devices; empty for one and for a card of one tile.
  std::span<const std::shared_ptr<Device>> sub_devices() const { return sub_devices_; }
  /// Returns whether a queue or list on it may use memory of `other` in place.
  bool can_access(const Device& other) const;

 private:
  friend class Driver;
  Driver& driver_;
  const std::size_t card_;
  const std::vector<node::TileId> tiles_;
  const Device* const root_;
  std::vector<std::shared_ptr<Device>> sub_devices_;  // complete before the device is reachable
};

/// The driver: one node and its devices.
class Driver : public Object {
 public:
  using Handle = ze_driver_handle_t;
  static constexpr ObjectKind kind = ObjectKind::driver;

  explicit Driver(std::unique_ptr<node::Node> node);
  ~Driver() override;

  /// Starts the node that ZESVM_NODE names, at the first call; later calls return the same result.
  /// What went wrong is on stderr, once.
  static ze_result_t initialise();
  /// Returns the driver; null before `initialise` succeeded.
  static Driver* instance();

  node::Node& node() const { return *node_; }
  const topology::NodeDescription& description() const;
  Hierarchy hierarchy() const { return hierarchy_; }
  /// Returns what zeDeviceGet reports, in order.
  std::span<const std::shared_ptr<Device>> devices() const { return devices_; }
  /// Returns the cards; under FLAT each tile is one.
  std::span<const std::shared_ptr<Device>> roots() const { return roots_; }
  /// Returns the device that stands for a tile as closely as possible: the tile's own sub-device,
  /// else the root device that covers it; null when the affinity mask hides the tile.
  Device* device_of(node::TileId tile) const;
  /// Returns the memory of the program that was announced to it.
  ImportedPointers& imported_pointers() { return imported_pointers_; }

 private:
  void add_devices();

  std::unique_ptr<node::Node> node_;
  Hierarchy hierarchy_ = Hierarchy::flat;
  std::vector<std::shared_ptr<Device>> devices_;
  std::vector<std::shared_ptr<Device>> roots_;
  ImportedPointers imported_pointers_;
};

/// A context: which devices work together, and which allocations were made for them.
class Context : public Object {
 public:
  using Handle = ze_context_handle_t;
  static constexpr ObjectKind kind = ObjectKind::context;

  /// @param devices  the devices it is for; empty: all of the driver
  Context(Driver& driver, std::vector<Device*> devices);

  Driver& driver() const { return driver_; }
  node::Node& node() const;
  std::span<Device* const> devices() const { return devices_; }
  /// Returns whether the context was made for the device, its root or one of its sub-devices.
  bool has(const Device& device) const;
  /// Returns SUCCESS, or DEVICE_LOST when a device of it is lost.
  ze_result_t status() const;

  /// Notes an allocation made for this context.
  /// @param device  the device the program named; null for none
  /// @locks takes leaf
  void adopt(Address base, const Device* device = nullptr);
  /// Returns the device the program named for the allocation at `base`; null for none. It may be a
  /// card where the memory is one of its tiles'. @locks takes leaf
  const Device* device_named_for(Address base) const;
  /// Forgets an allocation; returns whether it was this context's. @locks takes leaf
  bool disown(Address base);
  /// Returns whether the allocation at `base` was made for this context. @locks takes leaf
  bool owns(Address base) const;

 private:
  Driver& driver_;
  const std::vector<Device*> devices_;
  mutable Mutex<LockOrder::leaf> lock_;
  std::map<Address, const Device*> allocations_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::driver
