// Advice (D1 to D6, D9).
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {
namespace {

bool is_known(const Advice& advice) {
  const auto in = [](auto value, auto last) { return value <= last; };
  if (advice.preferred && (!in(advice.preferred->place.kind, Place::Kind::device) ||
                           !in(advice.preferred->policy, MigrationPolicy::system_pages_only)))
    return false;
  if (advice.atomic && !in(*advice.atomic, AtomicAccess::cpu)) return false;
  return !advice.caching || in(*advice.caching, Caching::write_back);
}

}  // namespace

HintResult AddressSpace::Core::counted(HintResult result) noexcept {
  hint_counts_[static_cast<std::size_t>(result.outcome)].fetch_add(1, std::memory_order_relaxed);
  return result;
}

void AddressSpace::Core::hold(DeviceId id) noexcept {
  if (const Device* device = device_at(id); device && device->vram) device->vram->add_reference();
}

void AddressSpace::Core::drop(DeviceId id) noexcept {
  if (const Device* device = device_at(id); device && device->vram) device->vram->drop_reference();
}

Result<HintResult> AddressSpace::Core::advise(Interval interval, const Advice& advice,
                                              std::optional<DeviceId> accessor) {
  if (!is_valid_interval(interval) || !is_known(advice)) return Status::invalid_argument;
  if (advice.preferred && advice.preferred->place.kind == Place::Kind::device) {
    const Device* target = device_at(advice.preferred->place.device);
    if (!target || target->is_gone.load(std::memory_order_acquire)) return Status::no_device;
    if (accessor) {
      const Device* from = device_at(*accessor);
      if (!from) return Status::no_device;
      if (from != target && !reaches_fast(policy_devices(*from, {}), target->vram))
        return Status::no_interconnect;
    }
  }
  if (has_pending()) collect_unmapped();

  // D4: only where something changes is anything unmapped.
  // Not of the program's heap, which may be locked by a thread that waits for this lock.
  std::vector<Interval, ArenaAllocator<Interval>> changed;
  {
    Lock guard{lock_};
    for (Address at = interval.begin; at < interval.end;) {
      const AttributeInterval piece = attributes_.at(at, interval);
      at = piece.interval.end;
      if (advice.applied_to(piece.attributes) == piece.attributes) continue;
      if (!changed.empty() && changed.back().end == piece.interval.begin)
        changed.back().end = piece.interval.end;
      else
        ZESVM_TRY(arena_push_back(changed, piece.interval));
    }
    if (changed.empty()) return counted({Outcome::already, Reason::none, 0, {}});
    attributes_.apply(interval, advice);
    has_rules_.store(!attributes_.is_empty() || !removed_mirrors_.empty(),
                     std::memory_order_release);
    // Faults that read the old attributes commit under them before this, and are unmapped below,
    // or see it and start over.
    rules_version_.fetch_add(1, std::memory_order_acq_rel);
    note_change();
  }
  HintResult result;
  Status failed = Status::ok;
  for (const Interval piece : changed) {
    for_each_held(piece, [&](Range& range) {
      if (range.has(Range::device_memory)) return;
      ++result.ranges_changed;
      if (piece.contains(range.interval())) {
        Lock guard{range.notifier->lock()};
        range.notifier->begin_invalidation();
        unmap_range(range);
        range.notifier->end_invalidation();
        return;
      }
      // D3: it crosses the new border.
      const Bytes in_vram = range.block.is_lent() ? range.interval().size() : Bytes{};
      const Status moved = migrate_to_system(range, pagemap::Cause::advice);
      if (moved != Status::ok) {
        failed = moved;
        return;
      }
      result.moved += in_vram;
      remove_range(range);
      removed_for_advice_.fetch_add(1, std::memory_order_relaxed);
    });
  }
  // A range that could not be dropped now is dropped by the next fault on it.
  result.reason = reason_for(failed);
  return counted(result);
}

}  // namespace zesvm::svm
