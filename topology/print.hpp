/// @file print.hpp
/// A node's topology for people (a matrix with letters and a legend) and for programs (JSON).
#pragma once

#include <string>
#include <string_view>

#include "topology/link_matrix.hpp"

namespace zesvm::topology {

/// Returns the letters for how `from` reaches `to`: X itself, TL tiles of one device, XL Xe Link,
/// PIX one PCIe switch, PXB PCIe across the root, and through the host: PHB the same NUMA
/// node, SYS between NUMA nodes, `-` not at all.
std::string_view letters_for(const NodeDescription& node, const LinkMatrix& matrix,
                             std::size_t from, std::size_t to);

/// Returns the matrix of links, read and write bandwidth apart, the owners and a legend.
std::string matrix_text(const NodeDescription& node, const LinkMatrix& matrix);

/// Returns the node, its devices and its links as JSON.
std::string topology_json(const NodeDescription& node, const LinkMatrix& matrix);

}  // namespace zesvm::topology
