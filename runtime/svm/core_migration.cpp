// Moving the bytes of one range. Every function here that takes a Range is called with it held.
#include <algorithm>
#include <array>
#include <cstddef>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {
namespace {

Range& range_of(pagemap::Block& block) {
  return *reinterpret_cast<Range*>(reinterpret_cast<std::byte*>(&block) - offsetof(Range, block));
}

// A block on its way into a range: given back unless it was handed over (B8).
class IncomingBlock {
 public:
  IncomingBlock() = default;
  ~IncomingBlock() {
    if (pagemap::Pagemap* pagemap = block_.pagemap()) pagemap->release(block_);
  }
  IncomingBlock(const IncomingBlock&) = delete;
  IncomingBlock& operator=(const IncomingBlock&) = delete;
  pagemap::Block& operator*() { return block_; }
  pagemap::Block* operator->() { return &block_; }

 private:
  pagemap::Block block_;
};

// Lets the CPU in again unless the bytes left (B8).
class Trap {
 public:
  explicit Trap(CpuView& cpu) : cpu_(cpu) {}
  ~Trap() {
    if (!interval_.is_empty()) cpu_.untrap(interval_);
  }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;
  Status set(Interval interval) {
    ZESVM_TRY(cpu_.trap(interval));
    interval_ = interval;
    return Status::ok;
  }
  void keep() { interval_ = {}; }

 private:
  CpuView& cpu_;
  Interval interval_;
};

}  // namespace

/// Calls `visit(Interval)` for the parts of a range whose content is still wanted.
template <typename Visit>
void AddressSpace::Core::for_each_survivor(Range& range, Visit visit) noexcept {
  const Interval interval = range.interval();
  if (!range.has(Range::unmapped)) return visit(interval);
  if (!range.has(Range::partially_unmapped)) return;
  for (Address at = interval.begin; at < interval.end;) {
    // The part up to the next dead one, or the end of the dead one that holds `at`.
    Interval alive{at, interval.end};
    {
      Lock guard{range.notifier->lock()};
      for (const DeadPart* part = range.dead; part; part = part->next) {
        if (part->interval.contains(at)) {
          at = part->interval.end;
          alive = {};
          break;
        }
        if (part->interval.begin >= at) alive.end = std::min(alive.end, part->interval.begin);
      }
    }
    if (alive.is_empty()) continue;
    visit(alive);
    at = alive.end;
  }
}

Status AddressSpace::Core::fill_from_system(Range& range, pagemap::Extent to,
                                            Bytes& copied) noexcept {
  const Interval interval = range.interval();
  const bool is_blank =
      !range.has(Range::device_memory) && cpu_.populated(interval) == Populated::none;
  if (is_blank) return mover_.clear(to);
  copied = to.size;
  return mover_.copy_to_vram(interval, to);
}

Status AddressSpace::Core::fill_from_vram(Range& range, pagemap::Extent to) noexcept {
  const pagemap::Extent from = range.block.extent();
  const Device* source = device_of(from.pagemap);
  if (!source || source->is_lost.load(std::memory_order_acquire)) return Status::device_lost;
  // The source's device drives the copy, so that what it has cached is written back first (B5).
  PolicyDevices devices = policy_devices(*source, Attributes{});
  devices.own = from.pagemap;
  if (!copies_fast(devices, *to.pagemap)) return Status::no_interconnect;
  return mover_.copy_between(range.interval(), from, to);
}

Status AddressSpace::Core::migrate_to_vram(Range& range, pagemap::Pagemap& to,
                                           pagemap::Cause cause) noexcept {
  const Interval interval = range.interval();
  pagemap::Pagemap* const source = range.block.pagemap();
  if (source == &to) return Status::ok;
  if (range.pins.load(std::memory_order_acquire) > 0 && source) return Status::busy;
  const auto begun = now();

  IncomingBlock incoming;
  ZESVM_TRY(to.reserve(*incoming, interval.size(), *this, pagemap::Eviction::allowed));
  Trap trap{cpu_};
  if (!source && !range.has(Range::device_memory)) ZESVM_TRY(trap.set(interval));
  {
    Lock guard{range.notifier->lock()};
    range.notifier->begin_invalidation();
    unmap_range(range);  // AS4
    range.notifier->end_invalidation();
  }
  Bytes copied;
  const Status filled = source ? fill_from_vram(range, incoming->extent())
                               : fill_from_system(range, incoming->extent(), copied);
  if (filled != Status::ok) return filled;

  IncomingBlock outgoing;
  if (source) {
    ZESVM_TRY(source->exchange(range.block, *outgoing, *incoming));
    copied = interval.size();
  } else {
    ZESVM_TRY(to.hand_over(*incoming, range.block));
  }
  trap.keep();
  if (range.pins.load(std::memory_order_relaxed) > 0) to.pin(range.block);
  count_migration(to, source ? Transfer::device_to_device : Transfer::host_to_device, copied, cause,
                  begun);
  if (Device* device = device_of(&to))
    device->counters.migrations.add(chunk_index(interval.size()));
  const DeviceId destination = id_of(to);
  trace({source ? Decision::migrated_between : Decision::migrated_to_vram, Rule::none, cause,
         Status::ok, interval, destination, begun,
         source ? std::optional(id_of(*source)) : std::nullopt, destination});
  return Status::ok;
}

