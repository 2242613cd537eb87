// Advice, prefetch and discard: who follows them, and what is told about it (D9).
#include <algorithm>

#include <zesvm/address_space.hpp>

#include "api/allocations.hpp"
#include "api/driver_hints.hpp"
#include "api/text.hpp"
#include "api/traced.hpp"
#include "levelzero/backing.hpp"
#include "levelzero/call.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/context.hpp"
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
        note.content.append(" ")
            .append(std::to_string(advice.device()->index()))
            .append(" ")
            .append(std::to_string(static_cast<int>(advice.migrate())));
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

// Whether host memory is worth a place near a device.
bool is_placed(const levelzero::Context& context, const void* pointer) {
  const levelzero::MemoryBacking* const backing = context.backing_at(pointer);
  return backing == nullptr || backing->ever_moves();
}

// Memory that stays on one device would be used in place by the others.
HintResult prefer_host_instead(levelzero::Context& context, const void* pointer, std::size_t bytes,
                               Backing backing, const std::string& reason) {
  HintResult result = append_advice(context, pointer, bytes, prefer_system_memory(), backing);
  result.reason = result.outcome != HintOutcome::ignored
                      ? "preferred in system memory instead: " + reason
                      : reason + "; no preference for system memory either: " + result.reason;
  return result;
}

}  // namespace

HintResult AddressSpace::advise(const void* pointer, std::size_t bytes, const Advice& advice) {
  check(pointer, bytes, "advising");
  const auto device = advice.device() ? std::optional(advice.device()->index()) : std::nullopt;
  return traced_hint(context_, trace_name(advice.kind()), pointer, bytes, device,
                     [&] { return advise_checked(pointer, bytes, advice); });
}

HintResult AddressSpace::advise_checked(const void* pointer, std::size_t bytes,
                                        const Advice& advice) {
  AdviceNote note = note_for(pointer, bytes, advice);
  if (allocations_->is_noted(note)) return {HintOutcome::already_so, "advised before"};
  levelzero::MemoryBacking* const backing = context_.backing_at(pointer);
  HintResult outcome =
      backing != nullptr ? backing->advise(allocations_->with_rest_of_chunk(note.interval), advice)
                         : tell_driver(pointer, bytes, advice);
  if (advice.device() && host_memory_->is_needed() && is_placed(context_, pointer)) {
    const auto placed = host_memory_->place(note.interval, advice.device()->index());
    outcome.reason += outcome.reason.empty() ? "host memory: " : "; host memory: ";
    outcome.reason += placed.reason;
  }
  if (outcome.outcome != HintOutcome::ignored) allocations_->note(std::move(note));
  return outcome;
}

void AddressSpace::place_near(const Device& device, const void* pointer, std::size_t bytes) const {
  if (!host_memory_->is_needed() || !is_placed(context_, pointer)) return;
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
  if (advice.kind() == Advice::Kind::atomic) {
    const auto before = allocations_->atomics_of(interval).value_or(AtomicAccess::undefined);
    return set_atomics(context_, pointer, bytes, {advice.atomic_access(), before}, backing);
  }
  if (advice.kind() == Advice::Kind::location_device)
    if (const auto reason = levelzero::broken_access_to(context_, *advice.device()->tile_);
        !reason.empty())
      return prefer_host_instead(context_, pointer, bytes, backing, reason);
  return append_advice(context_, pointer, bytes, advice, backing);
}

HintResult AddressSpace::prefetch(const void* pointer, std::size_t bytes, const Device& device) {
  check(pointer, bytes, "prefetching");
  return traced_hint(context_, "prefetch", pointer, bytes, device.index(),
                     [&] { return prefetch_checked(pointer, bytes, device); });
}

