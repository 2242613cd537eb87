#include "svm/fault_policy.hpp"

namespace zesvm::svm {

using pagemap::Link;
using pagemap::LinkAtomics;
using pagemap::LinkUse;
using pagemap::Pagemap;
using pagemap::Protocol;
using pagemap::Speed;

Link link_to(const PolicyDevices& devices, const Pagemap& to) {
  if (devices.own == &to) return {Protocol::local_vram, Speed::fast, LinkAtomics::present};
  if (!devices.own || !devices.interconnect) return {};
  return devices.interconnect->link(*devices.own, to);
}

bool reaches_fast(const PolicyDevices& devices, const Pagemap* place) {
  if (!place) return devices.traits.maps_system_memory;
  return copies_fast(devices, *place) && link_to(devices, *place).use == LinkUse::in_place;
}

bool copies_fast(const PolicyDevices& devices, const Pagemap& place) {
  const Link link = link_to(devices, place);
  return link.protocol != Protocol::none && link.speed == Speed::fast;
}

Atomics atomics_on(const PolicyDevices& devices, const Pagemap* place, AtomicAccess attribute) {
  if (attribute == AtomicAccess::cpu) return Atomics::faulting;
  if (place) {
    return link_to(devices, *place).atomics == LinkAtomics::present ? Atomics::allowed
                                                                    : Atomics::faulting;
  }
  if (!devices.traits.is_discrete) return Atomics::allowed;
  const bool works = devices.traits.has_system_atomics && attribute == AtomicAccess::device;
  return works ? Atomics::allowed : Atomics::faulting;
}

namespace {

enum class AtomicNeed : std::uint8_t { none, vram, refused };

// D1, D10: what is preferred, where the device reaches it; else its own VRAM, else system memory.
Wanted preferred_place(const PolicyDevices& devices, const Attributes& attributes) {
  const bool has_vram = devices.traits.is_discrete && devices.own;
  Wanted own{};
  own.pagemap = has_vram ? devices.own : nullptr;
  own.rule = has_vram ? Rule::first_touch : Rule::not_discrete;
  switch (attributes.preferred.kind) {
    case Place::Kind::faulting_device: return own;
    case Place::Kind::system:
      own.rule = Rule::fallback;
      if (devices.traits.maps_system_memory) own = {.rule = Rule::preferred_location};
      return own;
    case Place::Kind::device: break;
  }
  if (devices.preferred && reaches_fast(devices, devices.preferred)) {
    own.pagemap = devices.preferred;
    own.rule = Rule::preferred_location;
    return own;
  }
  own.rule = Rule::fallback;
  return own;
}

// C2, word for word.
AtomicNeed need_of_atomic(const DeviceTraits& traits, AtomicAccess attribute) {
  if (attribute == AtomicAccess::cpu) return AtomicNeed::refused;
  if (!traits.is_discrete) return AtomicNeed::none;
  const bool works_on_system = attribute == AtomicAccess::device && traits.has_system_atomics;
  return works_on_system ? AtomicNeed::none : AtomicNeed::vram;
}

}  // namespace

Wanted wanted_place(const PolicyDevices& devices, const Attributes& attributes, Access access) {
  Wanted wanted = preferred_place(devices, attributes);
  if (access != Access::atomic) return wanted;
  const AtomicNeed need = need_of_atomic(devices.traits, attributes.atomic);
  if (need == AtomicNeed::refused) {
    wanted.status = Status::permission_denied;
    return wanted;
  }
  // C4: a preferred peer whose link carries no atomics does not serve them.
  const bool works_there =
      atomics_on(devices, wanted.pagemap, attributes.atomic) == Atomics::allowed;
  if (need == AtomicNeed::none && works_there) return wanted;
  // VRAM it must be: the preferred peer's, where its link carries atomics, else the device's own.
  if (!works_there || wanted.rule != Rule::preferred_location)
    wanted = {.pagemap = devices.own, .rule = Rule::atomic_needs_vram};
  wanted.is_required = true;
  if (!wanted.pagemap) wanted.status = Status::permission_denied;
  return wanted;
}

MoveDecision needed_move(const PolicyDevices& devices, const Wanted& wanted,
                         const RangeFacts& range, MigrationPolicy policy) {
  if (range.current == wanted.pagemap) return {Move::none, wanted.rule};
  if (!wanted.pagemap) return {Move::to_system, wanted.rule};
  const MoveDecision stay{reaches_fast(devices, range.current) ? Move::none : Move::to_system,
                          Rule::none};
  const auto cannot = [&](Rule rule) -> MoveDecision {
    return {wanted.is_required ? Move::impossible : stay.move, rule};
  };
  if (!range.is_migratable && range.has_atomics_in_place) return {Move::none, Rule::not_migratable};
  if (!range.is_migratable) return cannot(Rule::not_migratable);
  if (range.size < devices.traits.smallest_migratable) return cannot(Rule::too_small);
  if (policy == MigrationPolicy::system_pages_only && range.current && !wanted.is_required)
    return {stay.move, Rule::system_pages_only};
  return {Move::to_vram, wanted.rule};
}

}  // namespace zesvm::svm
