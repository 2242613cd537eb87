/// @file link_matrix.hpp
/// Who reaches whose memory, how, and whether that is fast.
///
/// A pair takes the most specific link of the description: between two tiles, else tile and device,
/// else two devices. Tiles of one device without a link reach each other at memory speed; other
/// pairs without a link go through the host; the host without a link is reached over the device's
/// own PCIe link.
///
/// L1  tiles of one device are fast
/// L2  another pair is fast when, in both directions, its bandwidth is at least that of the
///     alternative, a copy in two steps through system memory; a link's name does not count, and
///     what is unknown is not fast
/// L3  what goes through the host, or not at all, is not fast
/// L4  a pair across which data arrived wrong, in either direction, goes through the host
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "topology/node_description.hpp"

namespace zesvm::topology {

/// How one place reaches memory of another.
struct Reach {
  Protocol protocol = Protocol::none;
  LinkFigures figures;
  bool atomics = false;
  bool is_fast = false;
  /// What lies between them on PCIe.
  PciPath path = PciPath::unknown;
  LinkSources sources;
  /// Whether data crossed right when `from` used memory of `to`.
  DataCheck data = DataCheck::not_done;
  /// Why it is not direct; where it is, why it is not fast. Empty for fast ones.
  std::string reason{};

  /// Returns whether anybody said if memory there can be used in place.
  bool is_known() const { return sources.protocol != Source::none; }
  /// Returns whether memory there can be used in place.
  bool is_direct() const {
    return protocol != Protocol::none && protocol != Protocol::through_host;
  }
};

/// Every pair of tiles of one node, and each tile with the host.
class LinkMatrix {
 public:
  explicit LinkMatrix(const NodeDescription& node);

  /// Returns the tiles in the order of their indexes.
  const std::vector<TileId>& tiles() const { return tiles_; }
  std::size_t size() const { return tiles_.size(); }

  /// Returns how tile `from` reaches the VRAM of tile `to`; of itself, its own memory.
  const Reach& between(std::size_t from, std::size_t to) const;
  /// Returns how tile `from` reaches system memory.
  const Reach& to_host(std::size_t from) const { return to_host_.at(from); }
  /// Returns how tile `from` reaches memory of one NUMA node of the host: over the same link, with
  /// the latency between the nodes on top where the host's is known. Path and latency are unknown
  /// where nobody says which node the tile is attached to.
  Reach to_numa(std::size_t from, std::size_t numa_node) const;
  /// Returns whether two tiles have a fast interconnect, in both directions.
  bool is_fast(std::size_t a, std::size_t b) const;

  /// Returns what a copy from `source` to `target` in two steps through system memory reaches.
  Bandwidth through_host(std::size_t source, std::size_t target) const;

  /// Returns the owners: cliques of tiles that all have a fast interconnect with each other.
  std::vector<std::vector<std::size_t>> owners() const;
  /// Returns the owners that remain when tiles have gone away; `gone` in any order.
  std::vector<std::vector<std::size_t>> owners_without(std::span<const std::size_t> gone) const;

 private:
  Reach reach_of(const NodeDescription& node, TileId from, TileId to) const;
  Reach reach_through_host(std::size_t from, std::size_t to) const;
  void judge_speed(std::size_t from, std::size_t to, Fast said);
  std::string why_slow(std::size_t from, std::size_t to) const;

  std::vector<TileId> tiles_;
  HostDescription host_;
  std::vector<std::optional<std::uint32_t>> numa_node_of_;
  std::vector<Reach> between_;
  std::vector<Reach> to_host_;
};

/// Groups `count` members into cliques of `related`, a symmetric relation.
///
/// Each member, in order, joins the first clique it is related to every member of, else opens one.
/// @cost O(count^2) calls
std::vector<std::vector<std::size_t>> owner_cliques(
    std::size_t count, const std::function<bool(std::size_t, std::size_t)>& related);

/// Returns the usable bandwidth of a PCIe link, one way.
Bandwidth pcie_bandwidth(std::uint32_t generation, std::uint32_t width);

}  // namespace zesvm::topology
