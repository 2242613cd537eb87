// Advice, prefetch and discard: what is passed to the driver, and what is told about it (D9).
#include <algorithm>

#include <zesvm/address_space.hpp>

#include "api/allocations.hpp"
#include "api/text.hpp"
#include "api/traced.hpp"
#include "levelzero/advice.hpp"
#include "levelzero/call.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/context.hpp"
#include "levelzero/paged_memory.hpp"
#include "levelzero/peer_check.hpp"
#include "topology/range_placement.hpp"

namespace zesvm {
namespace {

AdviceNote note_for(const void* pointer, std::size_t bytes, const Advice& advice) {
  AdviceNote note;
  note.interval = {address_of(pointer), address_of(pointer) + Bytes{bytes}};
  note.advice = advice;
  switch (advice.kind()) {
    case Advice::Kind::atomic:
      note.subject = AdviceNote::Subject::atomic;
      note.content = std::to_string(static_cast<int>(advice.atomic_access()));
      break;
    case Advice::Kind::read_mostly: note.subject = AdviceNote::Subject::reading; break;
    case Advice::Kind::location_default:
    case Advice::Kind::location_system:
    case Advice::Kind::location_device:
      note.content = std::to_string(static_cast<int>(advice.kind()));
      if (advice.device())
        note.content.append(" ").append(std::to_string(advice.device()->index()));
  }
  return note;
}

std::string_view trace_name(Advice::Kind kind) {
  switch (kind) {
    case Advice::Kind::location_default: return "advise no_preferred_location";
    case Advice::Kind::location_system: return "advise prefer_system_memory";
    case Advice::Kind::location_device: return "advise preferred_location";
    case Advice::Kind::atomic: return "advise atomic access";
    case Advice::Kind::read_mostly: return "advise read_mostly";
  }
  return "advise";
}

// Advice about a device goes through that device's own list: some drivers take it from no other.
const levelzero::Tile& list_owner(const levelzero::Context& context, const Advice& advice) {
  return context.tiles()[advice.device() ? advice.device()->index() : 0];
}

bool is_all_on(const Residency& residency, std::size_t device) {
  return std::all_of(residency.pieces.begin(), residency.pieces.end(),
                     [&](const ResidentPiece& piece) { return piece.device == device; });
}

bool is_all_in_system(const Residency& residency) {
  return std::all_of(residency.pieces.begin(), residency.pieces.end(),
                     [](const ResidentPiece& piece) {
                       return piece.place == Place::system || piece.place == Place::untouched;
                     });
}

HintResult set_atomics(levelzero::Context& context, const void* pointer, std::size_t bytes,
                       AtomicAccess access, Backing backing) {
  const auto set = context.newer().set_atomic_access;
  if (set == nullptr)
    return {HintOutcome::ignored, "the driver has no zeMemSetAtomicAccessAttributeExp"};
  for (const levelzero::Tile& tile : context.tiles()) {
    const ze_result_t result =
        set(context.handle(), tile.handle, pointer, bytes, levelzero::atomic_flags(access));
    if (result == ZE_RESULT_ERROR_UNSUPPORTED_FEATURE ||
        result == ZE_RESULT_ERROR_UNSUPPORTED_ENUMERATION)
      return {HintOutcome::ignored, tile.name + " does not take atomic access attributes"};
    // What is wrong can only be the access: the pointer was checked.
    if (result == ZE_RESULT_ERROR_INVALID_ARGUMENT && backing == Backing::shared)
      return {HintOutcome::ignored,
              tile.name + " does not promise this atomic access for shared allocations"};
    if (result != ZE_RESULT_SUCCESS)
      levelzero::throw_failed("zeMemSetAtomicAccessAttributeExp", result,
                              "setting atomic access of " + size_text(bytes) + " at " +
                                  address_text(pointer) + " on " + tile.name);
  }
  return {};
}

// Some drivers keep advice until the next command, and forget it without one: the barrier that
// run_on() waits with sends it off.
bool append_on(levelzero::Context& context, const levelzero::Tile& list_of, const void* pointer,
               std::size_t bytes, const levelzero::Tile& about, std::uint32_t value) {
  bool is_known = false;
  context.run_on(list_of, [&](levelzero::CommandList& list) {
    is_known = list.advise(pointer, bytes, about, value);
  });
  return is_known;
}

HintResult append_advice(levelzero::Context& context, const void* pointer, std::size_t bytes,
                         const Advice& advice, Backing backing) {
  const levelzero::Tile& owner = list_owner(context, advice);
  const std::uint32_t value = levelzero::advice_value(advice.kind());
  if (!append_on(context, owner, pointer, bytes, owner, value))
    return {HintOutcome::ignored, "the loader or the driver do not know this advice"};
  const std::string policy = advice.migrate() == Migrate::only_system_pages
                                 ? "Level Zero knows no migration policy: all pages move"
                                 : "";
  if (context.is_simulated()) return {HintOutcome::applied, policy};
  // Never on another card's list: advice on a shared allocation of one card for another ends the
  // process in some drivers.
  if (backing != Backing::system || !owner.has_shared_system_memory)
    return {HintOutcome::ignored, "this driver takes the advice and does nothing with it"};
  if (advice.kind() == Advice::Kind::read_mostly)
    return {HintOutcome::ignored, "this driver takes the advice and does nothing with it"};
  // Each card has an address space of its own, and learns of advice by its own list only.
  for (const levelzero::Tile& tile : context.tiles())
    if (tile.card != owner.card && tile.number_on_card == 0)
      append_on(context, tile, pointer, bytes, advice.device() ? owner : tile, value);
  return {HintOutcome::applied,
          "sent to every card; the driver does not tell whether the kernel followed it" +
              (policy.empty() ? "" : "; " + policy)};
}

HintResult stays_on_host() {
  return {HintOutcome::ignored,
          "adopted memory stays in system memory: a device cannot use any pointer of the program"};
}

// Memory that stays on one device would be used in place by the others.
HintResult prefer_host_instead(levelzero::Context& context, const void* pointer, std::size_t bytes,
                               Backing backing, const std::string& reason) {
  HintResult result = append_advice(context, pointer, bytes, prefer_system_memory(), backing);
  result.reason = result.outcome == HintOutcome::applied
                      ? "preferred in system memory instead: " + reason
                      : reason + "; no preference for system memory either: " + result.reason;
  return result;
}

}  // namespace

HintResult AddressSpace::advise(const void* pointer, std::size_t bytes, const Advice& advice) {
  check(pointer, bytes, "advising");
  if (allocations_->is_imported(address_of(pointer))) return stays_on_host();
  const auto device = advice.device() ? std::optional(advice.device()->index()) : std::nullopt;
  return traced_hint(context_, trace_name(advice.kind()), pointer, bytes, device,
                     [&] { return advise_checked(pointer, bytes, advice); });
}

HintResult AddressSpace::advise_checked(const void* pointer, std::size_t bytes,
                                        const Advice& advice) {
  AdviceNote note = note_for(pointer, bytes, advice);
  if (allocations_->is_noted(note)) return {HintOutcome::already_so, "advised before"};
  levelzero::PagedMemory* const paged = paged_at(pointer);
  HintResult outcome = paged != nullptr
                           ? paged->advise(allocations_->with_rest_of_chunk(note.interval), advice)
                           : tell_driver(pointer, bytes, advice);
  if (advice.device() && host_memory_->is_needed()) {
    const auto placed = host_memory_->place(note.interval, advice.device()->index());
    outcome.reason += outcome.reason.empty() ? "host memory: " : "; host memory: ";
    outcome.reason += placed.reason;
  }
  if (outcome.outcome != HintOutcome::ignored) allocations_->note(std::move(note));
  return outcome;
}

void AddressSpace::place_near(const Device& device, const void* pointer, std::size_t bytes) const {
  if (!host_memory_->is_needed()) return;
  const auto interval = Interval::checked(address_of(pointer), Bytes{bytes});
  // What is not ours is not placed; nor is what is left of a prefetch that leaves its allocation.
  const auto allocation = allocations_->covering(address_of(pointer));
  if (interval && allocation)
    host_memory_->place_first(interval->intersection(*allocation), device.index());
}

HintResult AddressSpace::tell_driver(const void* pointer, std::size_t bytes, const Advice& advice) {
  const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
  // A border inside a chunk would cut it into pieces that some devices cannot move.
  bytes = allocations_->with_rest_of_chunk(interval).size().count;
  const Backing backing = backing_of(pointer).value_or(Backing::shared);
  if (advice.kind() == Advice::Kind::atomic)
    return set_atomics(context_, pointer, bytes, advice.atomic_access(), backing);
  if (advice.kind() == Advice::Kind::location_device)
    if (const auto reason = levelzero::broken_access_to(context_, list_owner(context_, advice));
        !reason.empty())
      return prefer_host_instead(context_, pointer, bytes, backing, reason);
  return append_advice(context_, pointer, bytes, advice, backing);
}

HintResult AddressSpace::prefetch(const void* pointer, std::size_t bytes, const Device& device) {
  check(pointer, bytes, "prefetching");
  if (allocations_->is_imported(address_of(pointer))) return stays_on_host();
  return traced_hint(context_, "prefetch", pointer, bytes, device.index(),
                     [&] { return prefetch_checked(pointer, bytes, device); });
}

HintResult AddressSpace::prefetch_checked(const void* pointer, std::size_t bytes,
                                          const Device& device) {
  if (is_all_on(residency(pointer, bytes), device.index()))
    return {HintOutcome::already_so, "all of it is on " + device.name()};
  place_near(device, pointer, bytes);
  const levelzero::Tile& tile = *device.tile_;
  if (levelzero::PagedMemory* paged = paged_at(pointer))
    return paged->prefetch(tile, {address_of(pointer), address_of(pointer) + Bytes{bytes}});
  context_.run_on(tile, [&](levelzero::CommandList& list) { list.prefetch(pointer, bytes); });
  if (!context_.is_simulated() && backing_of(pointer) != Backing::system)
    return {HintOutcome::ignored, "this driver takes the prefetch and does nothing with it"};
  if (!context_.is_simulated()) {
    const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
    const auto location = allocations_->location_of(interval);
    // The kernel is asked to follow the advice; no place is named.
    if (location && location->kind() != Advice::Kind::location_default &&
        location->device() != device)
      return {HintOutcome::ignored, "prefetches follow the advice, which names another place"};
    return {HintOutcome::applied, "the driver does not tell whether the kernel followed it"};
  }
  if (is_all_on(residency(pointer, bytes), device.index())) return {};
  return {HintOutcome::ignored, "not all of it could be moved to " + device.name()};
}

HintResult AddressSpace::prefetch_to_system(const void* pointer, std::size_t bytes) {
  check(pointer, bytes, "prefetching to system memory");
  return traced_hint(context_, "prefetch", pointer, bytes, std::nullopt,
                     [&] { return prefetch_to_system_checked(pointer, bytes); });
}

HintResult AddressSpace::prefetch_to_system_checked(const void* pointer, std::size_t bytes) {
  if (is_all_in_system(residency(pointer, bytes)))
    return {HintOutcome::already_so, "all of it is in system memory"};
  if (levelzero::PagedMemory* paged = paged_at(pointer))
    return paged->prefetch_to_system({address_of(pointer), address_of(pointer) + Bytes{bytes}});
  if (const auto migrate = context_.simulator().migrate_to_system) {
    ZESVM_ZE(migrate(pointer, bytes),
             "moving " + size_text(bytes) + " at " + address_text(pointer) + " to system memory");
    return {};
  }
  // Level Zero prefetches to devices only; a touch of every page brings it here.
  const auto* begin = static_cast<const volatile char*>(pointer);
  for (std::size_t i = 0; i < bytes; i += cpu_page.count) static_cast<void>(begin[i]);
  return {HintOutcome::applied, "by touching every page"};
}

HintResult AddressSpace::discard(void* pointer, std::size_t bytes) {
  check(pointer, bytes, "discarding");
  return traced_hint(context_, "discard", pointer, bytes, std::nullopt,
                     [&] { return discard_checked(pointer, bytes); });
}

HintResult AddressSpace::discard_checked(void* pointer, std::size_t bytes) {
  if (levelzero::PagedMemory* paged = paged_at(pointer))
    return paged->discard({address_of(pointer), address_of(pointer) + Bytes{bytes}});
  const auto discard = context_.simulator().discard;
  if (discard == nullptr) return {HintOutcome::ignored, "the driver cannot discard memory"};
  ZESVM_ZE(discard(pointer, bytes),
           "discarding " + size_text(bytes) + " at " + address_text(pointer));
  return {};
}

}  // namespace zesvm
