/// @file node.hpp
/// One described machine, simulated in this process: its tiles (each a helper process), its system
/// memory, the address space all of them share, and the CPU and GPU page faults on it. This is the
/// whole interface the Level Zero driver stands on.
///
/// The model: every address a program gets from a node lies in a *window*, an interval of virtual
/// addresses reserved at the same place in this process and in every tile's process. Behind it is
/// system memory (an anonymous file) or VRAM (one anonymous file per tile), chunk by chunk; the
/// svm::AddressSpace of the node decides which, and the node maps accordingly. A CPU touch of
/// what is in VRAM traps and brings back the chunk touched; a GPU touch of what a tile has not
/// mapped stops that tile until the address space has resolved the fault.
///
/// N1  an address handed out is the same in this process and on every tile, and is not handed out
///     again before it was freed
/// N2  no lock is held while application memory is touched
/// N3  a call on a lost tile returns device_lost; calls on other tiles, and CPU accesses, go on
/// N4  a call that failed changed nothing, unless its documentation says otherwise
///
/// Calls are synchronous, but for `launch`, and may come from any thread; whoever wants queues,
/// events or order makes them. Two calls on the same bytes race like two memcpys.
/// Not here: handles, queues, events, properties (runtime/simulator/driver); where memory should
/// live (svm/address_space.hpp).
#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/interval.hpp"
#include "base/status.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::topology {
struct NodeDescription;
}
namespace zesvm::svm {
class AddressSpace;
}

namespace zesvm::simulator::node {

class NodeState;
class VirtualClock;

/// The simulated machine.
class Node {
 public:
  /// Starts the helper process of every tile and reserves the first window.
  ///
  /// @errors   unsupported: the helper program was not found or could not be started;
  ///           out_of_host_memory: no window or no memory file could be had. Nothing is left over.
  /// @locks    needs none
  /// @context  any
  [[nodiscard]] static Result<std::unique_ptr<Node>> create(
      const topology::NodeDescription& description);

  /// Ends every helper and gives all addresses back. No call may run or follow; memory of the node
  /// must not be touched any more.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // -- the machine ------------------------------------------------------------------------------

  /// Returns the description the node was made from.
  const topology::NodeDescription& description() const;
  /// Returns how many tiles all devices have together.
  std::size_t tile_count() const;
  /// Returns the tile with index `tile` of the device with index `device` in the description.
  TileId tile_of(std::size_t device, std::size_t tile) const;
  /// Returns the index of the device a tile belongs to.
  std::size_t device_of(TileId tile) const;
  /// Returns the tile's helper process; for tests and reports. 0 once it is gone.
  pid_t process_of(TileId tile) const;
  /// Returns whether the tile stopped answering or was removed.
  bool is_lost(TileId tile) const;
  /// Returns whether `from` maps VRAM of `to` in place: same device, or a fast link.
  bool can_access_peer(TileId from, TileId to) const;
  /// Returns whether two tiles that are there belong to one owner: they and every other member reach
  /// each other fast. Changes when a tile goes away.
  bool share_owner(TileId a, TileId b) const;
  /// Returns the VRAM of a tile.
  MemoryAmount memory_of(TileId tile) const;
  /// Returns false in a child made by `fork`: there the node can only be abandoned, its memory
  /// reads as it was at the fork where it was in system memory, and every call returns no_device.
  bool is_usable() const;

  // -- allocations ------------------------------------------------------------------------------

