/// @file notifier.hpp
/// A notifier owns the ranges inside one aligned interval, and is the unit of invalidation.
///
/// N1  its ranges are disjoint and lie inside interval()
/// N2  sequence() is odd exactly while an invalidation runs under the lock; it never decreases
/// N3  a mapping is committed only under the sequence its pages were collected under (A9)
/// N4  it has a reference for each of its ranges and each NotifierRef, and goes with the last (A4)
/// Not here: where a range should live (fault_policy.hpp), what moves it (core_migration.cpp).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/interval.hpp"
#include "base/mutex.hpp"
#include "svm/range_table.hpp"

namespace zesvm::svm {

/// User pages, as far as they lie in one notifier; under its lock.
struct UserSegment {
  Interval interval;
  DeviceId device;
  Direction direction = Direction::to_device;
  bool is_mapped = false;
  std::uint64_t user_pages = 0;
  UserSegment* next = nullptr;
};

/// The ranges inside one interval, their lock and their sequence.
class Notifier {
 public:
  using LockType = Mutex<LockOrder::notifier>;

  Notifier(Interval interval, TablePool& tables) noexcept : interval_(interval), table_(tables) {}

  Interval interval() const { return interval_; }
  LockType& lock() const ZESVM_RETURN_CAPABILITY(lock_) { return lock_; }
  /// Whether it got its memory. Never changes.
  bool is_usable() const ZESVM_NO_THREAD_SAFETY_ANALYSIS { return table_.is_usable(); }

  /// Returns the sequence to collect pages under: waits for a running invalidation (N2).
  /// @locks  takes notifier
  std::uint64_t begin_read() const noexcept {
    Lock guard{lock_};
    return sequence_.load(std::memory_order_relaxed);
  }
  /// Returns whether no invalidation began since begin_read() returned `seen`.
  bool is_current(std::uint64_t seen) const noexcept ZESVM_REQUIRES(lock_) {
    return sequence_.load(std::memory_order_relaxed) == seen;
  }
  std::uint64_t sequence() const noexcept { return sequence_.load(std::memory_order_acquire); }
  void begin_invalidation() noexcept ZESVM_REQUIRES(lock_) {
    sequence_.fetch_add(1, std::memory_order_acq_rel);
  }
  void end_invalidation() noexcept ZESVM_REQUIRES(lock_) {
    sequence_.fetch_add(1, std::memory_order_acq_rel);
  }

  /// Finds without the lock; what it returns may be another range by now.
  Range* find_hint(Address where) const noexcept ZESVM_NO_THREAD_SAFETY_ANALYSIS {
    return table_.find(where);
  }
  const Table* root() const noexcept ZESVM_NO_THREAD_SAFETY_ANALYSIS { return table_.root(); }
  RangeTable& table() ZESVM_REQUIRES(lock_) { return table_; }
  const RangeTable& table() const ZESVM_REQUIRES(lock_) { return table_; }

  std::atomic<std::uint64_t>& references() { return references_; }
  UserSegment*& user_segments() ZESVM_REQUIRES(lock_) { return user_segments_; }

 private:
  mutable LockType lock_;
  const Interval interval_;
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<std::uint64_t> references_{0};
  RangeTable table_ ZESVM_GUARDED_BY(lock_);
  UserSegment* user_segments_ ZESVM_GUARDED_BY(lock_) = nullptr;
};

}  // namespace zesvm::svm
