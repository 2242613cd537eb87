/// @file bulk_moves.hpp
/// Moving a large interval with several threads, as a card's copy engines would beside each other:
/// while one thread waits for a tile to map what it moved, another one copies.
#pragma once

#include <functional>

#include "base/interval.hpp"
#include "base/status.hpp"

namespace zesvm::simulator::node {

/// Moves one piece; returns how many bytes really moved.
using MovePiece = std::function<Result<Bytes>(Interval piece)>;

/// Calls `move` for pieces that make up `interval`, the first of them alone, and with more threads
/// from there on if that one moved something.
///
/// @errors   those of `move`; pieces after a failed one may not have been tried
/// @locks    called with none held
/// @context  any; `move` runs on several threads at once
[[nodiscard]] Status move_in_pieces(Interval interval, const MovePiece& move);

}  // namespace zesvm::simulator::node
