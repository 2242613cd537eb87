/// @file device_memory.hpp
/// Where the bytes of paged allocations are on devices: physical memory, a piece for each range, mapped
/// at the range's own addresses, and the copies between it and system memory.
///
/// DM1  chunks are disjoint; each has one piece of physical memory, mapped there once, at offset 0
/// DM2  a chunk on a device was made by the copy that filled it, or by the mapping of a range that
///      nobody wrote yet, and goes when the CPU has the bytes again
/// DM3  a chunk in host memory is one that devices use in place; the CPU has it open
/// DM4  a mapping stays until its chunk goes, also when the core takes it away meanwhile: without page
///      faults a device touches nothing that its work does not keep in place
/// DM5  memory that the driver does not unmap is kept and tried again, and not destroyed while it may be
///      mapped: drivers would unmap something else
/// DM6  bytes that go from tile to tile are on the new one, in a staging buffer, before the old piece gives
///      up its addresses, and it is destroyed when they are in the new one: the addresses are those of one
///      piece at a time, and drivers remember what was behind a peer's addresses once
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <level_zero/ze_api.h>

#include "base/arena.hpp"
#include "levelzero/copy_engine.hpp"
#include "levelzero/staging_buffers.hpp"
#include "pagemap/memory_mover.hpp"
#include "svm/device_port.hpp"

namespace zesvm::levelzero {

class Context;
class HostMemory;

// 64 KiB: what drivers map on a device, and the multiple every such mapping has.
inline constexpr Bytes smallest_device_page = 64_KiB;

// What to reserve at where any address will do: no page of a device begins here, so that the driver
// chooses itself. Null is refused by the validation layer of the oldest loader.
inline constexpr Address no_wish{cpu_page.count};

/// The chunks of one context. Safe to use from any thread, for different ranges.
class DeviceMemory final : public pagemap::MemoryMover {
 public:
  DeviceMemory(Context& context, HostMemory& host);
  ~DeviceMemory() override;
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  /// Makes a range reachable on a tile: its chunk there, or host memory.
  /// @errors map_failed, out_of_device_memory
  Status map(std::size_t tile, Interval interval, const svm::Mapping& mapping) noexcept;
  /// Returns whether tiles can use system memory in place.
  bool can_share_host() const { return can_share_host_; }

  Status copy_to_vram(Interval from, pagemap::Extent to) noexcept override;
  Status copy_to_system(pagemap::Extent from, Interval to) noexcept override;
  Status copy_between(Interval interval, pagemap::Extent from,
                      pagemap::Extent to) noexcept override;
  Status clear(pagemap::Extent extent) noexcept override;

  /// Returns the tiles that have chunks which overlap an interval.
  std::vector<std::size_t> tiles_in(Interval interval) const;
  /// Destroys the chunks on devices in an interval.
  void drop(Interval interval) noexcept;
  /// Returns whether the driver still holds memory mapped in an interval that it was to unmap (DM5).
  bool is_any_stuck(Interval interval) noexcept;
  /// Returns whether a chunk in host memory holds the bytes of an interval.
  bool is_shared_there(Interval interval) const noexcept;
  /// Destroys the chunks in host memory that overlap, content and all; returns whether there were any.
  bool drop_shared(Interval interval) noexcept;
  /// Returns the intervals of the chunks in host memory that overlap.
  std::vector<Interval> shared_in(Interval interval) const;
  /// Takes the bytes of chunks in host memory that overlap back into the file; the CPU has them shut.
  /// @errors copy_failed: the chunk is as it was
  Status stop_sharing(Interval interval) noexcept;

 private:
  /// Whether the chunk's memory is at its addresses; a driver that fails to unmap leaves that in doubt.
  enum class Mapping : std::uint8_t { there, gone, in_doubt };
  struct Chunk {
    Interval interval;
    ze_physical_mem_handle_t memory = nullptr;
    /// Nothing: host memory.
    std::optional<std::size_t> tile;
    Mapping state = Mapping::there;
  };
  std::optional<Chunk> find(Address where) const noexcept;
  /// Adds a chunk, or puts it in the place of the one at its address.
  void put(const Chunk& chunk) noexcept;
  /// Removes and returns a chunk that overlaps, on a device or in host memory as `on_host` says.
  enum class Where { on_device, on_host };
  std::optional<Chunk> take(Interval interval, Where where) noexcept;
  std::optional<Chunk> find(Interval interval, Where where) const noexcept;
  Status make(Interval interval, std::size_t tile) noexcept;
  Status give_memory(Chunk& chunk) const noexcept;
  Status map_again(const Chunk& chunk) noexcept;
  Status replace(const Chunk& chunk, std::size_t tile, const void* bytes) noexcept;
  Status share(std::size_t tile, Interval interval) noexcept;
  /// Leaves the chunk without memory when the driver does not unmap it from where it was filled (DM5).
  Status fill_host_memory(Chunk& chunk) noexcept;
  Status map_at(Address where, Bytes size, ze_physical_mem_handle_t memory) const noexcept;
  Status unmap_at(Address where, Bytes size) const noexcept;
  void destroy(const Chunk& chunk) noexcept;
  Status try_to_destroy(const Chunk& chunk) const noexcept;
  void destroy_stuck(Interval interval) noexcept;
  bool has_stuck(Interval interval) const noexcept;
  static void close_hole(Interval interval) noexcept;
  void find_out_about_host_memory();

  Context& context_;
  HostMemory& host_;
  std::vector<std::unique_ptr<CopyEngine>> engines_;
  StagingBuffers buffers_;
  bool can_share_host_ = false;
  // Addresses that host memory passes through while it is filled; taken in turns.
  Mutex<LockOrder::tile> staging_lock_;
  Interval staging_{};
  mutable Mutex<LockOrder::leaf> lock_;
  std::map<Address, Chunk, std::less<>, ArenaAllocator<std::pair<const Address, Chunk>>> chunks_
      ZESVM_GUARDED_BY(lock_);
  std::vector<Chunk, ArenaAllocator<Chunk>> stuck_ ZESVM_GUARDED_BY(lock_);
};

}  // namespace zesvm::levelzero
