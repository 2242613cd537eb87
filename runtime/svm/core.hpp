/// @file core.hpp
/// The state behind an AddressSpace and the steps its functions are made of. See
/// address_space.hpp for the model and its invariants.
///
/// Split by concern: core.cpp (notifiers, devices), core_ranges.cpp, core_fault.cpp,
/// core_prepare.cpp, core_migration.cpp, core_invalidation.cpp, core_collection.cpp, core_hints.cpp,
/// core_prefetch.cpp, core_discard.cpp, core_device_memory.cpp, core_user_pages.cpp,
/// core_queries.cpp.
#pragma once

#include <array>
#include <map>
#include <thread>

#include "svm/address_space.hpp"
#include "svm/device.hpp"
#include "svm/fault_policy.hpp"
#include "svm/fault_state.hpp"
#include "svm/notifier.hpp"
#include "svm/range.hpp"
#include "svm/range_table.hpp"

namespace zesvm::svm {

/// Up to so many ranges at once, so that walking over many needs no allocation.
struct RangeBatch {
  std::array<RangeRef, 64> ranges;
  std::size_t count = 0;
  Address resume;
};

class AddressSpace::Core final : public pagemap::BlockUser, public AttributeMap::References {
 public:
  Core(AddressSpaceOptions options, CpuView& cpu, pagemap::MemoryMover& mover);
  ~Core() override;

  /// Keeps a notifier while it lives; the last to go removes an empty one (A4).
  class NotifierRef {
   public:
    NotifierRef() = default;
    NotifierRef(Core& core, Notifier* notifier) : core_(&core), notifier_(notifier) {}
    NotifierRef(NotifierRef&& other) noexcept
        : core_(other.core_), notifier_(std::exchange(other.notifier_, nullptr)) {}
    NotifierRef& operator=(NotifierRef&& other) noexcept {
      std::swap(core_, other.core_);
      std::swap(notifier_, other.notifier_);
      return *this;
    }
    ~NotifierRef() {
      if (notifier_) core_->drop_notifier(*notifier_);
    }
    explicit operator bool() const { return notifier_ != nullptr; }
    Notifier* operator->() const { return notifier_; }
    Notifier& operator*() const { return *notifier_; }

   private:
    Core* core_ = nullptr;
    Notifier* notifier_ = nullptr;
  };

  // core.cpp: notifiers, ranges, devices
  void start();
  void stop_collector();
  Result<DeviceId> join(DevicePort& port, pagemap::Pagemap* vram, const DeviceTraits& traits);
  Status leave(DeviceId device, Content content);
  Device* device_at(DeviceId device) const noexcept;
  Device* device_of(const pagemap::Pagemap* pagemap) const noexcept;
  DeviceId id_of(const pagemap::Pagemap& pagemap) const noexcept;
  template <typename Visit>
  void for_each_device(Visit visit) const;
  Rules rules_at(Address where) const noexcept;
  NotifierRef notifier_at(Address where) noexcept;
  NotifierRef find_notifier(Interval interval) noexcept;
  NotifierRef keep_notifier(Address where) noexcept;
  void drop_notifier(Notifier& notifier) noexcept;
  RangeRef find(Address where) const noexcept;
  std::size_t chunk_index(Bytes size) const noexcept;
  void take_batch(Notifier& notifier, Interval interval, RangeBatch& batch) noexcept;
  template <typename Visit>
  void for_each_range(Interval interval, Visit visit) noexcept;
  template <typename Visit>
  void for_each_held(Interval interval, Visit visit) noexcept;
  void remove_range(Range& range) noexcept;
  void drop_everything() noexcept;
  bool is_valid_interval(Interval interval) const noexcept;

  // core_fault.cpp
  Status fault(DeviceId device, Address where, Access access) noexcept;
  Status prepare(DeviceId device, std::span<const AccessedInterval> accesses,
                 PreparedState* state) noexcept;
  bool is_valid(const Device& device, const Range& range, const Rules& rules,
                Access access) const noexcept;
  PolicyDevices policy_devices(const Device& device, const Attributes& attributes) const noexcept;
  Status resolve(FaultState& fault) noexcept;
  Step found_valid(FaultState& fault, const Range& range) noexcept;
  Step try_fault(FaultState& fault) noexcept;
  Step place_range(FaultState& fault, Range& range, const Rules& rules) noexcept;
  Status move_to_system(FaultState& fault, Range& range, const PolicyDevices& devices) noexcept;
  Step move_to_vram(FaultState& fault, Range& range, const Wanted& wanted,
                    const PolicyDevices& devices, AtomicAccess attribute) noexcept;
  /// Goes where D10 goes next after a peer.
  bool moved_to_own_vram(FaultState& fault, Range& range, const Wanted& wanted,
                         const PolicyDevices& devices) noexcept;
  Status fall_back(FaultState& fault, Range& range, const Wanted& wanted,
                   const PolicyDevices& devices, AtomicAccess attribute) noexcept;
  Step map_range(FaultState& fault, Range& range, const Rules& rules) noexcept;
  Result<RangeRef> find_or_insert(Device& device, Address where, Access access,
                                  Interval attribute_interval) noexcept;
  Result<RangeRef> insert(Notifier& notifier, Interval chunk, const CpuMapping& mapping,
                          std::uint64_t seen, Address where) noexcept;
  Step drop_range(Range& range) noexcept;
  Result<Mapping> collect(const Device& device, const Range& range, Address where, Access access,
                          AtomicAccess attribute) noexcept;

