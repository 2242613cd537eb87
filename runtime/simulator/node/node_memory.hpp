/// @file node_memory.hpp
/// What lies behind every address of the node, and how its bytes are reached without a fault.
///
/// M1  mappings are disjoint; each lies in one window and wholly in one place: a part of one file,
///     or pieces of the VRAM of one tile
/// M2  bytes move through aliases; the program's own mapping of an address is changed here only, by
///     open(), shut(), trap() and untrap()
/// Not here: which addresses are free (address_windows.hpp), where memory should live (svm).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/arena.hpp"
#include "base/interval.hpp"
#include "base/mutex.hpp"
#include "base/status.hpp"
#include "pagemap/memory_mover.hpp"
#include "simulator/node/failure_plan.hpp"
#include "simulator/node/memory_file.hpp"
#include "simulator/node/types.hpp"
#include "svm/cpu_view.hpp"

namespace zesvm::simulator::node {

/// VRAM that does not move: a physical memory object on a tile, in pieces of one size.
struct VramPieces {
  Bytes piece_size;
  std::vector<pagemap::Extent> pieces;
};

/// Memory behind an interval of addresses.
struct NodeMapping {
  Interval interval{};
  MemoryKind kind = MemoryKind::host;
  /// The program's right to it; `none` for memory only tiles see.
  PageAccess cpu = PageAccess::read_write;
  /// What tiles may do.
  PageAccess tiles = PageAccess::read_write;
  /// The address space decides where it lives; else it stays in `file` or `vram`.
  bool is_migratable = false;
  /// It is not migratable, and atomics of every device work there all the same.
  bool has_atomics_in_place = false;
  /// Memory the program got elsewhere; its right to it may be suspended for a moment.
  bool is_programs = false;
  /// Its system memory, and where in the file `interval` begins.
  const SharedFile* file = nullptr;
  Bytes file_offset{};
  /// Not null: it is there instead, `vram_offset` bytes from the first piece's begin.
  std::shared_ptr<const VramPieces> vram{};
  Bytes vram_offset{};
  /// The tile it belongs to, if one.
  std::optional<TileId> tile{};

  /// Returns where in the file an address is.
  Bytes offset_of(Address where) const { return file_offset + (where - interval.begin); }
  /// Returns the alias of an address in system memory.
  std::byte* alias_of(Address where) const { return file->memory.at(offset_of(where)); }
};

/// Counters a tile has beside those of the address space.
struct TileCounters {
  std::atomic<std::uint64_t> gpu_faults{0};
  std::atomic<std::uint64_t> failed_faults{0};
  std::atomic<std::uint64_t> cpu_faults{0};
  std::atomic<std::uint64_t> launches{0};
  std::atomic<std::uint64_t> commanded_bytes{0};
};

/// The memory of one node as the address space sees it.
class NodeMemory : public svm::CpuView, public pagemap::MemoryMover {
 public:
  explicit NodeMemory(FailurePlan& failures) : failures_(failures) {}

  /// Makes the VRAM of the next tile known; all before anything else.
  void add_vram(const SharedFile& file, TileCounters& counters);
  /// Returns where VRAM can be touched.
  std::byte* alias_of(const pagemap::Extent& extent) const;
  /// Returns the tile whose VRAM a pointer of alias_of() is in; nothing for other memory.
  std::optional<std::size_t> tile_of_alias(const std::byte* pointer) const;
  /// Memory full of ones, which broken peer access delivers; null unless that is planned.
  const SharedFile* ones() const { return ones_; }
  void use_ones(const SharedFile& file) { ones_ = &file; }
  static constexpr Bytes ones_size = 2_MiB;
  /// Returns the file of a tile's VRAM.
  const SharedFile& vram_file(std::size_t tile) const { return *vram_[tile].file; }

  /// Maps memory into the program's address space and makes it known.
  ///
  /// @errors   out_of_host_memory: the kernel refused; nothing changed
  /// @locks    takes leaf
  [[nodiscard]] Status open(const NodeMapping& mapping);
  /// Makes memory known that is in the program's address space already.
  void know(const NodeMapping& mapping);
  /// Forgets the mapping that begins there, and leaves the addresses as they are.
  void forget(Address begin);
  /// Forgets the mapping that begins there: its interval is inaccessible, and reserved, afterwards.
  void shut(Address begin);
  /// Replaces what is known of a mapping, and the program's right to it, at its place.
  /// @errors   out_of_host_memory: the kernel refused; nothing changed
  [[nodiscard]] Status change(const NodeMapping& mapping);
  /// Returns what lies behind an address.
  ///
  /// @locks    takes leaf
  /// @context  any, fault
  std::optional<NodeMapping> find(Address where) const;
  /// Returns all mappings that overlap an interval.
  std::vector<NodeMapping> all_in(Interval interval) const;

  // svm::CpuView
  Result<svm::CpuMapping> mapping_at(Address where) noexcept override;
  svm::Populated populated(Interval interval) noexcept override;
  Status trap(Interval interval) noexcept override;
  void untrap(Interval interval) noexcept override;
  void clear(Interval interval) noexcept override;

  /// Returns whether the kernel ever refused to let the program in again. Where it did, a fault of the
  /// CPU finds nothing to move, and untrap() is due once more.
  bool owes_access() const { return owes_access_.load(std::memory_order_relaxed); }

  // pagemap::MemoryMover
  Status copy_to_vram(Interval from, pagemap::Extent to) noexcept override;
  Status copy_to_system(pagemap::Extent from, Interval to) noexcept override;
  Status copy_between(Interval interval, pagemap::Extent from,
                      pagemap::Extent to) noexcept override;
  Status clear(pagemap::Extent extent) noexcept override;

  /// While one lives, blocks that this thread brings back count as CPU faults of their tile.
  class ServingCpuFault {
   public:
    ServingCpuFault() { is_serving_cpu_fault_ = true; }
    ~ServingCpuFault() { is_serving_cpu_fault_ = false; }
    ServingCpuFault(const ServingCpuFault&) = delete;
    ServingCpuFault& operator=(const ServingCpuFault&) = delete;
  };

 private:
  struct Vram {
    const SharedFile* file;
    TileCounters* counters;
  };
  using Mappings = std::map<Address, NodeMapping, std::less<>,
                            ArenaAllocator<std::pair<const Address, NodeMapping>>>;

  /// Notes a mapping in place of the one that begins there; false when there is no memory for it.
  bool note(const NodeMapping& mapping);
  const NodeMapping* look_up(Address where) const ZESVM_REQUIRES_SHARED(lock_);
  /// Returns where the system memory of an interval inside one mapping can be touched.
  std::byte* system_alias(Interval interval) const;

  /// Readies VRAM, or the system memory of an interval, for bytes that are about to come.
  void expect_content(const pagemap::Extent& extent) const;
  void expect_return(Interval interval) const;

  static thread_local bool is_serving_cpu_fault_;

  FailurePlan& failures_;
  std::atomic<bool> owes_access_{false};
  std::vector<Vram> vram_;
  const SharedFile* ones_ = nullptr;
  mutable SharedMutex<LockOrder::leaf> lock_;
  Mappings mappings_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::simulator::node
