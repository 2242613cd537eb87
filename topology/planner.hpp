/// @file planner.hpp
/// Where memory should live: given who uses it how often, the place that costs least on this node.
///
/// PL1  the place chosen costs no more, by the cost model, than any other place
/// PL2  of places that cost the same, the first in the order tiles by index, system memory, moving
///      is chosen, but a tile that uses the memory goes before one that does not
/// PL3  a plan covers what was planned for without holes, and equal neighbours are one piece
/// Not here: how much VRAM is free (the runtime evicts), where memory is now.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "topology/cost_model.hpp"

namespace zesvm::topology {

/// What a tile, or the CPU, does with a piece of memory each time it uses it.
struct Use {
  /// Nothing: the CPU.
  std::optional<std::size_t> tile;
  Bytes read;
  Bytes written;
  /// Atomic operations.
  std::uint64_t atomics = 0;
  /// How often, over all that is planned for.
  std::uint64_t times = 1;
};

/// Where memory may be put: in one place, or nowhere in particular.
struct Placement {
  enum class Kind : std::uint8_t {
    /// In the VRAM of a tile.
    tile,
    /// In system memory.
    system,
    /// Nothing is said: it moves to the device that uses it, each time another one does.
    moving,
  };
  Kind kind = Kind::moving;
  std::size_t tile = 0;

  static Placement on(std::size_t tile) { return {Kind::tile, tile}; }
  static Placement system() { return {Kind::system, 0}; }
  static Placement moving() { return {Kind::moving, 0}; }
  friend bool operator==(const Placement&, const Placement&) = default;
};

/// What a placement costs, by the cost model, over all uses.
struct PlacementCost {
  Placement placement;
  std::chrono::nanoseconds cost{};
};

/// The chosen placement, and why.
struct Choice {
  Placement placement;
  std::chrono::nanoseconds cost{};
  /// For people: what it costs there, what the best other place would cost, who decides it.
  std::string reason;
  /// Every placement there is with its cost, cheapest first.
  std::vector<PlacementCost> ranking;
};

/// Use of a part of what is planned for; amounts are of the whole part.
struct PartUse {
  Bytes begin;
  Bytes end;
  Use use;
};

/// A piece of a plan: `[begin, end)` bytes from the start.
struct PlannedPiece {
  Bytes begin;
  Bytes end;
  Placement placement;
  std::chrono::nanoseconds cost{};
  /// That of its first unit.
  std::string reason;
};

/// Chooses places on one node. Immutable; safe from any thread.
class Planner {
 public:
  /// Plans with every tile of the node.
  explicit Planner(const NodeDescription& node);
  /// Plans with some tiles: memory is put on no other. Those without an entry may still use it.
  Planner(const NodeDescription& node, std::vector<std::size_t> tiles);

  const CostModel& model() const { return model_; }

  /// Returns what `size` bytes in a placement cost over all uses.
  ///
  /// A user that cannot use a place in place (no fast link, or atomic operations outside its own VRAM)
  /// brings the memory to itself each time, and the next user takes it back. Under `moving` users take turns
  /// in the order given. Nobody's transfers are taken to overlap.
  std::chrono::nanoseconds cost_of(Placement placement, Bytes size,
                                   std::span<const Use> uses) const;

  /// Returns the cheapest placement of `size` bytes (PL1). Without uses: moving.
  /// @errors std::invalid_argument: a use names a tile that does not exist
  Choice choose(Bytes size, std::span<const Use> uses) const;

  /// Plans `size` bytes in units of `unit`, the size memory moves in: each unit gets the cheapest
  /// placement for its share of the uses.
  /// @errors std::invalid_argument: unit is 0, a part is empty or leaves the size, an unknown tile
  std::vector<PlannedPiece> plan(Bytes size, Bytes unit, std::span<const PartUse> uses) const;

  /// Returns a placement for people: `tile 1.0`, `system memory`, `wherever it is used`.
  std::string name_of(Placement placement) const;

 private:
  std::chrono::nanoseconds in_place(const Use& use, MemoryPlace place) const;
  bool is_usable_in_place(const Use& use, MemoryPlace place) const;
  std::chrono::nanoseconds moved(MemoryPlace from, MemoryPlace to, Bytes size) const;
  std::chrono::nanoseconds while_moving(Bytes size, std::span<const Use> uses) const;
  std::string reason_for(const Choice& choice, std::span<const Use> uses) const;

  CostModel model_;
  std::vector<std::size_t> tiles_;
};

}  // namespace zesvm::topology