  // core_migration.cpp
  Status migrate_to_vram(Range& range, pagemap::Pagemap& to, pagemap::Cause cause) noexcept;
  Status migrate_to_system(Range& range, pagemap::Cause cause) noexcept;
  Status fill_from_system(Range& range, pagemap::Extent to, Bytes& copied) noexcept;
  Status fill_from_vram(Range& range, pagemap::Extent to) noexcept;
  void count_migration(const pagemap::Pagemap& pagemap, Transfer transfer, Bytes size,
                       pagemap::Cause cause, Clock::Instant begun) noexcept;
  template <typename Visit>
  void for_each_survivor(Range& range, Visit visit) noexcept;
  Status cpu_fault(Address where, Access access) noexcept;
  Status evict(pagemap::Block& victim, pagemap::Cause cause) noexcept override;
  bool is_held_on_host(Interval interval) const noexcept;

  // core_invalidation.cpp
  void begin_invalidation(Invalidation& begun, Event event) noexcept;
  void end_invalidation(Invalidation& ended) noexcept;
  bool is_invalidating(Interval interval) const noexcept;
  void wait_for_invalidation(Interval interval) const noexcept;
  void unmap_devices(Notifier& notifier, Interval interval, const Event* event) noexcept;
  void unmap_range(Range& range) noexcept;
  DeadPart* note_dead(DeadPart* parts, Interval interval) noexcept;
  void reset_unmapped_attributes() noexcept;
  std::size_t collect_unmapped() noexcept;
  Status collect_range(Range& range) noexcept;
  void requeue(Range* kept) noexcept;
  bool has_pending() const noexcept { return has_pending_.load(std::memory_order_acquire); }
  void collector_loop();

  // core_hints.cpp
  Result<HintResult> advise(Interval interval, const Advice& advice,
                            std::optional<DeviceId> accessor);
  Result<HintResult> prefetch(std::span<const Interval> intervals, Place place,
                              std::optional<DeviceId> requester);
  Result<HintResult> migrate_interval_to_system(Interval interval, pagemap::Cause cause);
  Result<HintResult> discard(Interval interval);
  struct PrefetchTally {
    std::uint64_t served = 0;
    std::uint64_t changed = 0;
    Bytes moved;
    Reason reason = Reason::none;
  };
  void prefetch_to_device(Interval interval, Device& device, PrefetchTally& tally) noexcept;
  void note_prefetch(Address where, std::optional<DeviceId> to) noexcept;
  Status discard_part(Range& range, Interval part) noexcept;
  HintResult counted(HintResult result) noexcept;
  void hold(DeviceId device) noexcept override;
  void drop(DeviceId device) noexcept override;

  // core_device_memory.cpp
  Status reserve_device_memory(DeviceId device, Interval interval);
  Status release_device_memory(Interval interval);
  Status pin(Interval interval);
  void unpin(Interval interval);
  Status hold_on_host(Interval interval);
  void release_on_host(Interval interval);
  Status reserve_chunk(Device& device, Interval chunk) noexcept;
  Status reserve_with_patience(Range& range, pagemap::Pagemap& pagemap) noexcept;
  Status bring_home(Range& range, pagemap::Cause cause) noexcept;

  // core_user_pages.cpp
  Result<UserPagesId> user_pages(DeviceId device, Interval interval, Access access);
  Status map_user_pages(Device& device, UserPagesId pages, Interval interval, Access access);
  Status map_segment(Device& device, Notifier& notifier, UserPagesId pages, Interval piece,
                     Access access, std::uint64_t seen);
  void end_segments(Notifier& notifier, Device& device, Interval interval) noexcept
      ZESVM_REQUIRES(notifier.lock());
  void drop_segments(UserPagesId pages, Interval interval);
  bool user_pages_valid(UserPagesId pages) const;
  void release_user_pages(UserPagesId pages);

  // core_queries.cpp
  Residency residency(Interval interval) const;
  ChunkResidency residency_of(const Range& range) const;
  bool has_mapping(Interval interval) const;
  Status remove_mirror(Interval interval);
  Status restore_mirror(Interval interval);
  void check_invariants() const;

  void trace(const TraceEvent& event) const noexcept {
    if (const TraceHook* hook = hook_.load(std::memory_order_acquire); hook && hook->receive)
      hook->receive(hook->context, event);
  }
  Clock::Instant now() const noexcept { return clock_.now(); }
  void note_change() noexcept { epoch_.fetch_add(1, std::memory_order_acq_rel); }