  /// Allocates memory that moves between system memory and VRAM with its users. Reads as zeros.
  ///
  /// @param size       not 0; any
  /// @param alignment  0 or a power of two, up to 1 GiB
  /// @param preferred  the tile it belongs to; nothing: to all alike
  /// @errors   invalid_argument; out_of_host_memory: no address space or no memory for it;
  ///           out_of_device_memory: larger than the VRAM of `preferred` under tile_memory
  /// @locks    takes allocations
  /// @context  any
  [[nodiscard]] Result<Address> allocate_shared(Bytes size, Bytes alignment,
                                                std::optional<TileId> preferred = {},
                                                SizeLimit limit = SizeLimit::tile_memory);
  /// Allocates system memory that stays there. Reads as zeros. Errors as `allocate_shared`.
  [[nodiscard]] Result<Address> allocate_host(Bytes size, Bytes alignment);
  /// Allocates memory in the VRAM of `tile`, which takes place there at its first use and may push
  /// out what was used least recently. Its content is zeros.
  ///
  /// @errors   as `allocate_shared`, and device_lost
  [[nodiscard]] Result<Address> allocate_device(TileId tile, Bytes size, Bytes alignment,
                                                SizeLimit limit = SizeLimit::tile_memory);
  /// Frees the allocation or import that begins at `base`: unmaps it everywhere and gives its
  /// memory back. The caller has made sure that no launch or copy uses it any more.
  ///
  /// @errors   invalid_argument: no allocation begins there (a reservation is not one)
  [[nodiscard]] Status free(Address base);
  /// Returns the allocation, import or reservation that covers `where`; nothing for other memory.
  std::optional<Allocation> allocation_at(Address where) const;
  /// Returns the allocation with this id; nothing when it was freed.
  std::optional<Allocation> allocation_with(std::uint64_t id) const;

  // -- commands ---------------------------------------------------------------------------------
  // Every pointer may be memory of the node of any kind or plain memory of the program. Bytes of
  // the node's memory are read and written where they are; nothing migrates. Plain memory is
  // touched by the calling thread itself.

  /// Copies `size` bytes on behalf of `tile`. Source and destination may overlap like memmove.
  ///
  /// @errors   device_lost: of `tile`, or holding the bytes; invalid_address: an interval leaves
  ///           its allocation, or VRAM out of reach; part of the destination may be written
  [[nodiscard]] Status copy(TileId tile, Address destination, Address source, Bytes size);
  /// Fills `size` bytes with repeats of `pattern`; `size` need not be a multiple of it.
  ///
  /// @errors   as `copy`; invalid_argument: empty pattern
  [[nodiscard]] Status fill(TileId tile, Address destination, std::span<const std::byte> pattern,
                            Bytes size);
  /// Copies a box of `extent` (bytes, rows, slices) from one pitched buffer to another.
  [[nodiscard]] Status copy_region(TileId tile, const Region& destination, const Region& source,
                                   const std::array<std::uint64_t, 3>& extent);

  // -- kernels ----------------------------------------------------------------------------------

  /// Builds a SPIR-V module for a tile. Takes as long as the compiler does.
  BuildOutcome build_module(TileId tile, std::span<const std::byte> spirv,
                            std::span<const SpecConstant> constants, const std::string& options);
  /// Gives a module of a tile back. The caller has made sure that no launch uses it any more.
  void release_module(TileId tile, ModuleId module);
  /// Starts a kernel; its outcome comes through the future, which is always satisfied.
  /// Launches on one tile run in the order they were made, one at a time.
  ///
  /// Outcome statuses: ok; invalid_address, not_mapped, permission_denied: the kernel touched what
  /// it may not, and ended early; device_lost; unsupported, invalid_argument: it never started.
  [[nodiscard]] std::future<Outcome> launch(TileId tile, Launch request);

  // -- placement --------------------------------------------------------------------------------

  /// The address space, for advice, attributes, residency and statistics in the core's own words.
  /// Device ids of the core are `index_of(tile)`.
  svm::AddressSpace& address_space();
  /// Lets devices that take no pointers of the program use memory of the program, in system memory, in
  /// launches that are given a pointer into it.
  ///
  /// @errors   unsupported: the program's memory calls cannot be heard of; not_mapped,
  ///           permission_denied: part of it is nothing that tiles can use
  [[nodiscard]] Status import_program_memory(Interval interval);
  /// Undoes one `import_program_memory`.
  void release_program_memory(Interval interval);
  /// Moves what of `interval` may move to the VRAM of `tile`, or makes it valid there.
  [[nodiscard]] Status prefetch(TileId tile, Interval interval);
  /// Moves what of `interval` is in VRAM to system memory and lets the CPU access it.
  [[nodiscard]] Status prefetch_to_host(Interval interval);
  /// Writes lines of others in this process to the trace; false when there is none.
  bool append_trace(std::string_view lines);
  /// Makes an interval valid on a tile and keeps device allocations in its VRAM until
  /// `evict`; calls count.
  [[nodiscard]] Status make_resident(TileId tile, Interval interval);
  /// Undoes one `make_resident`.
  [[nodiscard]] Status evict(TileId tile, Interval interval);
  /// Returns where the bytes of an interval are, merged where neighbours are in one place.
  std::vector<Residence> residence(Interval interval) const;

