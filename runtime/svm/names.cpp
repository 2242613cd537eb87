// The names of the enumerators, as spelled in the headers.
#include "svm/attributes.hpp"
#include "svm/trace.hpp"

namespace zesvm::svm {

std::string_view name_of(MigrationPolicy policy) {
  switch (policy) {
    case MigrationPolicy::all_pages: return "all_pages";
    case MigrationPolicy::system_pages_only: return "system_pages_only";
  }
  return "unknown";
}

std::string_view name_of(AtomicAccess access) {
  switch (access) {
    case AtomicAccess::undefined: return "undefined";
    case AtomicAccess::device: return "device";
    case AtomicAccess::global: return "global";
    case AtomicAccess::cpu: return "cpu";
  }
  return "unknown";
}

std::string_view name_of(Caching caching) {
  switch (caching) {
    case Caching::automatic: return "automatic";
    case Caching::uncached: return "uncached";
    case Caching::write_combined: return "write_combined";
    case Caching::write_back: return "write_back";
  }
  return "unknown";
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::applied: return "applied";
    case Outcome::already: return "already";
    case Outcome::ignored: return "ignored";
    case Outcome::fallback: return "fallback";
  }
  return "unknown";
}

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::none: return "none";
    case Reason::not_mapped: return "not_mapped";
    case Reason::not_migratable: return "not_migratable";
    case Reason::too_small: return "too_small";
    case Reason::out_of_device_memory: return "out_of_device_memory";
    case Reason::no_interconnect: return "no_interconnect";
    case Reason::no_device: return "no_device";
    case Reason::held_on_host: return "held_on_host";
    case Reason::pinned: return "pinned";
    case Reason::failed: return "failed";
  }
  return "unknown";
}

std::string_view name_of(Decision decision) {
  switch (decision) {
    case Decision::fault_valid: return "fault_valid";
    case Decision::fault_mapped: return "fault_mapped";
    case Decision::fault_refused: return "fault_refused";
    case Decision::migrated_to_vram: return "migrated_to_vram";
    case Decision::migrated_to_system: return "migrated_to_system";
    case Decision::migrated_between: return "migrated_between";
    case Decision::migration_failed: return "migration_failed";
    case Decision::left_in_place: return "left_in_place";
    case Decision::evicted: return "evicted";
    case Decision::invalidated: return "invalidated";
    case Decision::collected: return "collected";
    case Decision::removed: return "removed";
    case Decision::started_over: return "started_over";
    case Decision::discarded: return "discarded";
  }
  return "unknown";
}

std::string_view name_of(Rule rule) {
  switch (rule) {
    case Rule::none: return "none";
    case Rule::first_touch: return "first_touch";
    case Rule::preferred_location: return "preferred_location";
    case Rule::atomic_needs_vram: return "atomic_needs_vram";
    case Rule::too_small: return "too_small";
    case Rule::not_migratable: return "not_migratable";
    case Rule::not_discrete: return "not_discrete";
    case Rule::system_pages_only: return "system_pages_only";
    case Rule::held_on_host: return "held_on_host";
    case Rule::fallback: return "fallback";
    case Rule::sequence_moved: return "sequence_moved";
    case Rule::mixed_pages: return "mixed_pages";
  }
  return "unknown";
}

}  // namespace zesvm::svm
