/// @file capabilities.hpp
/// What the tiles of a driver can do with memory, and the backing that fits them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <level_zero/ze_api.h>

#include <zesvm/capabilities.hpp>

#include "levelzero/tile.hpp"

namespace zesvm::levelzero {

/// Fills in the capabilities of all tiles. What a driver does not tell stays at "no".
void read_capabilities(ze_context_handle_t context, std::vector<Tile>& tiles);

/// A backing, and why.
struct BackingChoice {
  Backing backing = Backing::shared;
  std::string reason;
};

/// Returns the backing for allocations that do not say. `wanted` goes before ZESVM_BACKING, that before
/// what fits the tiles.
/// @errors Error unsupported: the tiles cannot use what was asked for; invalid_argument: ZESVM_BACKING
///         names no backing
BackingChoice choose_backing(Backing wanted, const std::vector<Tile>& tiles, bool is_simulated);

/// Returns capabilities for people: what it is about, and what holds.
std::vector<std::pair<std::string, std::string>> facts_of(const Capabilities& capabilities);

/// Returns the first tile that cannot use any pointer of the program; null when all can.
const Tile* without_system_memory(const std::vector<Tile>& tiles);

/// Does nothing when the tiles can use a backing. @errors Error unsupported
void check_possible(Backing backing, const std::vector<Tile>& tiles);

}  // namespace zesvm::levelzero