HintResult AddressSpace::prefetch_checked(const void* pointer, std::size_t bytes,
                                          const Device& device) {
  if (is_all_on(residency(pointer, bytes), device.index()))
    return {HintOutcome::already_so, "all of it is on " + device.name()};
  place_near(device, pointer, bytes);
  const levelzero::Tile& tile = *device.tile_;
  if (levelzero::MemoryBacking* const backing = context_.backing_at(pointer))
    return backing->prefetch(tile, {address_of(pointer), address_of(pointer) + Bytes{bytes}});
  if (!context_.is_simulated() && backing_of(pointer) == Backing::system)
    return prefetch_program_memory(pointer, bytes, device);
  context_.run_on(tile, [&](levelzero::CommandList& list) { list.prefetch(pointer, bytes); });
  if (!context_.is_simulated())
    return {HintOutcome::ignored, "this driver takes the prefetch and does nothing with it"};
  if (is_all_on(residency(pointer, bytes), device.index())) return {};
  return {HintOutcome::ignored, "not all of it could be moved to " + device.name()};
}

HintResult AddressSpace::prefetch_program_memory(const void* pointer, std::size_t bytes,
                                                 const Device& device) {
  const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
  const std::vector<Interval> parts = allocations_->unpinned_parts(interval);
  if (parts.empty()) return {HintOutcome::ignored, "all of it is pinned in system memory"};
  for (const Interval& part : parts) {
    std::vector<PieceOfAdvice> elsewhere;
    for (const AdviceNote& note : allocations_->notes_in(part, AdviceNote::Subject::location))
      if (note.advice->kind() != Advice::Kind::location_default && note.advice->device() != device)
        elsewhere.push_back({note.interval, *note.advice});
    prefetch_against_advice(context_, part, *device.tile_, elsewhere);
  }
  return {HintOutcome::unconfirmed, "the driver does not tell whether the kernel moved it"};
}

// What the driver was told about memory that the program keeps: the kernel would go by it for ever.
void AddressSpace::take_advice_back(Interval interval) {
  const auto tell = [&](AdviceNote::Subject subject, const Advice& advice) {
    for (const AdviceNote& note : allocations_->notes_in(interval, subject))
      tell_driver(pointer_to<void>(note.interval.begin), note.interval.size().count, advice);
  };
  try {
    tell(AdviceNote::Subject::location, no_preferred_location());
    tell(AdviceNote::Subject::atomic, AtomicAccess::undefined);
  } catch (const Error&) {
    // Hints: slower at worst, and the memory goes all the same.
  }
}

void AddressSpace::restore_location(Interval interval) {
  tell_driver(pointer_to<void>(interval.begin), interval.size().count, no_preferred_location());
  for (const AdviceNote& note : allocations_->notes_in(interval, AdviceNote::Subject::location))
    if (note.advice->kind() != Advice::Kind::location_default)
      tell_driver(pointer_to<void>(note.interval.begin), note.interval.size().count, *note.advice);
}

HintResult AddressSpace::prefetch_to_system(const void* pointer, std::size_t bytes) {
  check(pointer, bytes, "prefetching to system memory");
  return traced_hint(context_, "prefetch", pointer, bytes, std::nullopt,
                     [&] { return prefetch_to_system_checked(pointer, bytes); });
}

HintResult AddressSpace::prefetch_to_system_checked(const void* pointer, std::size_t bytes) {
  if (is_all_in_system(residency(pointer, bytes)))
    return {HintOutcome::already_so, "all of it is in system memory"};
  if (levelzero::MemoryBacking* const backing = context_.backing_at(pointer))
    return backing->prefetch_to_system({address_of(pointer), address_of(pointer) + Bytes{bytes}});
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
  if (levelzero::MemoryBacking* const backing = context_.backing_at(pointer))
    return backing->discard({address_of(pointer), address_of(pointer) + Bytes{bytes}});
  const auto discard = context_.simulator().discard;
  if (discard == nullptr) return {HintOutcome::ignored, "the driver cannot discard memory"};
  ZESVM_ZE(discard(pointer, bytes),
           "discarding " + size_text(bytes) + " at " + address_text(pointer));
  return {};
}

}  // namespace zesvm
