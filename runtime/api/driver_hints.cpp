#include "api/driver_hints.hpp"

#include "api/text.hpp"
#include "levelzero/advice.hpp"
#include "levelzero/call.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/context.hpp"

namespace zesvm {
namespace {

// Advice about a device goes through that device's own list: some drivers take it from no other.
const levelzero::Tile& list_owner(const levelzero::Context& context, const Advice& advice) {
  return context.tiles()[advice.device() ? advice.device()->index() : 0];
}

// Some drivers keep advice until the next command, and forget it without one: run_on() waits with a
// barrier, which sends it off.
bool append_on(levelzero::Context& context, const levelzero::Tile& list_of, const void* pointer,
               std::size_t bytes, const levelzero::Tile& about, std::uint32_t value) {
  bool is_known = false;
  context.run_on(list_of, [&](levelzero::CommandList& list) {
    is_known = list.advise(pointer, bytes, about, value);
  });
  return is_known;
}

// Says what else was advised: the kernel takes whole pages only.
std::string neighbours_text(const void* pointer, std::size_t bytes) {
  const Interval interval{address_of(pointer), address_of(pointer) + Bytes{bytes}};
  const Interval pages = interval.rounded_out(cpu_page);
  const Bytes beside = pages.size() - interval.size();
  if (beside.count == 0) return "";
  return "; in whole pages: " + std::to_string(beside.count) + " bytes beside it, too";
}

void set_back(levelzero::Context& context, const void* pointer, std::size_t bytes,
              AtomicAccess access, const levelzero::Tile& until) {
  for (const levelzero::Tile& tile : context.tiles()) {
    if (&tile == &until) return;
    context.newer().set_atomic_access(context.handle(), tile.handle, pointer, bytes,
                                      levelzero::atomic_flags(access));
  }
}

constexpr const char* does_nothing = "this driver takes the advice and does nothing with it";

}  // namespace

HintResult set_atomics(levelzero::Context& context, const void* pointer, std::size_t bytes,
                       AtomicChange change, Backing backing) {
  const auto set = context.newer().set_atomic_access;
  if (set == nullptr)
    return {HintOutcome::ignored, "the driver has no zeMemSetAtomicAccessAttributeExp"};
  const bool is_a_note_only = !context.is_simulated() && backing != Backing::system;
  for (const levelzero::Tile& tile : context.tiles()) {
    const ze_result_t result =
        set(context.handle(), tile.handle, pointer, bytes, levelzero::atomic_flags(change.to));
    if (result == ZE_RESULT_SUCCESS) continue;
    if (is_a_note_only && result == ZE_RESULT_ERROR_INVALID_ARGUMENT) break;
    set_back(context, pointer, bytes, change.from, tile);
    if (result == ZE_RESULT_ERROR_UNSUPPORTED_FEATURE ||
        result == ZE_RESULT_ERROR_UNSUPPORTED_ENUMERATION)
      return {HintOutcome::ignored, tile.name +
                                        " does not take this atomic access attribute here: " +
                                        levelzero::name_of(result)};
    levelzero::throw_failed("zeMemSetAtomicAccessAttributeExp", result,
                            "setting atomic access of " + size_text(bytes) + " at " +
                                address_text(pointer) + " on " + tile.name);
  }
  if (is_a_note_only) return {HintOutcome::ignored, does_nothing};
  return {};
}

HintResult append_advice(levelzero::Context& context, const void* pointer, std::size_t bytes,
                         const Advice& advice, Backing backing) {
  const levelzero::Tile& owner = list_owner(context, advice);
  const std::uint32_t value = levelzero::advice_value(advice.kind());
  const std::string policy = advice.migrate() == Migrate::only_system_pages
                                 ? "Level Zero knows no migration policy: all pages move"
                                 : "";
  if (!append_on(context, owner, pointer, bytes, owner, value))
    return {HintOutcome::ignored, "the loader or the driver do not know this advice"};
  if (context.is_simulated()) return {HintOutcome::applied, policy};
  // Never on another card's list: advice on a shared allocation of one card for another ends the
  // process in some drivers.
  if (backing != Backing::system || !owner.has_shared_system_memory ||
      advice.kind() == Advice::Kind::read_mostly)
    return {HintOutcome::ignored, does_nothing};
  for (const levelzero::Tile& tile : context.tiles())
    if (tile.card != owner.card && tile.number_on_card == 0)
      append_on(context, tile, pointer, bytes, advice.device() ? owner : tile, value);
  return {HintOutcome::unconfirmed,
          "sent to every card; the driver does not tell whether the kernel followed it" +
              neighbours_text(pointer, bytes) + (policy.empty() ? "" : "; " + policy)};
}

void prefetch_against_advice(levelzero::Context& context, Interval interval,
                             const levelzero::Tile& tile,
                             const std::vector<PieceOfAdvice>& elsewhere) {
  context.run_on(tile, [&](levelzero::CommandList& list) {
    const auto advise = [&](const PieceOfAdvice& piece, const levelzero::Tile& about,
                            Advice::Kind kind) {
      list.advise(pointer_to<void>(piece.interval.begin), piece.interval.size().count, about,
                  levelzero::advice_value(kind));
    };
    const auto advise_back = [&] {
      for (const PieceOfAdvice& piece : elsewhere)
        advise(piece, list_owner(context, piece.advice), piece.advice.kind());
    };
    try {
      // Both go with the barrier of the prefetch, the advice first.
      for (const PieceOfAdvice& piece : elsewhere)
        advise(piece, tile, Advice::Kind::location_device);
      list.prefetch(pointer_to<void>(interval.begin), interval.size().count);
    } catch (...) {
      advise_back();
      throw;
    }
    advise_back();
  });
}

}  // namespace zesvm