Status AddressSpace::Core::migrate_to_system(Range& range, pagemap::Cause cause) noexcept {
  pagemap::Pagemap* const source = range.block.pagemap();
  if (!source) return Status::ok;
  if (range.pins.load(std::memory_order_acquire) > 0) return Status::busy;
  const auto begun = now();
  const Interval interval = range.interval();
  {
    Lock guard{range.notifier->lock()};
    range.notifier->begin_invalidation();
    unmap_range(range);  // AS4
    range.notifier->end_invalidation();
  }
  const Device* device = device_of(source);
  const bool is_lost = device && device->is_lost.load(std::memory_order_acquire);
  const pagemap::Extent from = range.block.extent();
  Status copied = Status::ok;
  Bytes moved;
  for_each_survivor(range, [&](Interval part) {
    if (copied != Status::ok || is_lost) return;
    copied = mover_.copy_to_system(from.part(part.begin - interval.begin, part.size()), part);
    moved += part.size();
  });
  if (copied != Status::ok) {
    trace({Decision::migration_failed, Rule::none, cause, copied, interval, id_of(*source), begun,
           id_of(*source)});
    return copied;
  }
  if (!range.has(Range::device_memory))
    for_each_survivor(range, [&](Interval part) { cpu_.untrap(part); });
  range.stays_until.store(0, std::memory_order_release);
  source->release(range.block);
  count_migration(*source, Transfer::device_to_host, moved, cause, begun);
  if (Device* counted = device_of(source)) {
    counted->counters.migrations.add(chunk_index(interval.size()));
    if (cause == pagemap::Cause::eviction)
      counted->counters.evictions.fetch_add(1, std::memory_order_relaxed);
  }
  trace({cause == pagemap::Cause::eviction ? Decision::evicted : Decision::migrated_to_system,
         Rule::none, cause, Status::ok, interval, id_of(*source), begun, id_of(*source)});
  return Status::ok;
}

void AddressSpace::Core::count_migration(const pagemap::Pagemap& pagemap, Transfer transfer,
                                         Bytes size, pagemap::Cause cause,
                                         Clock::Instant begun) noexcept {
  if (Device* device = device_of(&pagemap))
    device->counters.add_migration(transfer, size, cause, now() - begun);
}

Status AddressSpace::Core::evict(pagemap::Block& victim, pagemap::Cause cause) noexcept {
  RangeRef range = RangeRef::try_take(&range_of(victim), pool_);
  if (!range) return Status::busy;
  // Whoever asks may hold a range of its own: this one is not waited for.
  RangeHold hold{*range, Wait::no};
  if (!hold.is_held()) return Status::busy;
  if (!range->is_live() || !range->block.is_lent()) return Status::busy;
  const Status evicted = migrate_to_system(*range, cause);
  return evicted;
}

Status AddressSpace::Core::cpu_fault(Address where, Access access) noexcept {
  cpu_faults_.fetch_add(1, std::memory_order_relaxed);
  if (!options_.interval.contains(where)) return Status::not_mapped;
  if (has_pending()) collect_unmapped();
  // Long enough for any launch that keeps its memory in place; a deadlock must end all the same.
  const Clock::Instant patience_ends = now() + std::chrono::seconds{60};
  while (RangeRef range = find(where)) {
    if (range->has(Range::device_memory)) return Status::not_mapped;
    std::int64_t stays_until = 0;
    pagemap::Pagemap* pinned_in = nullptr;
    {
      RangeHold hold{*range};
      if (!range->is_live()) continue;
      if (!range->block.is_lent()) break;
      if (range->has(Range::unmapped)) {
        // Here, since the collector may have taken it off the queue and not come to it yet.
        ZESVM_TRY(collect_range(*range));
        collected_.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      stays_until = range->stays_until.load(std::memory_order_acquire);
      if (stays_until <= now().count()) {
        const Status moved = migrate_to_system(*range, pagemap::Cause::cpu_fault);
        if (moved == Status::ok) break;
        if (moved != Status::busy) return moved;
        pinned_in = range->block.pagemap();
      }
    }
    // Without the hold: a GPU may go on using it for its time slice (B6), or its launch.
    if (!pinned_in) {
      clock_.wait_until(Clock::Instant{stays_until});
    } else {
      if (now() > patience_ends) return Status::timed_out;
      pinned_in->wait_for_room();
    }
  }
  const Result<CpuMapping> mapping = cpu_.mapping_at(where);
  if (!mapping) return mapping.status();
  if (access != Access::read && mapping->writable == Writable::no) return Status::permission_denied;
  return Status::ok;
}

bool AddressSpace::Core::is_held_on_host(Interval interval) const noexcept {
  if (host_hold_count_.load(std::memory_order_acquire) == 0) return false;
  Lock guard{holds_lock_};
  return std::ranges::any_of(host_holds_,
                             [&](const Interval& held) { return held.overlaps(interval); });
}

}  // namespace zesvm::svm
