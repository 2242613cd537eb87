/// @file picture.hpp
/// Draws a machine: host, NUMA nodes, switches, cards, tiles, and links with their bandwidth.
///
/// Cards stand in rows below the NUMA node they are near, inside the switch they share; each has a
/// line to the host. Links between cards are drawn one by one while they are few; where many cards
/// are joined alike they are one group, a bar that says what joins each two of them.
#pragma once

#include <string>

#include "topology/detection.hpp"

namespace zesvm::topology {

/// Returns the picture as SVG.
std::string svg_picture(const Detection& detection);

}  // namespace zesvm::topology
