/// @file machine_facts.hpp
/// Facts of small machines, for tests to take some away or change them.
#pragma once

#include "topology/facts.hpp"

namespace zesvm::topology {

/// Returns a card at `0000:<bus>:00.0` with PCIe 5.0 x8.
inline LevelZeroDevice card(std::uint32_t bus, std::uint32_t tiles = 1) {
  LevelZeroDevice device;
  device.name = "card";
  device.pci_address = PciAddress{0, bus, 0, 0};
  device.pci_speed = PciSpeed{5, 8};
  device.tiles = tiles;
  device.memory = 16_GiB;
  device.memory_bandwidth = Bandwidth{456};
  return device;
}

/// Returns what the driver says of a pair that has access, or has none.
inline LevelZeroPair said(TileId from, TileId to, bool access) {
  LevelZeroPair pair;
  pair.from = from;
  pair.to = to;
  pair.can_access = pair.p2p_access = access;
  pair.p2p_atomics = false;
  return pair;
}

/// Returns two cards at buses 5 and 8, of `tiles` tiles, whose tiles all have access to each other.
inline NodeFacts two_cards(std::uint32_t tiles = 1) {
  NodeFacts facts;
  facts.name = "test";
  auto& level_zero = facts.level_zero.emplace();
  level_zero.devices = {card(5, tiles), card(8, tiles)};
  level_zero.edges.emplace();
  for (std::uint32_t a = 0; a < 2 * tiles; ++a)
    for (std::uint32_t b = 0; b < 2 * tiles; ++b)
      if (a != b)
        level_zero.pairs.push_back(said({a / tiles, a % tiles}, {b / tiles, b % tiles}, true));
  return facts;
}

/// Returns an edge of the fabric between two tiles.
inline FabricEdge edge(TileId a, TileId b, double bandwidth) {
  return {{LinkEnd::Kind::tile, a.device, a.tile},
          {LinkEnd::Kind::tile, b.device, b.tile},
          "XeLink",
          Bandwidth{bandwidth},
          std::nullopt};
}

/// Returns a card of Sysman's with a port from its first tile to that of the card at `other`.
inline SysmanDevice managed(std::uint32_t bus, std::uint32_t other, PortState state,
                            double receive = 20, double send = 20) {
  SysmanDevice device;
  device.pci_address = {0, bus, 0, 0};
  device.ports.push_back({.id = {bus, 0, 1},
                          .tile = 0,
                          .state = state,
                          .remote = PortId{other, 0, 1},
                          .receive = {receive},
                          .send = {send}});
  return device;
}

}  // namespace zesvm::topology
