/// @file report.hpp
/// A machine's topology for people (matrices with letters and a legend) and for programs (JSON).
#pragma once

#include <string>
#include <string_view>

#include "topology/detection.hpp"
#include "topology/link_matrix.hpp"

namespace zesvm::topology {

/// Whether a report lists the source of each fact.
enum class ShowSources : std::uint8_t { no, yes };

/// Returns a tile's name in reports: `1.0` is the first tile of the second card.
std::string label_of(TileId tile);

/// Returns the letters for how `from` reaches `to`: X itself, TL tiles of one device, XL Xe Link,
/// and otherwise those `nvidia-smi topo -m` has for what lies between them on PCIe.
std::string_view letters_for(const LinkMatrix& matrix, std::size_t from, std::size_t to);

/// Returns what `from` may do with memory of `to`, r read, w write, a atomics, and whether data
/// was seen to cross: + right, ! wrong, ? not checked. `-` for no access, `?` where nobody says.
std::string access_letters(const LinkMatrix& matrix, std::size_t from, std::size_t to);

/// Returns devices, matrices, owners, what is unknown or contradictory, and a legend.
std::string text_report(const Detection& detection, ShowSources sources = ShowSources::no);

/// Returns everything text_report() says, and the source of each fact, as JSON.
std::string json_report(const Detection& detection);

}  // namespace zesvm::topology
