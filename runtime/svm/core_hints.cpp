// Advice, prefetch, discard and explicit migration (D1 to D10, B9 to B11).
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {
namespace {

bool is_known(const Advice& advice) {
  const auto in = [](auto value, auto last) { return value <= last; };
  if (advice.preferred && (!in(advice.preferred->place.kind, Place::Kind::device) ||
                           !in(advice.preferred->policy, MigrationPolicy::system_pages_only)))
    return false;
  if (advice.atomic && !in(*advice.atomic, AtomicAccess::cpu)) return false;
  return !advice.caching || in(*advice.caching, Caching::write_back);
}

Reason reason_for(Status status) {
  switch (status) {
    case Status::ok: return Reason::none;
    case Status::not_mapped: return Reason::not_mapped;
    case Status::permission_denied: return Reason::not_migratable;
    case Status::out_of_device_memory: return Reason::out_of_device_memory;
    case Status::no_interconnect: return Reason::no_interconnect;
    case Status::no_device: return Reason::no_device;
    case Status::busy: return Reason::pinned;
    default: return Reason::failed;
  }
}

}  // namespace

HintResult AddressSpace::Core::counted(HintResult result) noexcept {
  hint_counts_[static_cast<std::size_t>(result.outcome)].fetch_add(1, std::memory_order_relaxed);
  return result;
}

void AddressSpace::Core::hold(DeviceId id) noexcept {
  if (const Device* device = device_at(id); device && device->vram) device->vram->add_reference();
}

void AddressSpace::Core::drop(DeviceId id) noexcept {
  if (const Device* device = device_at(id); device && device->vram) device->vram->drop_reference();
}

Result<HintResult> AddressSpace::Core::advise(Interval interval, const Advice& advice,
                                              std::optional<DeviceId> accessor) {
  if (!is_valid_interval(interval) || !is_known(advice)) return Status::invalid_argument;
  if (advice.preferred && advice.preferred->place.kind == Place::Kind::device) {
    const Device* target = device_at(advice.preferred->place.device);
    if (!target || target->is_gone.load(std::memory_order_acquire)) return Status::no_device;
    if (accessor) {
      const Device* from = device_at(*accessor);
      if (!from) return Status::no_device;
      if (from != target && !reaches_fast(policy_devices(*from, {}), target->vram))
        return Status::no_interconnect;
    }
  }
  if (has_pending()) collect_unmapped();

  // D4: only where something changes is anything unmapped.
  std::vector<Interval> changed;
  {
    Lock guard{lock_};
    for (Address at = interval.begin; at < interval.end;) {
      const AttributeInterval piece = attributes_.at(at, interval);
      at = piece.interval.end;
      if (advice.applied_to(piece.attributes) == piece.attributes) continue;
      if (!changed.empty() && changed.back().end == piece.interval.begin)
        changed.back().end = piece.interval.end;
      else
        changed.push_back(piece.interval);
    }
    if (changed.empty()) return counted({Outcome::already, Reason::none, 0, {}});
    attributes_.apply(interval, advice);
    has_rules_.store(!attributes_.is_empty() || !removed_mirrors_.empty(),
                     std::memory_order_release);
    // Faults that read the old attributes commit under them before this, and are unmapped below,
    // or see it and start over.
    rules_version_.fetch_add(1, std::memory_order_acq_rel);
    note_change();
  }
  HintResult result;
  Status failed = Status::ok;
  for (const Interval piece : changed) {
    for_each_held(piece, [&](Range& range) {
      if (range.has(Range::device_memory)) return;
      ++result.ranges_changed;
      if (piece.contains(range.interval())) {
        Lock guard{range.notifier->lock()};
        range.notifier->begin_invalidation();
        unmap_range(range);
        range.notifier->end_invalidation();
        return;
      }
      // D3: it crosses the new border.
      const Bytes in_vram = range.block.is_lent() ? range.interval().size() : Bytes{};
      const Status moved = migrate_to_system(range, pagemap::Cause::advice);
      if (moved != Status::ok) {
        failed = moved;
        return;
      }
      result.moved += in_vram;
      remove_range(range);
      removed_for_advice_.fetch_add(1, std::memory_order_relaxed);
    });
  }
  // A range that could not be dropped now is dropped by the next fault on it.
  result.reason = reason_for(failed);
  return counted(result);
}

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

Result<HintResult> AddressSpace::Core::discard(Interval interval) {
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  if (has_pending()) collect_unmapped();
  HintResult result;
  Status failed = Status::ok;
  Address cleared = interval.begin;
  // Memory that no device touched is cleared where the CPU has it mapped.
  const auto clear_until = [&](Address end) {
    while (cleared < end) {
      const Result<CpuMapping> mapping = cpu_.mapping_at(cleared);
      const Address next =
          mapping ? std::min(end, mapping->interval.end) : std::min(end, cleared + cpu_page);
      if (mapping && mapping->writable == Writable::yes) {
        cpu_.clear({cleared, next});
        result.ranges_changed += 1;
      }
      cleared = std::max(next, cleared + cpu_page);
    }
  };
  for_each_held(interval, [&](Range& range) {
    const Interval part = range.interval().intersection(interval);
    clear_until(part.begin);
    const Status status = discard_part(range, part);
    if (status == Status::ok)
      ++result.ranges_changed;
    else
      failed = status;
    cleared = std::max(cleared, part.end);
  });
  clear_until(interval.end);
  if (failed != Status::ok && failed != Status::busy && failed != Status::permission_denied)
    return failed;
  result.reason = reason_for(failed);
  if (result.ranges_changed == 0) {
    result.outcome = Outcome::ignored;
    if (result.reason == Reason::none) result.reason = Reason::not_mapped;
  }
  return counted(result);
}

Status AddressSpace::Core::discard_part(Range& range, Interval part) noexcept {
  const Interval whole = range.interval();
  pagemap::Pagemap* const pagemap = range.block.pagemap();
  if (range.has(Range::device_memory)) {
    if (!pagemap) return Status::busy;
    return mover_.clear(range.block.extent().part(part.begin - whole.begin, part.size()));
  }
  const Result<CpuMapping> mapping = cpu_.mapping_at(part.begin);
  if (!mapping) return mapping.status();
  if (mapping->writable == Writable::no) return Status::permission_denied;
  if (range.pins.load(std::memory_order_acquire) > 0) return Status::busy;
  if (pagemap && part != whole)
    ZESVM_TRY(migrate_to_system(range, pagemap::Cause::explicit_request));
  {
    Lock guard{range.notifier->lock()};
    range.notifier->begin_invalidation();
    unmap_range(range);
    range.notifier->end_invalidation();
  }
  cpu_.clear(part);
  if (range.block.is_lent()) {
    cpu_.untrap(whole);
    range.stays_until.store(0, std::memory_order_release);
    pagemap->release(range.block);
  }
  trace({Decision::discarded, Rule::none, pagemap::Cause::explicit_request, Status::ok, part, {}});
  return Status::ok;
}

}  // namespace zesvm::svm
