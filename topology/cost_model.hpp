/// @file cost_model.hpp
/// What it costs, on a described node, to use or to move bytes that live in some place.
///
/// One model serves two: the simulated node charges its virtual clock with it, and the planner
/// compares places by it, so that a plan is judged by the clock it was made for.
///
/// CM1  a transfer of n bytes over a passage takes its latency, plus n over the bandwidth of each hop
/// CM2  bytes that flow one way over a link do not slow those that flow the other way
/// CM3  tiles of one device share the device's link to the host, and its links to another device; a
///      link between two tiles of one device is theirs alone
/// Not here: what is used when (the virtual clock of the simulated node), where it should live
/// (planner.hpp).
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "topology/link_matrix.hpp"
#include "topology/node_description.hpp"

namespace zesvm::topology {

/// Where bytes live: in the VRAM of a tile, by its index in NodeDescription::tiles(), or in system
/// memory.
struct MemoryPlace {
  /// Nothing: system memory.
  std::optional<std::size_t> tile;

  static MemoryPlace system() { return {}; }
  static MemoryPlace on(std::size_t tile) { return {tile}; }
  friend auto operator<=>(const MemoryPlace&, const MemoryPlace&) = default;
};

/// One link direction that bytes cross, and how fast.
struct Hop {
  /// Stands for the tile's own memory, which no other tile slows.
  static constexpr std::size_t own_memory = std::numeric_limits<std::size_t>::max();
  /// An index below CostModel::link_count(), or `own_memory`.
  std::size_t link = own_memory;
  Bandwidth bandwidth;
};

/// The way bytes take: one hop, or two when they are stored in system memory between.
struct Passage {
  std::array<Hop, 2> hops;
  std::size_t hop_count = 1;
  std::chrono::nanoseconds latency{};

  /// Returns how long `size` bytes take with nobody else under way (CM1).
  std::chrono::nanoseconds time_for(Bytes size) const;
};

/// The costs on one node. Immutable; safe from any thread.
class CostModel {
 public:
  explicit CostModel(const NodeDescription& node);

  const LinkMatrix& matrix() const { return matrix_; }
  const SimulatedCosts& costs() const { return costs_; }
  std::size_t tile_count() const { return matrix_.size(); }
  /// Returns how many link directions there are.
  std::size_t link_count() const;

  /// Returns the way of bytes that `tile` reads where they are.
  Passage reading(std::size_t tile, MemoryPlace from) const;
  /// Returns the way of bytes that `tile` writes where they are.
  Passage writing(std::size_t tile, MemoryPlace to) const;
  /// Returns the way of bytes that move. From VRAM the source's tile drives it: it writes.
  Passage moving(MemoryPlace from, MemoryPlace to) const;

  /// Returns whether `tile` uses memory there in place: its own, system memory, or a fast peer's.
  bool maps_in_place(std::size_t tile, MemoryPlace place) const;
  /// Returns whether the tile's device takes page faults.
  bool has_page_faults(std::size_t tile) const { return page_faults_.at(tile); }

  /// Returns how long the CPU takes for so many bytes of system memory.
  std::chrono::nanoseconds cpu_time(Bytes size) const { return host_memory_.time_for(size); }
  /// Returns the cost of what faults and page tables add to moving one chunk to `tile`.
  std::chrono::nanoseconds fault_overhead(std::size_t tile) const;

  /// Returns a name for people: `tile 0.1`, `system memory`.
  std::string name_of(MemoryPlace place) const;

 private:
  std::size_t first_of_device(std::size_t tile) const;
  std::size_t link_between(std::size_t from, std::size_t to) const;
  std::size_t link_from_host(std::size_t tile) const;
  std::size_t link_to_host(std::size_t tile) const;
  Passage through_host(std::size_t from, std::size_t to) const;

  LinkMatrix matrix_;
  SimulatedCosts costs_;
  Bandwidth host_memory_;
  std::vector<bool> page_faults_;
};

}  // namespace zesvm::topology
