// Plain device allocations, pins, and holds on the host (B4, H3).
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {

Status AddressSpace::Core::reserve_device_memory(DeviceId id, Interval interval) {
  Device* device = device_at(id);
  if (!device || device->is_gone.load(std::memory_order_acquire)) return Status::no_device;
  if (!device->vram || !is_valid_interval(interval)) return Status::invalid_argument;
  if (has_pending()) collect_unmapped();
  Address at = interval.begin;
  Status failed = Status::ok;
  while (at < interval.end) {
    Bytes size{};
    for (const Bytes chunk : options_.chunk_sizes) {
      size = chunk;
      if (is_aligned(at, chunk) && at + chunk <= interval.end) break;
    }
    failed = reserve_chunk(*device, {at, at + size});
    if (failed != Status::ok) break;
    at += size;
  }
  if (failed == Status::ok) return failed;
  if (at > interval.begin) (void)release_device_memory({interval.begin, at});
  return failed;
}

Status AddressSpace::Core::reserve_chunk(Device& device, Interval chunk) noexcept {
  const NotifierRef notifier = notifier_at(chunk.begin);
  if (!notifier) return Status::out_of_host_memory;
  RangeRef range{pool_.make(), pool_};
  if (!range) return Status::out_of_host_memory;
  // Held before others can find it, so that it never is seen without its block.
  RangeHold hold{*range};
  {
    Lock guard{notifier->lock()};
    if (!notifier->table().is_free(chunk)) return Status::invalid_argument;
    range->change_flags(Range::device_memory, 0);
    range->device.store(device.id.index, std::memory_order_relaxed);
    range->notifier = &*notifier;
    ZESVM_TRY(notifier->table().insert(range.get(), chunk));
    notifier->references().fetch_add(1, std::memory_order_acq_rel);
    range_count_.fetch_add(1, std::memory_order_relaxed);
    range->references.fetch_add(1, std::memory_order_relaxed);
    range->place.store(Range::place_of(chunk), std::memory_order_release);
  }
  const Status reserved = reserve_with_patience(*range, *device.vram);
  if (reserved == Status::ok) {
    device.vram->unpin(range->block);
    // Leaving devices close their pagemap first and look for blocks then: either saw the other.
    if (!device.vram->is_closed()) return Status::ok;
    device.vram->release(range->block);
  }
  remove_range(*range);
  return reserved == Status::ok ? Status::no_device : reserved;
}

Status AddressSpace::Core::reserve_with_patience(Range& range, pagemap::Pagemap& pagemap) noexcept {
  constexpr unsigned tries = 100;
  Status reserved = Status::busy;
  for (unsigned i = 0; i < tries && reserved == Status::busy; ++i) {
    if (i > 0) pagemap.wait_for_room();
    reserved =
        pagemap.reserve(range.block, range.interval().size(), *this, pagemap::Eviction::allowed);
  }
  return reserved;
}

Status AddressSpace::Core::release_device_memory(Interval interval) {
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  Status status = Status::ok;
  Address expected = interval.begin;
  for_each_range(interval, [&](RangeRef& range) {
    const Interval chunk = range->interval();
    if (!range->has(Range::device_memory) || chunk.begin != expected)
      status = Status::invalid_argument;
    expected = chunk.end;
  });
  if (status != Status::ok || expected != interval.end) return Status::invalid_argument;
  for_each_held(interval, [&](Range& range) {
    range.pins.store(0, std::memory_order_release);
    remove_range(range);
    if (pagemap::Pagemap* pagemap = range.block.pagemap()) pagemap->release(range.block);
  });
  return Status::ok;
}

Status AddressSpace::Core::bring_home(Range& range, pagemap::Cause cause) noexcept {
  if (range.block.is_lent()) {
    range.block.pagemap()->touch(range.block);
    return Status::ok;
  }
  const Device* home = device_at({range.device.load(std::memory_order_relaxed)});
  // Its device left: it lives on in system memory.
  if (!home || !home->vram || home->vram->is_closed()) return Status::ok;
  constexpr unsigned tries = 100;
  Status moved = Status::busy;
  for (unsigned i = 0; i < tries && moved == Status::busy; ++i) {
    if (i > 0) home->vram->wait_for_room();
    moved = migrate_to_vram(range, *home->vram, cause);
  }
  return moved == Status::no_device ? Status::ok : moved;
}

Status AddressSpace::Core::pin(Interval interval) {
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  if (has_pending()) collect_unmapped();
  Status failed = Status::ok;
  Address pinned_until = interval.begin;
  for_each_held(interval, [&](Range& range) {
    if (failed != Status::ok) return;
    if (range.has(Range::device_memory)) failed = bring_home(range, pagemap::Cause::gpu_fault);
    if (failed != Status::ok) return;
    if (range.pins.fetch_add(1, std::memory_order_acq_rel) == 0)
      if (pagemap::Pagemap* pagemap = range.block.pagemap()) pagemap->pin(range.block);
    pinned_until = range.interval().end;
  });
  if (failed != Status::ok) unpin({interval.begin, std::min(pinned_until, interval.end)});
  return failed;
}

void AddressSpace::Core::unpin(Interval interval) {
  if (interval.is_empty()) return;
  for_each_held(interval, [&](Range& range) {
    const std::uint16_t pins = range.pins.load(std::memory_order_acquire);
    if (pins == 0) return;
    range.pins.store(static_cast<std::uint16_t>(pins - 1), std::memory_order_release);
    if (pagemap::Pagemap* pagemap = range.block.pagemap(); pagemap && pins == 1)
      pagemap->unpin(range.block);
  });
}

Status AddressSpace::Core::hold_on_host(Interval interval) {
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  {
    Lock guard{holds_lock_};
    ZESVM_TRY(arena_push_back(host_holds_, interval));
    host_hold_count_.fetch_add(1, std::memory_order_acq_rel);
  }
  note_change();
  // Ranges pinned by a launch come when it ends, those in a time slice at once: who holds memory
  // said that the GPU is done with it.
  const Clock::Instant patience_ends = now() + std::chrono::seconds{60};
  while (true) {
    const Result<HintResult> moved =
        migrate_interval_to_system(interval, pagemap::Cause::explicit_request);
    Status status = moved.status();
    if (moved && moved->reason == Reason::none) return Status::ok;
    if (moved && now() <= patience_ends) {
      pagemap::Pagemap* busy = nullptr;
      for_each_range(interval, [&](RangeRef& range) {
        if (!busy) busy = range->block.pagemap();
      });
      if (busy) busy->wait_for_room();
      continue;
    }
    if (status == Status::ok) status = Status::timed_out;
    release_on_host(interval);
    return status;
  }
}

void AddressSpace::Core::release_on_host(Interval interval) {
  {
    Lock guard{holds_lock_};
    const auto held = std::ranges::find(host_holds_, interval);
    if (held == host_holds_.end()) return;
    host_holds_.erase(held);
    host_hold_count_.fetch_sub(1, std::memory_order_acq_rel);
  }
  note_change();
}

}  // namespace zesvm::svm
