/// @file range.hpp
/// A range: an aligned chunk that some device has touched, and its pages on each device.
///
/// Ranges live in memory that is reused for ranges only, as long as their address space lives.
/// Whoever finds one without a lock may therefore read its atomic words at any time, and learns
/// from them whether it still is what it looked for.
///
/// R1  flags and pages are words of their own, each read and written whole (A11)
/// R2  pages are `mapped` only while the range is in its notifier's table (A10)
/// R3  the table, each entry in the collection queue and each RangeRef hold one reference
/// R4  who holds the range (RangeHold) alone moves its bytes, pins it or removes it
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "base/arena.hpp"
#include "base/interval.hpp"
#include "base/lock_order.hpp"
#include "base/mutex.hpp"
#include "pagemap/block.hpp"
#include "svm/device_port.hpp"

namespace zesvm::svm {

class Notifier;

/// The mapping state of one range on one device, as one word.
class Pages {
 public:
  enum Flag : std::uint8_t {
    mapped = 1,
    in_vram = 2,
    unmapped = 4,
    writable = 8,
    atomics = 16,
    /// The word belongs to a device.
    used = 128,
  };

  Pages() = default;
  explicit Pages(std::uint64_t word) : word_(word) {}
  Pages(DeviceId device, std::uint8_t flags, pagemap::Protocol protocol, std::uint64_t sequence)
      : word_(std::uint64_t{device.index} | std::uint64_t(flags | used) << 16 |
              std::uint64_t(static_cast<std::uint8_t>(protocol)) << 24 | sequence << 32) {}

  std::uint64_t word() const { return word_; }
  DeviceId device() const { return {static_cast<std::uint16_t>(word_)}; }
  bool has(Flag flag) const { return (word_ >> 16 & flag) != 0; }
  bool belongs_to(DeviceId device) const { return has(used) && this->device() == device; }
  pagemap::Protocol protocol() const {
    return static_cast<pagemap::Protocol>(static_cast<std::uint8_t>(word_ >> 24));
  }
  /// Returns the low half of the notifier's sequence that the pages were collected under.
  std::uint32_t sequence() const { return static_cast<std::uint32_t>(word_ >> 32); }
  Direction direction() const {
    return has(writable) ? Direction::bidirectional : Direction::to_device;
  }
  /// Returns the same pages after they were taken from the device.
  Pages without_mapping(bool range_is_unmapped) const {
    const std::uint8_t flags = range_is_unmapped ? unmapped : 0;
    return {device(), flags, pagemap::Protocol::none, sequence()};
  }
  /// Returns whether an access on the device goes through without a fault.
  bool allow(Access access) const {
    if (!has(mapped)) return false;
    if (access == Access::atomic) return has(atomics) && has(writable);
    return access == Access::read || has(writable);
  }

 private:
  std::uint64_t word_ = 0;
};

/// The words of further devices; the first is in the range itself (A12).
struct PagesArray {
  std::uint32_t capacity = 0;
  /// The array it grew out of: late readers may look at it, until the pool goes.
  PagesArray* outgrown = nullptr;
  std::atomic<std::uint64_t> words[1];

  static std::size_t bytes(std::uint32_t capacity) {
    return sizeof(PagesArray) + (capacity - 1) * sizeof(std::atomic<std::uint64_t>);
  }
};

/// A part of a range whose CPU memory went away: its content is dead.
struct DeadPart {
  Interval interval;
  DeadPart* next = nullptr;
};

/// One chunk. Word-sized members are atomic since finders read them without a lock; each says who
/// writes it.
struct Range {
  enum Flag : std::uint16_t {
    migratable = 1,
    unmapped = 2,
    partially_unmapped = 4,
    device_memory = 8,
    queued = 16,
    /// `device` says where the last prefetch went to.
    prefetched = 32,
    prefetched_to_system = 64,
    /// Not migratable, and atomics of every device work in system memory. Set once.
    atomics_in_place = 128,
  };
  static constexpr std::uint64_t live_bit = 64;

  /// Begin, live bit and log2 of the size; zero while it is in no table. Under notifier.
  std::atomic<std::uint64_t> place{0};
  std::atomic<std::uint32_t> references{0};
  /// 0 free, 1 held, 2 held and waited for.
  std::atomic<std::uint32_t> hold{0};
  /// Under notifier.
  std::atomic<std::uint16_t> flags{0};
  /// Under the hold.
  std::atomic<std::uint16_t> pins{0};
  /// Home of device memory; else where the last prefetch went to. Under the hold.
  std::atomic<std::uint16_t> device{0};
  Notifier* notifier = nullptr;
  /// Until when an atomic keeps it in VRAM, in nanoseconds of the clock. Under the hold.
  std::atomic<std::int64_t> stays_until{0};
  /// The collection queue; under its lock.
  Range* next_queued = nullptr;
  /// Under notifier.
  DeadPart* dead = nullptr;
  std::atomic<std::uint64_t> first_pages{0};
  std::atomic<PagesArray*> more_pages{nullptr};
  pagemap::Block block;

