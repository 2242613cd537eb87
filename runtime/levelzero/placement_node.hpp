/// @file placement_node.hpp
/// The node a Context runs on, for plans and for who reaches whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "topology/node_description.hpp"

namespace zesvm::levelzero {

class Context;

/// A description, and which tile of it each device of a Context is.
struct PlacementNode {
  topology::NodeDescription description;
  /// Indexes into description.tiles(), by Device::index().
  std::vector<std::size_t> tiles;
  /// By Device::index(): the device is lost, and memory is put elsewhere.
  std::vector<bool> is_lost{};
};

/// Returns the node of a Context: the file of a simulated one, so that costs are those its virtual
/// clock charges; what was detected of a real machine.
/// @errors Error: a query failed; unknown_node: the file cannot be read any more
PlacementNode placement_node_of(Context& context);

/// Returns the operating system's number of the NUMA node of each device of a context; nothing for
/// those nobody knows it of.
std::vector<std::optional<std::uint32_t>> numa_nodes_of(Context& context);

}  // namespace zesvm::levelzero
