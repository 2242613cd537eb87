/// @file fabric_facts.hpp
/// Reads the fabric of a driver: its vertices are cards and tiles, its edges what joins them.
#pragma once

#include <variant>
#include <vector>

#include "levelzero/tile.hpp"
#include "topology/facts.hpp"

namespace zesvm::levelzero {

/// Returns the edges between cards and tiles of `tiles`, or why there are none to be had.
std::variant<std::vector<topology::FabricEdge>, topology::MissingSource> read_fabric(
    ze_driver_handle_t driver, const std::vector<Tile>& tiles);

}  // namespace zesvm::levelzero
