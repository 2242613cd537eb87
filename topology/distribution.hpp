/// @file distribution.hpp
/// One buffer over many tiles: in blocks, round robin, or where each part is touched first.
///
/// DI1  pieces are disjoint, ascending, without holes, and cover the size
/// DI2  every border but the last is a multiple of the unit; no tile is given less than a unit
///      while another has two more
#pragma once

#include <span>
#include <vector>

#include "base/sizes.hpp"

namespace zesvm::topology {

/// `[begin, end)` bytes from the start, for the tile at a place in the caller's list.
struct DistributedPiece {
  Bytes begin;
  Bytes end;
  std::size_t tile = 0;

  friend bool operator==(const DistributedPiece&, const DistributedPiece&) = default;
};

/// Who touches a part first.
struct FirstTouch {
  Bytes begin;
  Bytes end;
  std::size_t tile = 0;
};

/// Cuts `size` bytes into one contiguous block for each of `tiles` tiles, as equal as units allow.
/// Tiles at the end get nothing when there are fewer units than tiles.
/// @errors std::invalid_argument: no tile, or a unit of 0
std::vector<DistributedPiece> distribute_block(Bytes size, std::size_t tiles, Bytes unit);

/// Gives pieces of `stride` bytes to the tiles in turn.
/// @errors std::invalid_argument: no tile, or a stride of 0
std::vector<DistributedPiece> distribute_cyclic(Bytes size, std::size_t tiles, Bytes stride);

/// Gives each unit to the tile that touches it first: the first of `touches` that overlaps it. What
/// nobody touches goes with the piece before it, or with the first one.
/// @errors std::invalid_argument: no touch at all, an empty one, or a unit of 0
std::vector<DistributedPiece> distribute_first_touch(Bytes size,
                                                     std::span<const FirstTouch> touches,
                                                     Bytes unit);

}  // namespace zesvm::topology
