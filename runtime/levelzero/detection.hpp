/// @file detection.hpp
/// Reads what Level Zero and Sysman say of this machine's GPUs, as plain facts: nothing is judged
/// here (`topology/detection.hpp` does that). A query that fails leaves its fact unknown.
#pragma once

#include <variant>
#include <vector>

#include "levelzero/tile.hpp"
#include "topology/facts.hpp"

namespace zesvm::levelzero {

/// Reads cards, pairs of tiles and fabric of a driver. A missing fabric is named in `missing`.
topology::LevelZeroFacts read_level_zero(ze_driver_handle_t driver, const std::vector<Tile>& tiles,
                                         std::vector<topology::MissingSource>& missing);

/// Reads PCIe links, memory and fabric ports. Needs ZES_ENABLE_SYSMAN=1 before Level Zero was
/// initialised, or a loader that has zesInit.
/// @return the facts, or why there are none
std::variant<topology::SysmanFacts, topology::MissingSource> read_sysman(
    ze_driver_handle_t driver, const std::vector<Tile>& tiles);

/// Returns the tile of a driver's list as topology counts tiles.
topology::TileId place_of(const Tile& tile);

}  // namespace zesvm::levelzero
