/// @file fault_policy.hpp
/// Where memory should be for an access: rows C1 to C4 and D1 of docs/semantics.md, as functions
/// that touch nothing.
#pragma once

#include "base/status.hpp"
#include "pagemap/owner.hpp"
#include "pagemap/pagemap.hpp"
#include "svm/attributes.hpp"
#include "svm/device_port.hpp"
#include "svm/trace.hpp"

namespace zesvm::svm {

/// The tile that faults, and the one its advice prefers.
struct PolicyDevices {
  const DeviceTraits& traits;
  DeviceId self;
  /// Null: it has no VRAM, or left.
  pagemap::Pagemap* own = nullptr;
  /// The pagemap of `Attributes::preferred.device`; null when it has none, or left.
  pagemap::Pagemap* preferred = nullptr;
  const pagemap::Interconnect* interconnect = nullptr;
};

/// Where memory should be.
struct Wanted {
  /// ok, or why the access is refused.
  Status status = Status::ok;
  /// Null: system memory.
  pagemap::Pagemap* pagemap = nullptr;
  /// It must be there: the access fails otherwise (C3).
  bool is_required = false;
  Rule rule = Rule::first_touch;
};

/// Returns how a device reaches a pagemap; local_vram for its own.
pagemap::Link link_to(const PolicyDevices& devices, const pagemap::Pagemap& to);

/// Returns whether a device may map memory in `place` where it is (F3): system memory, its own
/// VRAM, or VRAM over a fast interconnect.
bool reaches_fast(const PolicyDevices& devices, const pagemap::Pagemap* place);

/// Returns whether the device copies to VRAM in `place` over a fast interconnect (B5).
bool copies_fast(const PolicyDevices& devices, const pagemap::Pagemap& place);

/// Returns whether atomics of the device work on memory in `place` (C2, C4).
Atomics atomics_on(const PolicyDevices& devices, const pagemap::Pagemap* place,
                   AtomicAccess attribute);

/// Returns where memory with these attributes should be for an access of the device.
Wanted wanted_place(const PolicyDevices& devices, const Attributes& attributes, Access access);

/// How often a migration is tried where VRAM is needed; once where it is wanted only (B2, C3).
inline constexpr unsigned attempts_where_required = 3;

/// What must happen to a range before it is mapped.
enum class Move : std::uint8_t { none, to_system, to_vram, impossible };

/// The facts about a range that decide its move.
struct RangeFacts {
  /// Null: system memory.
  pagemap::Pagemap* current = nullptr;
  Bytes size;
  bool is_migratable = false;
  /// Where it is not migratable: whether an atomic is served there all the same.
  bool has_atomics_in_place = false;
};

/// A move and the rule it follows.
struct MoveDecision {
  Move move = Move::none;
  Rule rule = Rule::none;
};

/// Returns what must happen to a range so that it is where it is wanted (B2, C3, C5, D1).
MoveDecision needed_move(const PolicyDevices& devices, const Wanted& wanted,
                         const RangeFacts& range, MigrationPolicy policy);

}  // namespace zesvm::svm
