/// @file fabric.hpp
/// The fabric between devices: a vertex for every device, an edge for every pair that is linked
/// directly, by Xe Link between cards or inside one card.
///
/// Vertices and edges are made at the first question and stay to the end of the process.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "simulator/driver/device_links.hpp"
#include "simulator/driver/handles.hpp"

namespace zesvm::simulator::driver {

/// A device as a place in the fabric.
class FabricVertex : public Object {
 public:
  using Handle = ze_fabric_vertex_handle_t;
  static constexpr ObjectKind kind = ObjectKind::fabric_vertex;

  explicit FabricVertex(Device& device) : device_(device) {}

  Device& device() const { return device_; }
  /// Returns the vertices of its sub-devices.
  std::span<const std::shared_ptr<FabricVertex>> parts() const { return parts_; }

 private:
  friend class Fabric;
  Device& device_;
  std::vector<std::shared_ptr<FabricVertex>> parts_;
};

/// A direct link between two vertices, the same in both directions.
class FabricEdge : public Object {
 public:
  using Handle = ze_fabric_edge_handle_t;
  static constexpr ObjectKind kind = ObjectKind::fabric_edge;

  FabricEdge(FabricVertex& first, FabricVertex& second, DeviceLink link)
      : first_(first), second_(second), link_(link) {}

  FabricVertex& first() const { return first_; }
  FabricVertex& second() const { return second_; }
  const DeviceLink& link() const { return link_; }
  /// Returns whether it joins these two, in any order.
  bool joins(const FabricVertex& a, const FabricVertex& b) const {
    return (&first_ == &a && &second_ == &b) || (&first_ == &b && &second_ == &a);
  }

 private:
  FabricVertex& first_;
  FabricVertex& second_;
  const DeviceLink link_;
};

/// All vertices and edges of a driver.
class Fabric {
 public:
  explicit Fabric(const Driver& driver);
  /// Returns the fabric of the process's driver.
  static Fabric& of(const Driver& driver);

  /// Returns the vertices of root devices.
  std::span<const std::shared_ptr<FabricVertex>> vertices() const { return vertices_; }
  std::span<const std::shared_ptr<FabricEdge>> edges() const { return edges_; }
  /// Returns the vertex of a device.
  const FabricVertex* vertex_of(const Device& device) const;

 private:
  void add_edges(std::span<const std::shared_ptr<FabricVertex>> vertices);

  std::vector<std::shared_ptr<FabricVertex>> vertices_;
  std::vector<std::shared_ptr<FabricEdge>> edges_;
};

}  // namespace zesvm::simulator::driver
