/// @file device_selection.hpp
/// Which devices a program gets to see: ZE_FLAT_DEVICE_HIERARCHY and ZE_AFFINITY_MASK.
///
/// A mask is a comma-separated list of `d` or `d.t`. Under COMPOSITE, `d` is a card and `d.t` one
/// tile of it; under FLAT and COMBINED, `d` counts the tiles of all cards in order, and a `.t` is
/// not allowed. What a mask leaves keeps its order; what it names twice appears once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zesvm::simulator::driver {

/// How cards and tiles appear as devices.
enum class Hierarchy : std::uint8_t { composite, flat, combined };

/// Returns the hierarchy a value of ZE_FLAT_DEVICE_HIERARCHY asks for; flat for anything else, as
/// the drivers of real devices do.
Hierarchy parse_hierarchy(std::string_view text);

/// A card, and which of its tiles are visible; ascending, never empty.
struct VisibleCard {
  std::size_t card = 0;
  std::vector<std::uint32_t> tiles;

  friend bool operator==(const VisibleCard&, const VisibleCard&) = default;
};

/// Returns the cards and tiles that `mask` leaves.
///
/// @param tiles_of_card  how many tiles each card has
/// @param mask           the text of ZE_AFFINITY_MASK; empty: everything is visible. Parts that
///                       name nothing, or are no numbers, are ignored.
std::vector<VisibleCard> select_devices(std::span<const std::uint32_t> tiles_of_card,
                                        Hierarchy hierarchy, std::string_view mask);

}  // namespace zesvm::simulator::driver
