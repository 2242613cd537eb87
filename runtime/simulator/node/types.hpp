/// @file types.hpp
/// The words in which the driver talks to a node: tiles, allocations, launches, regions. Plain
/// values, no behaviour, so that the driver's headers can include them cheaply.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/interval.hpp"
#include "base/status.hpp"

namespace zesvm::simulator::node {

/// A tile of the node: its index over all tiles of all devices, device by device in the order of
/// the node description. `Node::tile_of(device, tile)` computes it.
enum class TileId : std::uint32_t {};

/// Returns the index of a tile, for use in a table of all tiles.
constexpr std::size_t index_of(TileId tile) { return static_cast<std::size_t>(tile); }

/// What an allocation of the node is.
enum class MemoryKind : std::uint8_t {
  /// In system memory for ever; the CPU and every tile map it in place.
  host,
  /// In the VRAM of one tile (or, pushed out under pressure, nowhere the program can see). A CPU
  /// touch of it is an error, as on a real GPU; tiles that may reach its tile map it in place.
  device,
  /// Wherever it was touched or placed last, chunk by chunk.
  shared,
  /// An interval of addresses reserved for physical memory (`Node::reserve_virtual`).
  virtual_reservation,
};

/// One allocation, reservation or import, as `Node::allocation_at` reports it.
struct Allocation {
  /// Never 0, and not given twice in the life of the process.
  std::uint64_t id = 0;
  MemoryKind kind = MemoryKind::host;
  /// What the program may use. `interval.size()` is the size it asked for.
  Interval interval{};
  /// The tile that owns it (device) or that it prefers (shared); nothing for host.
  std::optional<TileId> tile{};
  /// Its content belongs to another process (IPC).
  bool is_imported = false;
};

/// Whether a failed request may be tried with other memory, and how large one may be.
enum class SizeLimit : std::uint8_t {
  /// Larger than the VRAM of the tile is refused.
  tile_memory,
  /// Only memory of the host bounds it ("relaxed limits").
  relaxed,
};

/// Total and unused memory of a place.
struct MemoryAmount {
  Bytes total;
  Bytes free;
};

/// What may be done with memory through a mapping of virtual memory.
enum class PageAccess : std::uint8_t { none, read_only, read_write };

/// A physical memory object (`Node::create_physical`).
enum class PhysicalId : std::uint64_t {};

/// A program built for one tile (`Node::build_module`).
enum class ModuleId : std::uint64_t {};

/// A pointer argument; null is allowed. Devices without page faults have what it points into
/// made valid before the launch.
struct PointerArgument {
  Address address;
};
/// An argument by value: a scalar, a vector, a structure.
struct ValueArgument {
  std::vector<std::byte> bytes;
};
/// Local memory of `size` bytes.
struct LocalArgument {
  Bytes size;
};
/// An argument the program did not set; the kernel must not use it.
struct UnsetArgument {};
using KernelArgument = std::variant<UnsetArgument, PointerArgument, ValueArgument, LocalArgument>;

/// What a kernel may reach besides its pointer arguments (the "indirect access" flags). Matters on
/// devices without page faults only: everything of these kinds is made valid before the launch.
struct IndirectAccess {
  bool host = false;
  bool device = false;
  bool shared = false;
};

/// A kernel to run. Values are copied when the launch is made.
struct Launch {
  ModuleId module{};
  std::string kernel;
  std::vector<KernelArgument> arguments;
  std::array<std::uint32_t, 3> group_size{1, 1, 1};
  std::array<std::uint32_t, 3> group_count{1, 1, 1};
  std::array<std::uint32_t, 3> global_offset{0, 0, 0};
  IndirectAccess indirect{};
};

/// How a launch, copy or fill ended. Times are of the steady clock of this process.
struct Outcome {
  Status status = Status::ok;
  /// What went wrong, for a log or an error message; empty when ok.
  std::string message;
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
};

/// The value of one specialisation constant.
struct SpecConstant {
  std::uint32_t id = 0;
  /// As many bytes as the constant's type has.
  std::vector<std::byte> value;
};

/// How building a module ended.
struct BuildOutcome {
  Status status = Status::ok;
  ModuleId module{};
  /// The compiler's words; may hold warnings when ok.
  std::string log;
};

/// A box inside a pitched buffer: `origin` and `extent` in bytes (x), rows (y) and slices (z).
struct Region {
  Address base;
  std::array<std::uint64_t, 3> origin{0, 0, 0};
  /// Bytes from one row to the next; 0: `extent` is one dense row after another.
  Bytes row_pitch;
  /// Bytes from one slice to the next; 0: rows of one slice follow those of the other.
  Bytes slice_pitch;
};

/// A handle on exported memory. The descriptor is the receiver's to close.
struct ExportedMemory {
  int fd = -1;
  Bytes offset;
  Bytes size;
  MemoryKind kind = MemoryKind::host;
};

/// Where a chunk of memory is, for residency reports.
struct Residence {
  Interval interval;
  /// The tile in whose VRAM it is; nothing: system memory.
  std::optional<TileId> tile;
};

/// Counters of one tile since the start or the last reset. A snapshot: the counters move on.
struct TileStatistics {
  std::uint64_t gpu_faults = 0;
  std::uint64_t failed_faults = 0;
  std::uint64_t cpu_faults = 0;
  Bytes copied_in;
  Bytes copied_out;
  Bytes copied_peer;
  std::uint64_t evictions = 0;
  std::uint64_t launches = 0;
  /// Bytes read or written by copy and fill commands on this tile.
  Bytes commanded;
};

}  // namespace zesvm::simulator::node
