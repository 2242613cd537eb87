/// @file virtual_memory.hpp
/// Physical memory objects, and which of them is mapped where in reserved addresses.
#pragma once

#include "base/interval.hpp"
#include "simulator/driver/object.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::simulator::driver {

/// A physical memory object.
class PhysicalMemory : public Object {
 public:
  using Handle = ze_physical_mem_handle_t;
  static constexpr ObjectKind kind = ObjectKind::physical_memory;

  PhysicalMemory(node::PhysicalId id, std::optional<node::TileId> tile, Bytes size)
      : id_(id), tile_(tile), size_(size) {}

  node::PhysicalId id() const { return id_; }
  /// Returns the tile in whose VRAM it is; nothing: system memory.
  std::optional<node::TileId> tile() const { return tile_; }
  Bytes size() const { return size_; }

 private:
  const node::PhysicalId id_;
  const std::optional<node::TileId> tile_;
  const Bytes size_;
};

/// Returns a reservation as the memory that is mapped in it at `where`, with the mapping's kind,
/// tile and interval; unchanged when nothing is mapped there.
node::Allocation as_mapped(node::Allocation reservation, Address where);

}  // namespace zesvm::simulator::driver
