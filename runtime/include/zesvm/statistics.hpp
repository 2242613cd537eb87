/// @file statistics.hpp
/// What moved between memories: counted by the simulated node, per tile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <zesvm/export.hpp>

namespace zesvm {

/// A count of moves, their bytes and the wall time they took.
struct Transfer {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t nanoseconds = 0;
};

/// What happened on one tile.
struct TileStatistics {
  /// The tile's place in Runtime::devices(), and its name.
  std::size_t device = 0;
  std::string name;
  /// Page faults of the tile's kernels; those of them that found everything valid already.
  std::uint64_t gpu_faults = 0;
  std::uint64_t gpu_faults_valid = 0;
  /// Faults of the CPU on memory in the tile's VRAM.
  std::uint64_t cpu_faults = 0;
  /// Moves from system memory to the tile, back to system memory, and from a peer to the tile.
  Transfer to_device;
  Transfer to_system;
  Transfer from_peer;
  /// Blocks pushed out for want of VRAM; mappings taken away; faults and moves that failed.
  std::uint64_t evictions = 0;
  std::uint64_t invalidations = 0;
  std::uint64_t failures = 0;
  /// VRAM of the tile and how much of it is in use, in bytes. Not counters.
  std::uint64_t vram_bytes = 0;
  std::uint64_t vram_used_bytes = 0;

  /// Returns the moves in all three directions.
  std::uint64_t migrations() const noexcept {
    return to_device.count + to_system.count + from_peer.count;
  }
};

/// What happened on every tile, in the order of Runtime::devices().
struct Statistics {
  /// False when the driver does not count; `tiles` is empty then.
  bool is_available = false;
  std::vector<TileStatistics> tiles;
};

/// Returns what happened between two readings: counters subtracted, VRAM as `later` has it.
/// Both must come from one Runtime.
ZESVM_API Statistics operator-(const Statistics& later, const Statistics& earlier);

/// Prints a table for people: a line per tile, sizes in binary units.
ZESVM_API std::ostream& operator<<(std::ostream& out, const Statistics& statistics);

}  // namespace zesvm
