// What is valid for an access (C5), and faulting in before a launch what is not.
#include <algorithm>

#include "svm/core.hpp"

namespace zesvm::svm {

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
  const RangeFacts facts{range.block.pagemap(), interval.size(), range.has(Range::migratable),
                         range.has(Range::atomics_in_place)};
  return needed_move(devices, wanted, facts, rules.attributes.policy).move == Move::none;
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
