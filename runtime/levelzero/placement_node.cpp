#include "levelzero/placement_node.hpp"

#include <zesvm/error.hpp>

#include "levelzero/context.hpp"
#include "levelzero/detection.hpp"
#include "levelzero/machine.hpp"
#include "topology/detection.hpp"

namespace zesvm::levelzero {
namespace {

topology::NodeDescription read_file(const std::string& name) {
  try {
    return topology::load_node(name);
  } catch (const topology::DescriptionError& error) {
    throw Error(ErrorCode::unknown_node, error.what());
  }
}

PlacementNode simulated_node(const Context& context) {
  PlacementNode node;
  node.description = read_file(context.node_name());
  node.tiles.resize(context.tiles().size());
  for (const NodeTile& tile : context.node_tiles())
    if (tile.index) node.tiles[*tile.index] = node.description.index_of({tile.device, tile.tile});
  return node;
}

PlacementNode detected_node(Context& context) {
  PlacementNode node;
  node.description = topology::detect(read_machine(context, VerifyData::no)).node;
  for (const Tile& tile : context.tiles())
    node.tiles.push_back(node.description.index_of(place_of(tile)));
  return node;
}

}  // namespace

PlacementNode placement_node_of(Context& context) {
  PlacementNode node = context.is_simulated() ? simulated_node(context) : detected_node(context);
  for (const Tile& tile : context.tiles())
    node.is_lost.push_back(zeDeviceGetStatus(tile.handle) == ZE_RESULT_ERROR_DEVICE_LOST);
  return node;
}

std::vector<std::optional<std::uint32_t>> numa_nodes_of(Context& context) {
  std::vector<std::optional<std::uint32_t>> numa_nodes(context.tiles().size());
  try {
    const PlacementNode node = placement_node_of(context);
    const auto tiles = node.description.tiles();
    for (std::size_t i = 0; i < numa_nodes.size(); ++i)
      numa_nodes[i] = node.description.os_numa_node_of(tiles.at(node.tiles.at(i)).device);
  } catch (const Error&) {
    // A node that cannot be described is one whose NUMA nodes are not known: no hint fails for it.
  }
  return numa_nodes;
}

}  // namespace zesvm::levelzero