  // -- virtual memory ---------------------------------------------------------------------------

  /// Returns the page size of reservations and physical memory of at least `size` bytes:
  /// 64 KiB, or 2 MiB from 2 MiB on.
  static Bytes virtual_page_size(Bytes size);
  /// Reserves addresses, at `wanted` if they are free and the node's to give; nothing is mapped.
  [[nodiscard]] Result<Address> reserve_virtual(Bytes size, std::optional<Address> wanted = {});
  /// Gives a reservation back. @errors invalid_argument: none with this interval; busy: parts are
  /// mapped
  [[nodiscard]] Status release_virtual(Interval interval);
  /// Makes a physical memory object: VRAM of `tile`, or system memory without a tile.
  [[nodiscard]] Result<PhysicalId> create_physical(std::optional<TileId> tile, Bytes size);
  /// Destroys a physical memory object. @errors invalid_argument: unknown; busy: it is mapped
  [[nodiscard]] Status destroy_physical(PhysicalId physical);
  /// Maps `interval` of a reservation to `physical` at `offset`. One object may be mapped at
  /// several addresses.
  /// @errors invalid_argument: unaligned, unknown or out of bounds; busy: something is mapped there
  [[nodiscard]] Status map_virtual(Interval interval, PhysicalId physical, Bytes offset,
                                   PageAccess access);
  /// Unmaps exactly one mapping, or all mappings inside `interval`.
  [[nodiscard]] Status unmap_virtual(Interval interval);
  /// Changes what may be done with mapped memory.
  [[nodiscard]] Status set_access(Interval interval, PageAccess access);
  /// Returns what may be done at an address, and the interval around it of which that is true.
  [[nodiscard]] Result<std::pair<PageAccess, Interval>> access_at(Address where) const;

  // -- other processes --------------------------------------------------------------------------

  /// Exports the allocation that begins at or covers `where`: a descriptor of the file behind it.
  /// Device memory is pinned in system memory from then on (mapped in place by tiles): the file is
  /// what both processes see. Shared memory cannot be exported (unsupported).
  [[nodiscard]] Result<ExportedMemory> export_memory(Address where);
  /// Maps memory exported by this or another process at a new address. Takes its own copy of the
  /// descriptor. `free` ends it.
  [[nodiscard]] Result<Address> import_memory(const ExportedMemory& exported,
                                              std::optional<TileId> tile);

  // -- reports and breaking on purpose ----------------------------------------------------------

  /// Returns the clock that is charged for what the node's links and devices would take.
  VirtualClock& virtual_clock();
  /// Returns the counters of a tile.
  TileStatistics statistics(TileId tile) const;
  /// Plans failures, as `ZESVM_FAIL` does; counts begin now.
  ///
  /// @errors   invalid_argument: nothing was planned
  [[nodiscard]] Status plan_failures(std::string_view plan);
  /// Returns how many of the planned failures have happened.
  std::uint64_t failures_struck() const;
  /// Removes a tile as if it were pulled out in an orderly way: all its blocks go to system memory
  /// (B7), then its process ends.
  [[nodiscard]] Status remove_tile(TileId tile);
  /// Ends a tile's process without warning.
  void kill_tile(TileId tile);

 private:
  explicit Node(std::unique_ptr<NodeState> state);
  std::unique_ptr<NodeState> state_;
};

}  // namespace zesvm::simulator::node