  const AddressSpaceOptions options_;
  CpuView& cpu_;
  pagemap::MemoryMover& mover_;
  Clock& clock_;
  const TableShape shape_;
  mutable TablePool tables_;
  mutable RangePool pool_;
  std::atomic<bool> closed_{false};

  // The root table of each notifier, by its number: look-up starts here, without a lock.
  std::atomic<Table*>* roots_ = nullptr;
  std::size_t root_count_ = 0;
  const std::uint8_t notifier_shift_;

  using Notifiers = std::map<Address, Notifier*, std::less<>,
                             ReservedArenaAllocator<std::pair<const Address, Notifier*>>>;
  mutable SharedMutex<LockOrder::address_space> lock_;
  Notifiers notifiers_ ZESVM_GUARDED_BY(lock_);
  AttributeMap attributes_ ZESVM_GUARDED_BY(lock_);
  std::vector<Interval, ArenaAllocator<Interval>> removed_mirrors_ ZESVM_GUARDED_BY(lock_);
  std::atomic<DeviceTable*> devices_{nullptr};
  // Written under lock_; whoever commits under another lock compares it with what it saw.
  std::atomic<std::uint64_t> rules_version_{0};
  // False: rules are default everywhere, and rules_at() takes no lock.
  std::atomic<bool> has_rules_{false};

  // Moves when anything that was valid may not be any more: prepare() compares it.
  std::atomic<std::uint64_t> epoch_{1};
  std::atomic<std::uint64_t> range_count_{0};

  mutable Mutex<LockOrder::leaf> queue_lock_;
  Condition queue_filled_;
  Range* queue_ ZESVM_GUARDED_BY(queue_lock_) = nullptr;
  using UnmappedIntervals = std::vector<Interval, ReservedArenaAllocator<Interval>>;
  UnmappedIntervals unmapped_ ZESVM_GUARDED_BY(queue_lock_);
  bool stops_ ZESVM_GUARDED_BY(queue_lock_) = false;
  std::atomic<bool> has_pending_{false};
  std::thread collector_;

  mutable Mutex<LockOrder::leaf> holds_lock_;
  std::vector<Interval, ArenaAllocator<Interval>> host_holds_ ZESVM_GUARDED_BY(holds_lock_);
  std::atomic<std::size_t> host_hold_count_{0};

  // Those under way (IV1).
  mutable Mutex<LockOrder::leaf> invalidating_lock_;
  mutable Condition invalidation_ended_;
  Invalidation* invalidating_ ZESVM_GUARDED_BY(invalidating_lock_) = nullptr;
  std::atomic<std::size_t> invalidating_count_{0};

  struct UserPages {
    std::uint64_t id;
    Interval interval;
  };
  mutable Mutex<LockOrder::leaf> user_pages_lock_;
  std::vector<UserPages> user_pages_ ZESVM_GUARDED_BY(user_pages_lock_);
  std::atomic<std::uint64_t> next_user_pages_{1};

  std::atomic<TraceHook*> hook_{nullptr};
  Mutex<LockOrder::leaf> hooks_lock_;
  std::vector<std::unique_ptr<TraceHook>> hooks_ ZESVM_GUARDED_BY(hooks_lock_);

  std::array<std::atomic<std::uint64_t>, outcome_count> hint_counts_{};
  std::atomic<std::uint64_t> cpu_faults_{0};
  std::atomic<std::uint64_t> collected_{0};
  std::atomic<std::uint64_t> removed_for_advice_{0};
  std::atomic<std::uint64_t> invalidations_{0};
};

template <typename Visit>
void AddressSpace::Core::for_each_device(Visit visit) const {
  const DeviceTable* table = devices_.load(std::memory_order_acquire);
  for (std::size_t i = 0; table && i < table->count; ++i) visit(*table->devices[i]);
}

/// Calls `visit(RangeRef&)` for the ranges that overlap, without holding any lock.
template <typename Visit>
void AddressSpace::Core::for_each_range(Interval interval, Visit visit) noexcept {
  Address cursor = interval.begin;
  while (cursor < interval.end) {
    const NotifierRef notifier = find_notifier({cursor, interval.end});
    if (!notifier) return;
    Interval part = notifier->interval().intersection(Interval{cursor, interval.end});
    cursor = notifier->interval().end;
    while (!part.is_empty()) {
      RangeBatch batch;
      take_batch(*notifier, part, batch);
      for (std::size_t i = 0; i < batch.count; ++i) visit(batch.ranges[i]);
      part.begin = std::min(part.end, batch.resume);
    }
  }
}

/// Calls `visit(Range&)` for the live ranges that overlap, each held meanwhile.
template <typename Visit>
void AddressSpace::Core::for_each_held(Interval interval, Visit visit) noexcept {
  for_each_range(interval, [&](RangeRef& ref) {
    RangeHold hold{*ref};
    if (ref->is_live()) visit(*ref);
  });
}

}  // namespace zesvm::svm
