/// @file range_table.hpp
/// Finds the range that holds an address, in the ranges of one notifier.
///
/// A tree with one level per chunk size: each slot is empty, a range of that size, or a table of
/// slots of the next size. Look-up takes no lock: tables are reused as tables only, so that a
/// reader meets nothing but slots, however late it comes, and checks what it found.
///
/// RT1  a slot holds a range exactly as large as what the slot stands for
/// RT2  a table below the root has a used slot
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/interval.hpp"
#include "base/mutex.hpp"
#include "svm/range.hpp"

namespace zesvm::svm {

/// How the tables of an address space are shaped: shifts and slot counts, per level.
struct TableShape {
  static constexpr std::size_t max_levels = 16;
  std::size_t levels = 0;
  /// log2 of what a slot of the level stands for.
  std::uint8_t slot_shift[max_levels] = {};
  /// Slots of a table of the level, less one.
  std::uint64_t slot_mask[max_levels] = {};

  TableShape(const std::vector<Bytes>& chunk_sizes, Bytes notifier_size);
  std::size_t index(std::size_t level, Address where) const {
    return where.value >> slot_shift[level] & slot_mask[level];
  }
};

/// One level of one notifier's tree.
struct Table {
  /// Used slots; under notifier.
  std::uint64_t used = 0;
  Table* next_free = nullptr;
  std::atomic<std::uintptr_t> slots[1];
};

/// Hands out tables, and takes them back for reuse as tables of the same level.
class TablePool {
 public:
  explicit TablePool(const TableShape& shape) : shape_(shape) {}
  ~TablePool();
  /// Returns an empty table; null when the host has no memory.
  Table* make(std::size_t level) noexcept;
  /// Takes an empty table back.
  void take_back(Table* table, std::size_t level) noexcept;
  const TableShape& shape() const { return shape_; }
  /// Returns the memory of all tables handed out.
  Bytes in_use() const;

 private:
  std::size_t bytes(std::size_t level) const {
    return sizeof(Table) + shape_.slot_mask[level] * sizeof(std::atomic<std::uintptr_t>);
  }
  const TableShape shape_;
  mutable Mutex<LockOrder::leaf> lock_;
  Table* free_[TableShape::max_levels] ZESVM_GUARDED_BY(lock_) = {};
  Bytes in_use_ ZESVM_GUARDED_BY(lock_);
};

/// The ranges of one notifier. Writers hold the notifier's lock.
class RangeTable {
 public:
  /// Null root when the host has no memory: is_usable() is false then.
  explicit RangeTable(TablePool& pool) noexcept : pool_(pool), root_(pool.make(0)) {}
  ~RangeTable();
  RangeTable(const RangeTable&) = delete;
  RangeTable& operator=(const RangeTable&) = delete;
  bool is_usable() const { return root_ != nullptr; }

  /// Returns what a slot chain says about an address, without a lock: null or a range that held it.
  Range* find(Address where) const noexcept { return find(root_, pool_.shape(), where, nullptr); }
  /// As find(), and tells which level it was found on.
  static Range* find(const Table* table, const TableShape& shape, Address where,
                     std::size_t* level) noexcept {
    for (std::size_t depth = 0; table && depth < shape.levels; ++depth) {
      const std::uintptr_t slot =
          table->slots[shape.index(depth, where)].load(std::memory_order_acquire);
      if (slot == 0) return nullptr;
      if ((slot & 1) == 0) {
        if (level) *level = depth;
        return reinterpret_cast<Range*>(slot);
      }
      table = reinterpret_cast<const Table*>(slot - 1);
    }
    return nullptr;
  }
  const Table* root() const { return root_; }

  /// Returns whether no range overlaps an aligned chunk of some chunk size.
  bool is_free(Interval chunk) const noexcept;
  /// Puts a range, whose place is free, into its slot.
  /// @errors  out_of_host_memory
  Status insert(Range* range, Interval interval) noexcept;
  /// Takes a range out.
  void erase(Interval interval) noexcept;

  /// Calls `visit(Range&)` for the ranges that overlap, in order; visit inserts and erases
  /// nothing.
  template <typename Visit>
  void for_each(Interval interval, Visit visit) const {
    for_each_until(interval, [&](Range& range) {
      visit(range);
      return true;
    });
  }
  /// As for_each(), until `visit` returns false.
  template <typename Visit>
  void for_each_until(Interval interval, Visit visit) const {
    if (root_) walk(root_, 0, interval, visit);
  }
  /// Aborts when RT1 or RT2 does not hold.
  void check_invariants() const;

 private:
  template <typename Visit>
  bool walk(const Table* table, std::size_t level, Interval interval, Visit& visit) const;
  bool erase(Table* table, std::size_t level, Interval interval) noexcept;

  TablePool& pool_;
  Table* const root_;
};

template <typename Visit>
bool RangeTable::walk(const Table* table, std::size_t level, Interval interval,
                      Visit& visit) const {
  const TableShape& shape = pool_.shape();
  const std::uint8_t shift = shape.slot_shift[level];
  const std::uint64_t first = interval.begin.value >> shift;
  const std::uint64_t last = (interval.end.value - 1) >> shift;
  for (std::uint64_t slot = first; slot <= last; ++slot) {
    const std::uintptr_t content =
        table->slots[slot & shape.slot_mask[level]].load(std::memory_order_acquire);
    if (content == 0) continue;
    if ((content & 1) == 0) {
      if (!visit(*reinterpret_cast<Range*>(content))) return false;
      continue;
    }
    const Interval covered{{slot << shift}, {(slot + 1) << shift}};
    if (!walk(reinterpret_cast<const Table*>(content - 1), level + 1,
              interval.intersection(covered), visit))
      return false;
  }
  return true;
}

}  // namespace zesvm::svm
