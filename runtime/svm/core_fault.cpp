// A device's fault, from the address to the mapping. Reads beside rows A2, A3, A9, A14, B2 and
// C1 to C7 of docs/semantics.md.
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {
namespace {

// How often a fault starts over because something changed under it. Each time somebody else got
// on, so that the limit is met by a caller who is never served only.
constexpr unsigned restart_limit = 1000;

// How often an access that needs VRAM waits for others to make room before that counts as a failure
// (C3): a fifth of a second with the waits of Pagemap::wait_for_room().
constexpr unsigned patience = 100;

// A3: chunks up to this size are only taken where the CPU has populated them.
constexpr Bytes populated_threshold = 64_KiB;

}  // namespace

Status AddressSpace::Core::fault(DeviceId id, Address where, Access access) noexcept {
  Device* device = device_at(id);
  if (!device || device->is_gone.load(std::memory_order_acquire)) return Status::no_device;
  if (closed_.load(std::memory_order_acquire) || !options_.interval.contains(where))
    return Status::invalid_address;
  const auto begun = now();
  const auto cause =
      access == Access::atomic ? pagemap::Cause::gpu_atomic : pagemap::Cause::gpu_fault;
  FaultState fault{.device = *device, .where = where, .access = access, .cause = cause};
  const Status status = resolve(fault);
  device->counters.fault_nanoseconds.fetch_add(static_cast<std::uint64_t>((now() - begun).count()),
                                               std::memory_order_relaxed);
  if (access == Access::atomic)
    device->counters.atomic_faults.fetch_add(1, std::memory_order_relaxed);
  if (status != Status::ok) {
    device->counters.failures.fetch_add(1, std::memory_order_relaxed);
    trace({Decision::fault_refused, fault.rule, cause, status, {where, where}, id});
  }
  return status;
}

Status AddressSpace::Core::resolve(FaultState& fault) noexcept {
  for (unsigned restarts = 0; restarts < restart_limit; ++restarts) {
    const Step step = try_fault(fault);
    if (step.kind == Step::Kind::done) return step.status;
    fault.device.counters.retries.fetch_add(1, std::memory_order_relaxed);
  }
  return Status::busy;
}

Step AddressSpace::Core::found_valid(FaultState& fault, const Range& range) noexcept {
  fault.range = range.interval();
  fault.device.counters.valid_faults.add(chunk_index(fault.range.size()));
  trace({Decision::fault_valid, Rule::none, fault.cause, Status::ok, fault.range, fault.device.id});
  return Step::done(Status::ok);
}

Step AddressSpace::Core::try_fault(FaultState& fault) noexcept {
  // A6: what was unmapped goes before anything else is decided.
  wait_for_invalidation(fault.where);
  if (has_pending()) collect_unmapped();
  const Rules rules = rules_at(fault.where);
  if (!rules.is_mirrored) return Step::done(Status::invalid_address);
  Result<RangeRef> found = find_or_insert(fault.device, fault.where, fault.access, rules.interval);
  if (!found) {
    return found.status() == Status::busy ? Step::again() : Step::done(found.status());
  }
  Range& range = **found;
  if (!fault.is_counted && !fault.override_wanted) {
    fault.is_counted = true;
    fault.device.counters.faults.add(chunk_index(range.interval().size()));
  }
  if (!fault.override_wanted && is_valid(fault.device, range, rules, fault.access))
    return found_valid(fault, range);
  const NotifierRef keep = keep_notifier(fault.where);
  // C7: faults on one range wait here for the one that serves them all.
  RangeHold hold{range};
  if (!range.is_live()) return Step::again();
  if (range.has(Range::unmapped)) {
    // Here, since the collector may have taken it off the queue and not come to it yet.
    const Status status = collect_range(range);
    if (status != Status::ok) return Step::done(status);
    collected_.fetch_add(1, std::memory_order_relaxed);
    return Step::again();
  }
  fault.range = range.interval();
  // Who waited may find it served.
  if (!fault.override_wanted && is_valid(fault.device, range, rules, fault.access))
    return found_valid(fault, range);
  // D3: a range that was made under other attributes goes, its data kept.
  if (!range.has(Range::device_memory) && !rules.interval.contains(range.interval())) {
    return drop_range(range);
  }
  Step placed = place_range(fault, range, rules);
  if (placed.kind == Step::Kind::done && placed.status == Status::ok)
    placed = map_range(fault, range, rules);
  return placed;
}

PolicyDevices AddressSpace::Core::policy_devices(const Device& device,
                                                 const Attributes& attributes) const noexcept {
  const auto vram_of = [](const Device* of) -> pagemap::Pagemap* {
    return of && of->vram && !of->vram->is_closed() ? of->vram : nullptr;
  };
  const Device* preferred = attributes.preferred.kind == Place::Kind::device
                                ? device_at(attributes.preferred.device)
                                : nullptr;
  return {device.traits, device.id, vram_of(&device), vram_of(preferred), options_.interconnect};
}

bool AddressSpace::Core::is_valid(const Device& device, const Range& range, const Rules& rules,
                                  Access access) const noexcept {
  if (!range.pages(device.id).allow(access) || range.has(Range::unmapped)) return false;
  if (range.has(Range::device_memory)) return true;
  const PolicyDevices devices = policy_devices(device, rules.attributes);
  const Wanted wanted = wanted_place(devices, rules.attributes, access);
  if (wanted.status != Status::ok) return false;
  const Interval interval = range.interval();
  if (!rules.interval.contains(interval)) return false;
  const RangeFacts facts{range.block.pagemap(), interval.size(), range.has(Range::migratable)};
  return needed_move(devices, wanted, facts, rules.attributes.policy).move == Move::none;
}

Step AddressSpace::Core::drop_range(Range& range) noexcept {
  const Status moved = migrate_to_system(range, pagemap::Cause::advice);
  if (moved != Status::ok) return Step::done(moved);
  remove_range(range);
  return Step::again();
}

Step AddressSpace::Core::place_range(FaultState& fault, Range& range, const Rules& rules) noexcept {
  if (range.has(Range::device_memory)) return Step::done(bring_home(range, fault.cause));
  const PolicyDevices devices = policy_devices(fault.device, rules.attributes);
  Wanted wanted = fault.override_wanted ? *fault.override_wanted
                                        : wanted_place(devices, rules.attributes, fault.access);
  fault.rule = wanted.rule;
  if (wanted.status != Status::ok) return Step::done(wanted.status);
  if (wanted.pagemap && is_held_on_host(range.interval())) {
    fault.rule = wanted.rule = Rule::held_on_host;
    fault.fell_back = Status::busy;
    if (wanted.is_required) return Step::done(Status::busy);
    wanted.pagemap = nullptr;
  }
  const RangeFacts facts{range.block.pagemap(), range.interval().size(),
                         range.has(Range::migratable)};
  const MoveDecision decision = needed_move(devices, wanted, facts, rules.attributes.policy);
  if (decision.rule != Rule::none) fault.rule = decision.rule;
  switch (decision.move) {
    case Move::none: return Step::done(Status::ok);
    case Move::impossible: return Step::done(Status::permission_denied);  // C3
    case Move::to_system: {
      const Status moved = migrate_to_system(range, fault.cause);
      if (moved == Status::ok) {
        fault.moved = true;
        fault.bytes_moved += facts.size;
      } else {
        fault.fell_back = moved;
      }
      // Pinned where it is and reachable: better there than failing.
      if (moved == Status::busy && reaches_fast(devices, facts.current))
        return Step::done(Status::ok);
      return Step::done(moved);
    }
    case Move::to_vram: break;
  }
  return move_range(fault, range, wanted, devices);
}

Step AddressSpace::Core::move_range(FaultState& fault, Range& range, const Wanted& wanted,
                                    const PolicyDevices& devices) noexcept {
  const unsigned attempts = migration_attempts(wanted);
  Status moved = migrate_to_vram(range, *wanted.pagemap, fault.cause);
  // B5: what cannot go from VRAM to VRAM goes through system memory.
  if (moved == Status::no_interconnect) {
    moved = migrate_to_system(range, fault.cause);
    if (moved == Status::ok) moved = migrate_to_vram(range, *wanted.pagemap, fault.cause);
  }
  if (moved == Status::ok) {
    fault.moved = true;
    fault.bytes_moved += range.interval().size();
    return Step::done(Status::ok);
  }
  // Others are at work in VRAM: that is no failure of ours, and ends.
  if (moved == Status::busy && wanted.is_required && fault.waits_for_room++ < patience) {
    wanted.pagemap->wait_for_room();
    return Step::again();
  }
  ++fault.migrations_tried;
  fault.fell_back = moved;
  trace({Decision::migration_failed, fault.rule, fault.cause, moved, range.interval(),
         fault.device.id});
  if (wanted.is_required) {
    if (fault.migrations_tried >= attempts || moved == Status::no_device) return Step::done(moved);
    return Step::again();
  }
  // D10: the peer could not take it, so the device's own VRAM; else where it is, or system memory.
  if (devices.own && wanted.pagemap != devices.own && range.block.pagemap() != devices.own &&
      !fault.override_wanted && migrate_to_vram(range, *devices.own, fault.cause) == Status::ok) {
    fault.moved = true;
    fault.bytes_moved += range.interval().size();
    return Step::done(Status::ok);
  }
  fault.rule = Rule::fallback;
  if (reaches_fast(devices, range.block.pagemap())) return Step::done(Status::ok);
  return Step::done(migrate_to_system(range, fault.cause));
}

Result<Mapping> AddressSpace::Core::collect(const Device& device, const Range& range, Address where,
                                            Access access, AtomicAccess attribute) noexcept {
  const Interval interval = range.interval();
  Mapping mapping;
  if (!range.has(Range::device_memory)) {
    const Result<CpuMapping> piece = cpu_.mapping_at(where);
    if (!piece) return piece.status();
    // Made in a CPU mapping that is cut by now: it goes, and smaller ranges take its place (A7).
    if (!piece->interval.contains(interval)) return Status::invalid_argument;
    mapping.writable = piece->writable;
    if (access != Access::read && mapping.writable == Writable::no)
      return Status::permission_denied;
    // A14: part of it is new system memory by now, part of it is in VRAM.
    if (range.has(Range::unmapped)) return Status::busy;
  }
  const PolicyDevices devices = policy_devices(device, Attributes{});
  pagemap::Pagemap* current = range.block.pagemap();
  mapping.atomics = atomics_on(devices, current, attribute);
  if (!current) return mapping;
  mapping.extent = range.block.extent();
  mapping.protocol = link_to(devices, *current).protocol;
  if (mapping.protocol == pagemap::Protocol::none) {
    // A device that leaves has closed its pagemap already, so that its own VRAM is no place of its.
    return device.is_gone.load(std::memory_order_acquire) ? Status::no_device
                                                          : Status::no_interconnect;
  }
  return mapping;
}

Step AddressSpace::Core::map_range(FaultState& fault, Range& range, const Rules& rules) noexcept {
  Device& device = fault.device;
  Notifier& notifier = *range.notifier;
  const std::uint64_t seen = notifier.begin_read();
  const auto collect_begun = now();
  const Result<Mapping> mapping =
      collect(device, range, fault.where, fault.access, rules.attributes.atomic);
  device.counters.collect.add(now() - collect_begun);
  if (!mapping) {
    if (mapping.status() == Status::busy) return Step::again();
    if (mapping.status() == Status::invalid_argument) return drop_range(range);
    return Step::done(mapping.status());
  }
  if (fault.access == Access::atomic && mapping->atomics == Atomics::faulting)
    return Step::done(Status::permission_denied);
  Lock guard{notifier.lock()};
  // A9: pages collected under another sequence, or rules read before they changed.
  if (!notifier.is_current(seen) || range.has(Range::unmapped) ||
      is_invalidating(range.interval()) ||
      rules_version_.load(std::memory_order_acquire) != rules.version) {
    trace({Decision::started_over, Rule::sequence_moved, fault.cause, Status::ok, range.interval(),
           device.id});
    return Step::again();
  }
  if (device.is_gone.load(std::memory_order_acquire)) return Step::done(Status::no_device);
  if (!range.prepare_pages(device.id)) return Step::done(Status::out_of_host_memory);
  end_segments(notifier, device, range.interval());
  const auto map_begun = now();
  const Status mapped = device.port.map(range.interval(), *mapping);
  device.counters.map.add(now() - map_begun);
  if (mapped != Status::ok) {
    range.set_pages(Pages{device.id, 0, pagemap::Protocol::none, seen});
    return Step::done(mapped);
  }
  std::uint8_t flags = Pages::mapped;
  if (mapping->protocol != pagemap::Protocol::system) flags |= Pages::in_vram;
  if (mapping->writable == Writable::yes) flags |= Pages::writable;
  if (mapping->atomics == Atomics::allowed) flags |= Pages::atomics;
  range.set_pages(Pages{device.id, flags, mapping->protocol, seen});
  if (pagemap::Pagemap* pagemap = range.block.pagemap()) {
    pagemap->touch(range.block);
    // B6: the slice doubles with each retry.
    if (fault.access == Access::atomic && fault.cause == pagemap::Cause::gpu_atomic)
      range.stays_until.store(
          (now() + options_.time_slice * (std::int64_t{1} << fault.migrations_tried)).count(),
          std::memory_order_release);
  }
  trace({Decision::fault_mapped, fault.rule, fault.cause, Status::ok, range.interval(), device.id});
  return Step::done(Status::ok);
}

Result<RangeRef> AddressSpace::Core::find_or_insert(Device& device, Address where, Access access,
                                                    Interval attribute_interval) noexcept {
  if (RangeRef range = find(where)) return range;
  const NotifierRef notifier = notifier_at(where);
  if (!notifier) return Status::out_of_host_memory;
  const std::uint64_t seen = notifier->begin_read();
  const Result<CpuMapping> mapping = cpu_.mapping_at(where);
  if (!mapping) return mapping.status();
  if (access != Access::read && mapping->writable == Writable::no) return Status::permission_denied;
  const Interval fits = mapping->interval.intersection(attribute_interval)
                            .intersection(notifier->interval())
                            .intersection(options_.interval);
  const Bytes smallest = options_.chunk_sizes.back();
  for (const Bytes size : options_.chunk_sizes) {
    const Interval chunk = Interval::chunk_at(where, size);
    if (!fits.contains(chunk)) continue;
    if (device.traits.is_discrete && size <= populated_threshold && size > smallest &&
        cpu_.populated(chunk) != Populated::all)
      continue;
    Result<RangeRef> inserted = insert(*notifier, chunk, *mapping, seen, where);
    // invalid_argument: overlaps a smaller range, so the next smaller chunk.
    if (inserted || inserted.status() != Status::invalid_argument) return inserted;
  }
  return Status::not_mapped;
}

Result<RangeRef> AddressSpace::Core::insert(Notifier& notifier, Interval chunk,
                                            const CpuMapping& mapping, std::uint64_t seen,
                                            Address where) noexcept {
  RangeRef made{pool_.make(), pool_};
  if (!made) return Status::out_of_host_memory;
  Lock guard{notifier.lock()};
  // The CPU's mapping was read under another sequence: it may be gone.
  if (!notifier.is_current(seen) || is_invalidating(chunk)) return Status::busy;
  if (RangeRef range = find(where)) return range;
  if (!notifier.table().is_free(chunk)) return Status::invalid_argument;
  made->change_flags(mapping.migratable == Migratable::yes ? Range::migratable : 0, 0);
  made->notifier = &notifier;
  ZESVM_TRY(notifier.table().insert(made.get(), chunk));
  notifier.references().fetch_add(1, std::memory_order_acq_rel);
  range_count_.fetch_add(1, std::memory_order_relaxed);
  made->references.fetch_add(1, std::memory_order_relaxed);
  made->place.store(Range::place_of(chunk), std::memory_order_release);
  return made;
}

Status AddressSpace::Core::prepare(DeviceId id, std::span<const AccessedInterval> accesses,
                                   PreparedState* state) noexcept {
  Device* device = device_at(id);
  if (!device || device->is_gone.load(std::memory_order_acquire)) return Status::no_device;
  std::uint64_t fingerprint = id.index + 1;
  for (const AccessedInterval& access : accesses) {
    for (const std::uint64_t part : {access.interval.begin.value, access.interval.end.value,
                                     static_cast<std::uint64_t>(access.access)})
      fingerprint = (fingerprint ^ part) * 0x9e3779b97f4a7c15u + (fingerprint >> 29);
  }
  const std::uint64_t epoch = epoch_.load(std::memory_order_acquire);
  if (state && state->epoch == epoch && state->fingerprint == fingerprint && !has_pending())
    return Status::ok;
  for (const AccessedInterval& access : accesses) {
    Rules rules{};
    for (Address at = access.interval.begin; at < access.interval.end;) {
      if (!rules.interval.contains(at)) rules = rules_at(at);
      const std::size_t index = (at - options_.interval.begin).count >> notifier_shift_;
      const Range* range =
          index < root_count_
              ? RangeTable::find(roots_[index].load(std::memory_order_acquire), shape_, at, nullptr)
              : nullptr;
      const std::uint64_t place = range ? range->place.load(std::memory_order_acquire) : 0;
      if (place != 0 && Range::interval_of(place).contains(at) &&
          is_valid(*device, *range, rules, access.access)) {
        at = Range::interval_of(place).end;
        continue;
      }
      FaultState fault{.device = *device,
                       .where = at,
                       .access = access.access,
                       .cause = access.access == Access::atomic ? pagemap::Cause::gpu_atomic
                                                                : pagemap::Cause::gpu_fault};
      ZESVM_TRY(resolve(fault));
      at = std::max(fault.range.end, at + cpu_page);
      rules = {};
    }
  }
  if (state) *state = {epoch, fingerprint};
  return Status::ok;
}

}  // namespace zesvm::svm
