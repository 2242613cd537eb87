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

}  // namespace

Status AddressSpace::Core::fault(DeviceId id, Address where, Access access) noexcept {
  Device* device = device_at(id);
  if (!device || device->is_gone.load(std::memory_order_acquire)) return Status::no_device;
  if (closed_.load(std::memory_order_acquire) || !options_.interval.contains(where))
    return Status::invalid_address;
  const auto begun = now();
  const auto cause =
      access == Access::atomic ? pagemap::Cause::gpu_atomic : pagemap::Cause::gpu_fault;
  FaultState fault{
      .device = *device, .where = where, .access = access, .cause = cause, .begun = begun};
  const Status status = resolve(fault);
  device->counters.fault_nanoseconds.fetch_add(static_cast<std::uint64_t>((now() - begun).count()),
                                               std::memory_order_relaxed);
  if (access == Access::atomic)
    device->counters.atomic_faults.fetch_add(1, std::memory_order_relaxed);
  if (status != Status::ok) {
    device->counters.failures.fetch_add(1, std::memory_order_relaxed);
    trace({Decision::fault_refused, fault.rule, cause, status, {where, where}, id, begun});
  }
  return status;
}

Status AddressSpace::Core::resolve(FaultState& fault) noexcept {
  for (unsigned restarts = 0; restarts < restart_limit; ++restarts) {
    const Step step = try_fault(fault);
    if (step.kind == Step::Kind::done) return step.status;
    fault.device.counters.retries.fetch_add(1, std::memory_order_relaxed);
    // A neighbour whose mapping changes may be what stood in the way: it gets on first.
    wait_for_invalidation(Interval::chunk_at(fault.where, options_.chunk_sizes.front()));
  }
  return Status::busy;
}

Step AddressSpace::Core::found_valid(FaultState& fault, const Range& range) noexcept {
  fault.range = range.interval();
  fault.device.counters.valid_faults.add(chunk_index(fault.range.size()));
  trace({Decision::fault_valid, Rule::none, fault.cause, Status::ok, fault.range, fault.device.id,
         fault.begun});
  return Step::done(Status::ok);
}

Step AddressSpace::Core::try_fault(FaultState& fault) noexcept {
  // A6: what was unmapped goes before anything else is decided.
  wait_for_invalidation(Interval::chunk_at(fault.where, cpu_page));
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
                         range.has(Range::migratable), range.has(Range::atomics_in_place)};
  const MoveDecision decision = needed_move(devices, wanted, facts, rules.attributes.policy);
  if (decision.rule != Rule::none) fault.rule = decision.rule;
  switch (decision.move) {
    case Move::none: return Step::done(Status::ok);
    case Move::impossible: return Step::done(Status::permission_denied);  // C3
    case Move::to_system: return Step::done(move_to_system(fault, range, devices));
    case Move::to_vram: break;
  }
  return move_to_vram(fault, range, wanted, devices, rules.attributes.atomic);
}

Status AddressSpace::Core::move_to_system(FaultState& fault, Range& range,
                                          const PolicyDevices& devices) noexcept {
  const Status moved = migrate_to_system(range, fault.cause);
  if (moved == Status::ok) {
    fault.note_moved(range.interval().size());
    return moved;
  }
  fault.fell_back = moved;
  // Pinned where it is and reachable: better there than failing.
  if (moved == Status::busy && reaches_fast(devices, range.block.pagemap())) return Status::ok;
  return moved;
}

Step AddressSpace::Core::move_to_vram(FaultState& fault, Range& range, const Wanted& wanted,
                                      const PolicyDevices& devices,
                                      AtomicAccess attribute) noexcept {
  Status moved = migrate_to_vram(range, *wanted.pagemap, fault.cause);
  // B5: what cannot go from VRAM to VRAM goes through system memory.
  if (moved == Status::no_interconnect) {
    moved = migrate_to_system(range, fault.cause);
    if (moved == Status::ok) moved = migrate_to_vram(range, *wanted.pagemap, fault.cause);
  }
  if (moved == Status::ok) {
    fault.note_moved(range.interval().size());
    return Step::done(Status::ok);
  }
  // Others are at work in VRAM: that is no failure of ours, and ends.
  if (moved == Status::busy && wanted.is_required && fault.waits_for_room++ < patience) {
    wanted.pagemap->wait_for_room();
    return Step::again();
  }
  fault.fell_back = moved;
  trace({Decision::migration_failed, fault.rule, fault.cause, moved, range.interval(),
         fault.device.id});
  if (wanted.is_required) {  // C3
    if (moved_to_own_vram(fault, range, wanted, devices)) return Step::done(Status::ok);
    const bool is_last = ++fault.migrations_tried >= attempts_where_required;
    return is_last || moved == Status::no_device ? Step::done(moved) : Step::again();
  }
  return Step::done(fall_back(fault, range, wanted, devices, attribute));
}

bool AddressSpace::Core::moved_to_own_vram(FaultState& fault, Range& range, const Wanted& wanted,
                                           const PolicyDevices& devices) noexcept {
  const bool is_left = devices.own && wanted.pagemap != devices.own &&
                       range.block.pagemap() != devices.own && !fault.override_wanted;
  if (!is_left || migrate_to_vram(range, *devices.own, fault.cause) != Status::ok) return false;
  fault.rule = Rule::fallback;
  fault.note_moved(range.interval().size());
  return true;
}

/// D10: the wanted place could not be had, so the device's own VRAM, or where the range is, or
/// system memory.
Status AddressSpace::Core::fall_back(FaultState& fault, Range& range, const Wanted& wanted,
                                     const PolicyDevices& devices,
                                     AtomicAccess attribute) noexcept {
  if (moved_to_own_vram(fault, range, wanted, devices)) return Status::ok;
  fault.rule = Rule::fallback;
  const pagemap::Pagemap* current = range.block.pagemap();
  const bool serves =
      fault.access != Access::atomic || atomics_on(devices, current, attribute) == Atomics::allowed;
  if (serves && reaches_fast(devices, current)) return Status::ok;
  return migrate_to_system(range, fault.cause);
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
  }
  const PolicyDevices devices = policy_devices(device, Attributes{});
  pagemap::Pagemap* current = range.block.pagemap();
  mapping.atomics = atomics_on(devices, current, attribute);
  if (range.has(Range::atomics_in_place) && attribute != AtomicAccess::cpu)
    mapping.atomics = Atomics::allowed;
  if (!current) return mapping;
  mapping.extent = range.block.extent();
  const pagemap::Link link = link_to(devices, *current);
  mapping.protocol =
      link.use == pagemap::LinkUse::in_place ? link.protocol : pagemap::Protocol::none;
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
    if (mapping.status() == Status::invalid_argument) return drop_range(range);
    return Step::done(mapping.status());
  }
  if (fault.access == Access::atomic && mapping->atomics == Atomics::faulting)
    return Step::done(Status::permission_denied);
  Lock guard{notifier.lock()};
  // A9: pages collected under another sequence, or rules read before they changed. A14: part of it
  // is new system memory by now, part of it in VRAM.
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
  trace({Decision::fault_mapped, fault.rule, fault.cause, Status::ok, range.interval(), device.id,
         fault.begun});
  return Step::done(Status::ok);
}

}  // namespace zesvm::svm
