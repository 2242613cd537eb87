/// @file detection.hpp
/// Makes one description of a machine from what the sources say.
///
/// D1  every fact of a link carries the source it was taken from; what no source has is unknown
///     (zero, Source::none), never made up; what a rule stands in for says `assumed`
/// D2  a missing source takes away what only it knows, and nothing else
/// D3  where two sources disagree, the one named first in docs/topology.md wins, and the
///     disagreement is reported
/// Not here: reading the sources (facts.hpp), what the links add up to (link_matrix.hpp).
#pragma once

#include <string>
#include <vector>

#include "topology/facts.hpp"

namespace zesvm::topology {

/// What was found out, and what was not.
struct Detection {
  /// The machine. Tiles that no source knows the memory of have VRAM of zero bytes.
  NodeDescription node;
  std::vector<MissingSource> missing;
  /// Where sources disagree: the fact, what each says, and which was taken.
  std::vector<std::string> contradictions;
  /// Facts that no source has.
  std::vector<std::string> unknown;
  /// Free memory of each tile, in the order of node.tiles(); empty where nobody says.
  std::vector<std::optional<Bytes>> free_memory;
  /// Tiles that were there and are lost, as indexes into node.tiles(): no owner has them.
  std::vector<std::size_t> lost;
};

/// Judges the facts.
Detection detect(const NodeFacts& facts);

/// Returns what lies between two devices of hwloc's tree.
PciPath path_between(const HwlocDevice& a, const HwlocDevice& b);

}  // namespace zesvm::topology
