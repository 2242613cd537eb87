/// @file trace.hpp
/// A hook that is told each decision of the core, with its reason (E2). Costs one load when unset.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/interval.hpp"
#include "base/status.hpp"
#include "pagemap/block.hpp"
#include "svm/device_port.hpp"

namespace zesvm::svm {

/// What the core decided.
enum class Decision : std::uint8_t {
  fault_valid,
  fault_mapped,
  fault_refused,
  migrated_to_vram,
  migrated_to_system,
  migrated_between,
  migration_failed,
  left_in_place,
  evicted,
  invalidated,
  collected,
  removed,
  started_over,
  discarded,
};

/// Which rule led to it.
enum class Rule : std::uint8_t {
  none,
  /// Without advice memory goes to the tile that faulted (C1).
  first_touch,
  /// The advice names the place (D1).
  preferred_location,
  /// An atomic needs VRAM (C2).
  atomic_needs_vram,
  /// The range is smaller than the device migrates (B2).
  too_small,
  not_migratable,
  not_discrete,
  /// The policy moves pages of system memory only (D1).
  system_pages_only,
  held_on_host,
  /// The wanted place cannot be had (D10).
  fallback,
  sequence_moved,
  mixed_pages,
};

std::string_view name_of(Decision decision);
std::string_view name_of(Rule rule);

/// One decision.
struct TraceEvent {
  Decision decision = Decision::fault_valid;
  Rule rule = Rule::none;
  pagemap::Cause cause = pagemap::Cause::gpu_fault;
  Status status = Status::ok;
  Interval interval;
  DeviceId device;
  /// When the work began that ends with this decision; zero for what takes no time.
  Clock::Instant begun{0};
  /// Where moved bytes were and are; nothing: system memory.
  std::optional<DeviceId> source{};
  std::optional<DeviceId> destination{};
};

/// Receives decisions, on the thread that made them: no lock of the core may be taken, nothing may
/// fault.
struct TraceHook {
  void (*receive)(void* context, const TraceEvent& event) noexcept = nullptr;
  void* context = nullptr;
};

}  // namespace zesvm::svm
