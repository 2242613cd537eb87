// What a launch needs first: ranges brought to the device, atomics made possible there.
#include <algorithm>
#include <utility>

#include <zesvm/address_space.hpp>
#include <zesvm/error.hpp>

#include "api/allocations.hpp"
#include "api/text.hpp"
#include "api/traced.hpp"
#include "levelzero/paged_memory.hpp"

namespace zesvm {
namespace {

/// Whether advice wants memory somewhere else than on a device that is about to use it.
bool lives_elsewhere(const std::optional<Advice>& location, const Device& device) {
  if (!location) return false;
  if (location->kind() == Advice::Kind::location_system) return true;
  return location->kind() == Advice::Kind::location_device && *location->device() != device;
}

}  // namespace

HintResult AddressSpace::prepare(const Device& device, const Access* accesses, std::size_t count) {
  // All are looked at before the first one moves.
  for (std::size_t i = 0; i < count; ++i)
    check(accesses[i].begin, accesses[i].bytes, "preparing a kernel's access to");
  HintResult all{HintOutcome::already_so, "all of it was ready on " + device.name()};
  for (std::size_t i = 0; i < count; ++i) {
    HintResult one = traced_hint(context_, "prepare", accesses[i].begin, accesses[i].bytes,
                                 device.index(), [&] { return prepare_one(device, accesses[i]); });
    if (one.outcome == HintOutcome::already_so || all.outcome == HintOutcome::ignored) continue;
    all = std::move(one);
  }
  return all;
}

HintResult AddressSpace::prepare_one(const Device& device, const Access& access) {
  const Interval interval{address_of(access.begin), address_of(access.begin) + Bytes{access.bytes}};
  if (access.mode == AccessMode::atomic) {
    // The driver would find out only when the kernel runs.
    if (allocations_->atomics_of(interval) == AtomicAccess::cpu)
      throw Error(ErrorCode::invalid_argument, "preparing atomic operations of " + device.name() +
                                                   " on " + size_text(access.bytes) + " at " +
                                                   address_text(access.begin) +
                                                   ": advised to be for the CPU only");
  }
  if (levelzero::PagedMemory* paged = paged_at(access.begin)) {
    if (residency(access.begin, access.bytes).bytes_on(device) == access.bytes)
      return {HintOutcome::already_so, "all of it is on " + device.name()};
    place_near(device, access.begin, access.bytes);
    // Where it should live is decided there, and is mapped for the device.
    return paged->prepare(*device.tile_, interval, access.mode);
  }
  if (access.mode != AccessMode::atomic &&
      lives_elsewhere(allocations_->location_of(interval), device))
    return {HintOutcome::already_so, "advised to live elsewhere"};
  // Wherever it should live: a device's atomic operations are right in its own memory only.
  if (access.mode == AccessMode::atomic) return prefetch(access.begin, access.bytes, device);
  HintResult result{HintOutcome::already_so, "pinned in system memory"};
  for (const Interval& part : allocations_->unpinned_parts(interval)) {
    HintResult one = prefetch(pointer_to<void>(part.begin), part.size().count, device);
    if (one.outcome == HintOutcome::already_so && result.outcome != one.outcome) continue;
    result = std::move(one);
  }
  return result;
}

}  // namespace zesvm
