/// @file pagemap.hpp
/// A pagemap is the VRAM of one tile as a place where memory can live.
///
/// It lends blocks out of `[0, capacity)`, keeps them in one order of use, whoever borrowed them
/// (B4), and pushes out the least recently used when it runs out of room.
///
/// PM1  the lent blocks and the free space add up to the capacity and are disjoint
/// PM2  the order of use holds every lent block once, oldest first
/// PM3  after close() nothing is lent any more; what is lent can only be given back
///
/// A use is what the borrower hears of: a mapping, a pin. A tile that goes on under a mapping it has
/// makes no use, as in the kernel: a touch for each range that a launch finds valid would cost more
/// than finding it valid.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "base/status.hpp"
#include "pagemap/block.hpp"

namespace zesvm::pagemap {

class BuddyAllocator;

/// Whether room may be made by pushing other blocks out.
enum class Eviction : std::uint8_t { forbidden, allowed };

/// How much a pagemap lends out.
struct PagemapUsage {
  Bytes capacity;
  Bytes used;
  Bytes peak;
  std::uint64_t blocks = 0;
  std::uint64_t pinned_blocks = 0;
  std::uint64_t evictions = 0;
};

/// The VRAM of one tile.
class Pagemap {
 public:
  /// @param index     a number of the caller's that names the tile
  /// @param capacity  a multiple of `smallest_block`
  /// @param smallest_block  no block is smaller or less aligned; a power of two, 4 KiB or more
  Pagemap(std::uint32_t index, std::string name, Bytes capacity, Bytes smallest_block = cpu_page);
  ~Pagemap();
  Pagemap(const Pagemap&) = delete;
  Pagemap& operator=(const Pagemap&) = delete;

  std::uint32_t index() const { return index_; }
  const std::string& name() const { return name_; }
  Bytes capacity() const { return capacity_; }
  Bytes smallest_block() const { return smallest_block_; }

  /// Lends `size` bytes, a power of two, aligned to `size`, as the most recently used block. The
  /// block is pinned until unpin() or hand_over(): its bytes are still on their way.
  ///
  /// @errors   out_of_device_memory: no room, and nothing that could go; busy: room could be made
  ///           once those who hold blocks let go, see wait_for_room(); no_device: closed.
  ///           The block is not lent then.
  /// @locks    needs none of order notifier or below; takes pagemap, and drops it during evictions
  /// @context  any, fault
  Status reserve(Block& block, Bytes size, BlockUser& user, Eviction eviction) noexcept;

  /// Makes `to` the lent block in place of `from`, unpinned; refused when the pagemap was closed
  /// since. `to`'s storage must stay readable as long as others may evict it: see
  /// wait_for_evictions().
  /// @errors   no_device: `from` is as it was
  /// @locks    takes pagemap
  Status hand_over(Block& from, Block& to) noexcept;

  /// Makes `lent` stand for what `incoming`, of whatever pagemap, stands for, and `outgoing` for
  /// what `lent` stood for here, pinned: a move from VRAM to VRAM.
  /// @errors   no_device: all are as they were
  /// @locks    takes pagemap, twice one after the other
  Status exchange(Block& lent, Block& outgoing, Block& incoming) noexcept;

  /// Takes a block back, pinned or not. A no-op when it is not lent.
  /// @locks    takes pagemap
  /// @context  any, fault
  void release(Block& block) noexcept;

  /// Makes a lent block the most recently used.
  /// @locks    takes pagemap
  void touch(Block& block) noexcept;

  /// Keeps a lent block in place until as many unpin() follow.
  /// @locks    takes pagemap
  void pin(Block& block) noexcept;
  void unpin(Block& block) noexcept;
  bool is_pinned(const Block& block) const noexcept;

  /// Waits until somebody gives a block back or lets one go, at most for a short while.
  /// @locks    takes pagemap while it waits; needs no lock at all
  void wait_for_room() noexcept;

  /// Says that a borrower let go of a block that an eviction may have found busy.
  void note_let_go() noexcept;

  /// Returns when no eviction that could call a borrower is under way. The borrower has given back
  /// all its blocks before.
  void wait_for_evictions() noexcept;

  /// Refuses to lend from now on (B7).
  void close() noexcept;
  bool is_closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  /// Returns how much is lent out.
  PagemapUsage usage() const;

  /// Keeps the pagemap known to somebody's advice (D6); add and drop come in pairs.
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() noexcept { references_.fetch_sub(1, std::memory_order_release); }
  std::uint64_t references() const noexcept { return references_.load(std::memory_order_acquire); }

  /// Aborts when PM1 or PM2 does not hold.
  void check_invariants() const;

 private:
  Status make_room() noexcept ZESVM_REQUIRES(lock_);
  Block* pick_victim() noexcept ZESVM_REQUIRES(lock_);
  /// Makes `to` stand where `from` stood, as the most recently used, unpinned.
  void take_place(Block& to, Block& from) noexcept ZESVM_REQUIRES(lock_);
  void append(Block& block) noexcept ZESVM_REQUIRES(lock_);
  void unlink(Block& block) noexcept ZESVM_REQUIRES(lock_);
  void set_in_transit(Block& block) noexcept ZESVM_REQUIRES(lock_);
  void settle(Block& block) noexcept ZESVM_REQUIRES(lock_);
  bool try_lend(Block& block, std::uint8_t order, BlockUser& user) noexcept ZESVM_REQUIRES(lock_);

  const std::uint32_t index_;
  const std::string name_;
  const Bytes capacity_;
  const Bytes smallest_block_;

  mutable Mutex<LockOrder::pagemap> lock_;
  Condition room_;
  std::unique_ptr<BuddyAllocator> space_ ZESVM_GUARDED_BY(lock_);
  Block* oldest_ ZESVM_GUARDED_BY(lock_) = nullptr;
  Block* newest_ ZESVM_GUARDED_BY(lock_) = nullptr;
  PagemapUsage usage_ ZESVM_GUARDED_BY(lock_);
  std::uint64_t evictions_running_ ZESVM_GUARDED_BY(lock_) = 0;
  std::uint64_t blocks_in_transit_ ZESVM_GUARDED_BY(lock_) = 0;
  // Counts releases and blocks let go: wait_for_room() returns when it moves.
  std::uint64_t changes_ ZESVM_GUARDED_BY(lock_) = 0;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> references_{0};
};

}  // namespace zesvm::pagemap