  static std::uint64_t place_of(Interval interval) {
    return interval.begin.value | live_bit |
           static_cast<std::uint64_t>(std::countr_zero(interval.size().count));
  }
  static Interval interval_of(std::uint64_t place) {
    const Address begin{place & ~std::uint64_t{0xfff}};
    return {begin, begin + Bytes{std::uint64_t{1} << (place & 63)}};
  }
  Interval interval() const { return interval_of(place.load(std::memory_order_relaxed)); }
  bool is_live() const { return place.load(std::memory_order_acquire) != 0; }
  bool has(Flag flag) const { return (flags.load(std::memory_order_acquire) & flag) != 0; }
  /// Under notifier: sets and clears in one write (A11).
  void change_flags(std::uint16_t set, std::uint16_t clear) {
    const std::uint16_t before = flags.load(std::memory_order_relaxed);
    flags.store(static_cast<std::uint16_t>((before & ~clear) | set), std::memory_order_release);
  }

  /// Returns the pages on a device; default ones when it has none.
  Pages pages(DeviceId device) const;
  /// Sets the pages of pages.device(). Under notifier. False: no memory for another device.
  bool set_pages(Pages pages);
  /// Makes room for pages on `device`, so that set_pages() cannot fail. Under notifier.
  bool prepare_pages(DeviceId device);
  /// Calls `visit(word)` with each device's word.
  template <typename Visit>
  void for_each_pages(Visit visit) {
    visit(first_pages);
    if (PagesArray* more = more_pages.load(std::memory_order_acquire))
      for (std::uint32_t i = 0; i < more->capacity; ++i) visit(more->words[i]);
  }
};

/// Hands out ranges, and takes them back for reuse as ranges.
class RangePool {
 public:
  ~RangePool();
  /// Returns a range with one reference; null when the host has no memory.
  Range* make() noexcept;
  void take_back(Range* range) noexcept;
  /// Returns the memory of the ranges handed out, without further devices' pages.
  Bytes in_use() const;

 private:
  struct Slab;
  mutable Mutex<LockOrder::leaf> lock_;
  std::uint64_t handed_out_ ZESVM_GUARDED_BY(lock_) = 0;
  Range* free_ ZESVM_GUARDED_BY(lock_) = nullptr;
  Slab* slabs_ ZESVM_GUARDED_BY(lock_) = nullptr;
};

/// A reference that keeps a range from being reused.
class RangeRef {
 public:
  RangeRef() = default;
  /// Takes over one reference of the caller's.
  RangeRef(Range* range, RangePool& pool) : range_(range), pool_(&pool) {}
  RangeRef(RangeRef&& other) noexcept
      : range_(std::exchange(other.range_, nullptr)), pool_(other.pool_) {}
  RangeRef& operator=(RangeRef&& other) noexcept {
    std::swap(range_, other.range_);
    std::swap(pool_, other.pool_);
    return *this;
  }
  ~RangeRef() { reset(); }

  /// Takes a reference unless the range is being reused.
  static RangeRef try_take(Range* range, RangePool& pool) noexcept;
  void reset() noexcept;
  explicit operator bool() const { return range_ != nullptr; }
  Range* operator->() const { return range_; }
  Range& operator*() const { return *range_; }
  Range* get() const { return range_; }

 private:
  Range* range_ = nullptr;
  RangePool* pool_ = nullptr;
};

/// Whether to wait for a range that somebody else holds.
enum class Wait : std::uint8_t { yes, no };

/// Serialises the work on one range that drops other locks. At LockOrder::range.
class RangeHold {
 public:
  RangeHold(Range& range, Wait wait) noexcept;
  explicit RangeHold(Range& range) noexcept : RangeHold(range, Wait::yes) {}
  ~RangeHold() { release(); }
  RangeHold(const RangeHold&) = delete;
  RangeHold& operator=(const RangeHold&) = delete;

  /// Returns whether the range is held: always, unless it was not waited for.
  bool is_held() const { return range_ != nullptr; }
  void release() noexcept;

 private:
  Range* range_ = nullptr;
};

}  // namespace zesvm::svm
