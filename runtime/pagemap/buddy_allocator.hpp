/// @file buddy_allocator.hpp
/// Divides the address range of one tile's VRAM into aligned power-of-two pieces.
///
/// One bitmap per order says which pieces are free; each bitmap has summaries, so that the lowest
/// free piece is found in a step per summary. A bitmap's memory is populated where it is used only.
///
/// BA1  no free piece overlaps another, of whatever order
/// BA2  no two free buddies of one order exist: they were merged
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/sizes.hpp"

namespace zesvm::pagemap {

/// A set of small integers that finds its least member quickly.
class FreeMap {
 public:
  explicit FreeMap(std::uint64_t size);
  ~FreeMap();
  FreeMap(FreeMap&& other) noexcept;
  FreeMap(const FreeMap&) = delete;
  FreeMap& operator=(const FreeMap&) = delete;

  void insert(std::uint64_t member);
  void erase(std::uint64_t member);
  bool contains(std::uint64_t member) const;
  std::optional<std::uint64_t> least() const;
  std::uint64_t count() const { return count_; }

 private:
  struct Level {
    std::uint64_t* words;
    std::uint64_t word_count;
  };
  std::vector<Level> levels_;  // [0] has a bit per member, each next one a bit per word
  std::uint64_t size_;
  std::uint64_t count_ = 0;
};

/// The free and lent pieces of `[0, capacity)`. Needs a lock around it.
class BuddyAllocator {
 public:
  /// @param capacity  a multiple of `unit`
  /// @param unit      the smallest piece, a power of two
  BuddyAllocator(Bytes capacity, Bytes unit);

  /// Takes the lowest free piece of `unit << order` bytes; nothing when there is none.
  /// @cost  O(orders)
  std::optional<Bytes> take(unsigned order);
  /// Gives a piece back, and merges it with its free buddies.
  void give(Bytes offset, unsigned order);
  /// Returns the order of the smallest piece that holds `size`.
  unsigned order_for(Bytes size) const;
  /// Returns how much is free.
  Bytes free() const;
  /// Aborts when BA1 or BA2 does not hold.
  void check_invariants() const;

 private:
  const Bytes capacity_;
  const Bytes unit_;
  std::vector<FreeMap> free_;  // by order
};

}  // namespace zesvm::pagemap
