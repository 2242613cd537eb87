// Prefetch, and moves to system memory on request (B9, B10, D10).
#include <algorithm>

#include "svm/core.hpp"

namespace zesvm::svm {

Result<HintResult> AddressSpace::Core::prefetch(std::span<const Interval> intervals, Place place,
                                                std::optional<DeviceId> requester) {
  for (const Interval interval : intervals)
    if (!is_valid_interval(interval)) return Status::invalid_argument;
  if (place.kind == Place::Kind::faulting_device) {
    if (!requester) return Status::invalid_argument;
    place = Place::on(*requester);
  }
  if (has_pending()) collect_unmapped();
  if (place.kind == Place::Kind::system) {
    HintResult result;
    result.outcome = Outcome::already;
    for (const Interval interval : intervals) {
      ZESVM_TRY_ASSIGN(one, migrate_interval_to_system(interval, pagemap::Cause::prefetch));
      if (one.outcome == Outcome::applied) result.outcome = Outcome::applied;
      if (one.reason != Reason::none) result.reason = one.reason;
      result.ranges_changed += one.ranges_changed;
      result.moved += one.moved;
    }
    return counted(result);
  }
  Device* device = device_at(place.device);
  if (!device || device->is_gone.load(std::memory_order_acquire)) return Status::no_device;
  HintResult result;
  PrefetchTally tally;
  for (const Interval interval : intervals) prefetch_to_device(interval, *device, tally);
  result.ranges_changed = tally.changed;
  result.moved = tally.moved;
  result.reason = tally.reason;
  if (tally.reason != Reason::none)
    result.outcome = tally.served == 0 ? Outcome::ignored : Outcome::fallback;
  else if (tally.changed == 0)
    result.outcome = Outcome::already;
  return counted(result);
}

void AddressSpace::Core::prefetch_to_device(Interval interval, Device& device,
                                            PrefetchTally& tally) noexcept {
  Wanted wanted{};
  wanted.pagemap = device.traits.is_discrete ? device.vram : nullptr;
  wanted.rule = Rule::preferred_location;
  for (Address at = interval.begin; at < interval.end;) {
    Rules rules = rules_at(at);
    if (const RangeRef range = find(at)) {
      // Already there: no lock, no call.
      const bool is_there = range->block.pagemap() == wanted.pagemap &&
                            range->pages(device.id).allow(Access::read) &&
                            rules.interval.contains(range->interval());
      if (is_there) {
        ++tally.served;
        at = range->interval().end;
        continue;
      }
    }
    FaultState fault{.device = device,
                     .where = at,
                     .access = Access::read,
                     .cause = pagemap::Cause::prefetch,
                     .override_wanted = &wanted};
    const Status status = resolve(fault);
    if (status == Status::ok) {
      ++tally.served;
      ++tally.changed;
      tally.moved += fault.bytes_moved;
      note_prefetch(fault.where, device.id);
      if (fault.fell_back != Status::ok)
        tally.reason = reason_for(fault.fell_back);
      else if (wanted.pagemap && fault.rule == Rule::not_migratable)
        tally.reason = Reason::not_migratable;
      else if (wanted.pagemap && fault.rule == Rule::too_small)
        tally.reason = Reason::too_small;
      if (fault.rule == Rule::held_on_host) tally.reason = Reason::held_on_host;
      at = std::max(fault.range.end, at + cpu_page);
      continue;
    }
    tally.reason = reason_for(status);
    at = status == Status::not_mapped || fault.range.is_empty()
             ? at + cpu_page
             : std::max(fault.range.end, at + cpu_page);
  }
}

void AddressSpace::Core::note_prefetch(Address where, std::optional<DeviceId> to) noexcept {
  const RangeRef range = find(where);
  if (!range || range->has(Range::device_memory)) return;
  RangeHold hold{*range};
  if (!range->is_live()) return;
  if (to) range->device.store(to->index, std::memory_order_relaxed);
  Lock guard{range->notifier->lock()};
  range->change_flags(to ? Range::prefetched : Range::prefetched_to_system,
                      to ? Range::prefetched_to_system : Range::prefetched);
}

Result<HintResult> AddressSpace::Core::migrate_interval_to_system(Interval interval,
                                                                  pagemap::Cause cause) {
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  if (has_pending()) collect_unmapped();
  HintResult result;
  result.outcome = Outcome::already;
  Status failed = Status::ok;
  for_each_held(interval, [&](Range& range) {
    if (cause == pagemap::Cause::prefetch && !range.has(Range::device_memory)) {
      Lock guard{range.notifier->lock()};
      range.change_flags(Range::prefetched_to_system, Range::prefetched);
    }
    if (!range.block.is_lent()) return;
    const Status moved = migrate_to_system(range, cause);
    if (moved == Status::ok) {
      result.outcome = Outcome::applied;
      ++result.ranges_changed;
      result.moved += range.interval().size();
    } else {
      result.reason = reason_for(moved);
      if (moved != Status::busy) failed = moved;
    }
  });
  if (failed != Status::ok) return failed;
  if (result.reason != Reason::none)
    result.outcome = result.ranges_changed > 0 ? Outcome::fallback : Outcome::ignored;
  return cause == pagemap::Cause::prefetch ? result : counted(result);
}

}  // namespace zesvm::svm
