/// @file block.hpp
/// Blocks: pieces of the VRAM of one tile, each lent to one range or plain device allocation.
///
/// A block is embedded in whatever borrows it, so that lending allocates nothing; an `Extent` is
/// the plain value that says where the bytes are, for those who copy and map them.
///
/// BL1  a lent block belongs to one pagemap, and its extent overlaps no other lent block
/// BL2  a pinned block is never evicted
/// BL3  a lent block stands in the order of use of its pagemap exactly once
#pragma once

#include <atomic>
#include <cstdint>

#include "base/sizes.hpp"
#include "base/status.hpp"

namespace zesvm::pagemap {

class Pagemap;

/// Why memory moved.
enum class Cause : std::uint8_t {
  gpu_fault,
  cpu_fault,
  gpu_atomic,
  prefetch,
  eviction,
  advice,
  unmap,
  device_removal,
  explicit_request,
};
/// How many causes there are.
inline constexpr std::size_t cause_count = 9;

/// Returns the name of a cause, as spelled in the enumeration.
constexpr std::string_view name_of(Cause cause) {
  switch (cause) {
    case Cause::gpu_fault: return "gpu_fault";
    case Cause::cpu_fault: return "cpu_fault";
    case Cause::gpu_atomic: return "gpu_atomic";
    case Cause::prefetch: return "prefetch";
    case Cause::eviction: return "eviction";
    case Cause::advice: return "advice";
    case Cause::unmap: return "unmap";
    case Cause::device_removal: return "device_removal";
    case Cause::explicit_request: return "explicit_request";
  }
  return "unknown";
}

/// Bytes in the VRAM of one tile.
struct Extent {
  Pagemap* pagemap = nullptr;
  Bytes offset;
  Bytes size;

  friend constexpr bool operator==(const Extent&, const Extent&) = default;
  /// Returns `size` bytes of it, `skip` bytes further on.
  constexpr Extent part(Bytes skip, Bytes part_size) const {
    return {pagemap, offset + skip, part_size};
  }
};

class Block;

/// Who borrowed a block, and moves its bytes out when the pagemap needs the room.
class BlockUser {
 public:
  virtual ~BlockUser() = default;

  /// Moves the bytes of `victim` to system memory and gives the block back, unless its user is busy
  /// with it.
  ///
  /// @errors   busy: somebody works on it now, nothing changed; copy_failed: it stays in VRAM
  /// @locks    needs none of order notifier or below; takes range by trying only, notifier, pagemap
  /// @context  any, fault
  virtual Status evict(Block& victim, Cause cause) noexcept = 0;
};

/// A piece of VRAM, or nothing yet. Embedded in its borrower; never moved while it is lent.
class Block {
 public:
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Returns the pagemap it lies in; null while it is not lent.
  ///
  /// @locks    none; written under pagemap, by the one who works on the borrower
  Pagemap* pagemap() const { return pagemap_.load(std::memory_order_acquire); }
  bool is_lent() const { return pagemap() != nullptr; }
  /// Returns where its bytes are. Only while it is lent, and kept so by the caller.
  Extent extent() const {
    return {pagemap(), {std::uint64_t{first_page_} * cpu_page.count}, {std::uint64_t{1} << order_}};
  }

 private:
  friend class Pagemap;

  std::atomic<Pagemap*> pagemap_{nullptr};
  BlockUser* user_ = nullptr;
  // The order of use, under the lock of the pagemap.
  Block* newer_ = nullptr;
  Block* older_ = nullptr;
  std::uint32_t first_page_ = 0;
  // log2 of its size in bytes.
  std::uint8_t order_ = 0;
  // An eviction looks at it now. Atomic since it may have moved to another pagemap meanwhile.
  std::atomic<std::uint8_t> is_victim_{0};
  // Who keeps it in place, and whether its bytes are on their way, which ends by itself: both under
  // the lock of the pagemap.
  std::uint16_t pins_ : 15 = 0;
  std::uint16_t is_in_transit_ : 1 = 0;
};

}  // namespace zesvm::pagemap
