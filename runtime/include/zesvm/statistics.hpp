/// @file statistics.hpp
/// What moved between memories: counted by the simulated node, per tile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <zesvm/export.hpp>

namespace zesvm {

/// A count of moves, their bytes and the wall time they took.
struct Transfer {
  /// How many.
  std::uint64_t count = 0;
  /// Bytes of all.
  std::uint64_t bytes = 0;
  /// The wall time they took.
  std::uint64_t nanoseconds = 0;
  /// Bytes of the smallest and the largest move since the start; zeros where there were none.
  std::uint64_t smallest = 0;
  /// Bytes of the largest.
  std::uint64_t largest = 0;
};

/// Why memory moved: an index of TileStatistics::causes.
enum class Cause : std::uint8_t {
  /// A kernel touched it.
  gpu_fault,
  /// The CPU touched it.
  cpu_fault,
  /// An atomic operation of a kernel touched it.
  gpu_atomic,
  /// A prefetch.
  prefetch,
  /// Other memory needed the VRAM.
  eviction,
  /// Advice changed.
  advice,
  /// Memory was unmapped or freed.
  unmap,
  /// The device was lost or removed.
  device_removal,
  /// It was asked for: a pin, a move to system memory.
  explicit_request,
};
/// How many causes there are.
constexpr std::size_t cause_count = 9;

/// Returns the name of a cause, as spelled in the enumeration.
ZESVM_API const char* name_of(Cause cause) noexcept;

/// Virtual time of one tile, in nanoseconds: what its work would take on the devices and links that
/// the simulated node describes, as its clock is charged for it. Never what this machine took.
struct VirtualTime {
  /// Where the timeline of the tile stands: charges, and waiting for work of others.
  std::uint64_t now = 0;
  /// Charged for faults and page tables, for bytes that moved or were copied, for what kernels used
  /// where it was, for launches, and for waiting until a link was free.
  std::uint64_t faults = 0;
  /// Charged for bytes that moved or were copied.
  std::uint64_t copies = 0;
  /// Charged for what kernels used where it was.
  std::uint64_t accesses = 0;
  /// Charged for launches.
  std::uint64_t launches = 0;
  /// Charged for waiting until a link was free.
  std::uint64_t contention = 0;
  /// Bytes kernels are taken to have read and written in place outside the tile's own memory.
  std::uint64_t remote_read_bytes = 0;
  /// Bytes written there likewise.
  std::uint64_t remote_written_bytes = 0;
};

/// What happened on one tile.
struct TileStatistics {
  /// The tile's place in Runtime::devices(), and its name.
  std::size_t device = 0;
  /// Its name.
  std::string name;
  /// Page faults of the tile's kernels; those of them that found everything valid already.
  std::uint64_t gpu_faults = 0;
  /// Those of them that found everything valid already.
  std::uint64_t gpu_faults_valid = 0;
  /// Faults of the CPU on memory in the tile's VRAM.
  std::uint64_t cpu_faults = 0;
  /// Moves from system memory to the tile, back to system memory, and from a peer to the tile.
  Transfer to_device;
  /// Moves back to system memory.
  Transfer to_system;
  /// Moves from another tile, directly.
  Transfer from_peer;
  /// Blocks pushed out for want of VRAM; mappings taken away; faults and moves that failed.
  std::uint64_t evictions = 0;
  /// Mappings taken away.
  std::uint64_t invalidations = 0;
  /// Faults and moves that failed.
  std::uint64_t failures = 0;
  /// GPU faults by atomic operations, the wall time of all GPU faults, faults started over.
  std::uint64_t gpu_faults_atomic = 0;
  /// Wall time of all GPU faults.
  std::uint64_t gpu_fault_nanoseconds = 0;
  /// Faults started over.
  std::uint64_t retries = 0;
  /// Moves by their cause.
  std::array<std::uint64_t, cause_count> causes{};
  /// VRAM of the tile and how much of it is in use, in bytes. Not counters.
  std::uint64_t vram_bytes = 0;
  /// What of its VRAM is in use now.
  std::uint64_t vram_used_bytes = 0;
  /// Its virtual time, on a simulated node.
  VirtualTime virtual_time;

  /// Returns the moves in all three directions.
  std::uint64_t migrations() const noexcept {
    return to_device.count + to_system.count + from_peer.count;
  }
};

/// What happened on every tile, in the order of Runtime::devices().
struct Statistics {
  /// False when the driver does not count; `tiles` is empty then.
  bool is_available = false;
  /// One for each device that counts.
  std::vector<TileStatistics> tiles;
  /// The virtual time of the node: the latest of the timelines of its tiles and its host.
  std::uint64_t virtual_nanoseconds = 0;
};

/// Returns what happened between two readings: counters subtracted, VRAM as `later` has it.
/// Both must come from one Runtime.
ZESVM_API Statistics operator-(const Statistics& later, const Statistics& earlier);

/// Prints a table for people: a line per tile, sizes in binary units.
ZESVM_API std::ostream& operator<<(std::ostream& out, const Statistics& statistics);

/// Returns the migration report, which `ZESVM_REPORT=text|json|FILE` in the environment writes when a
/// Runtime ends (to stderr, or to a file; `%p` in its name is the process id): per device and direction count, average, smallest, largest and total
/// bytes, wall time and throughput; then faults and causes, and virtual time. All directions always, also with no moves.
ZESVM_API std::string report_text(const Statistics& statistics);

/// Returns the same as JSON, of this form, to which only members are added:
///   {"version": 1, "available": true, "devices": [{"device": 0, "name": "...",
///     "directions": {"host_to_device": {"count", "bytes", "average_bytes", "smallest_bytes",
///                    "largest_bytes", "nanoseconds", "bytes_per_second"},
///                    "device_to_host": ..., "device_to_device": ...},
///     "faults": {"gpu", "gpu_valid", "gpu_atomic", "gpu_nanoseconds", "cpu"},
///     "causes": {"gpu_fault": 0, ...}, "evictions", "invalidations", "retries", "failures",
///     "virtual_time": {"now", "faults", "copies", "accesses", "launches", "contention",
///                      "remote_read_bytes", "remote_written_bytes"}}], "virtual_nanoseconds": 0}
ZESVM_API std::string report_json(const Statistics& statistics);

}  // namespace zesvm
