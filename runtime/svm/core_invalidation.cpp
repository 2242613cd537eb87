// What happens when CPU mappings change (A5, A9, A10).
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {

/// Takes a range from every device, with a flush of its own. Under notifier.
void AddressSpace::Core::unmap_range(Range& range) noexcept ZESVM_NO_THREAD_SAFETY_ANALYSIS {
  const Interval interval = range.interval();
  const bool is_unmapped = range.has(Range::unmapped);
  bool was_mapped = false;
  range.for_each_pages([&](std::atomic<std::uint64_t>& word) {
    const Pages pages{word.load(std::memory_order_relaxed)};
    if (!pages.has(Pages::used) || !pages.has(Pages::mapped)) return;
    was_mapped = true;
    Device& device = *device_at(pages.device());
    // First the word, so that nobody finds valid what is about to go.
    word.store(pages.without_mapping(is_unmapped).word(), std::memory_order_release);
    device.port.unmap(interval, pages.direction());
    device.counters.unmaps.fetch_add(1, std::memory_order_relaxed);
    const auto begun = now();
    device.port.flush(interval);
    device.counters.flush.add(now() - begun);
  });
  for (UserSegment* segment = range.notifier->user_segments(); segment; segment = segment->next) {
    if (!segment->is_mapped || !segment->interval.overlaps(interval)) continue;
    Device& device = *device_at(segment->device);
    segment->is_mapped = false;
    device.port.unmap(segment->interval, segment->direction);
    device.port.flush(segment->interval);
  }
  if (was_mapped) note_change();
}

/// Takes what overlaps from every device in one pass, with one flush for each device over the
/// union (A5). With an unmap event the ranges are marked and queued too.
void AddressSpace::Core::unmap_devices(Notifier& notifier, Interval interval,
                                       const Event* event) noexcept {
  Lock guard{notifier.lock()};
  notifier.begin_invalidation();
  const bool is_unmap = event && *event == Event::unmap;
  Range* queued = nullptr;
  Range* last_queued = nullptr;
  bool was_mapped = false;
  // The analysis does not know that the lambda runs under the lock.
  for_each_device([&](Device& device) ZESVM_NO_THREAD_SAFETY_ANALYSIS {
    Interval touched{};
    notifier.table().for_each(interval, [&](Range& range) {
      const Pages pages = range.pages(device.id);
      if (!pages.has(Pages::mapped)) return;
      touched = touched.hull(range.interval());
      range.set_pages(pages.without_mapping(is_unmap));
      device.port.unmap(range.interval(), pages.direction());
      device.counters.unmaps.fetch_add(1, std::memory_order_relaxed);
    });
    for (UserSegment* segment = notifier.user_segments(); segment; segment = segment->next) {
      if (!segment->is_mapped || segment->device != device.id) continue;
      if (!segment->interval.overlaps(interval)) continue;
      touched = touched.hull(segment->interval);
      segment->is_mapped = false;
      device.port.unmap(segment->interval, segment->direction);
    }
    if (touched.is_empty()) return;
    was_mapped = true;
    const auto begun = now();
    device.port.flush(touched);
    device.counters.flush.add(now() - begun);
    device.counters.invalidations.fetch_add(1, std::memory_order_relaxed);
  });
  if (was_mapped) note_change();
  if (is_unmap) {
    notifier.table().for_each(interval, [&](Range& range) {
      const Interval whole = range.interval();
      const bool is_partial = !interval.contains(whole);
      range.change_flags(static_cast<std::uint16_t>(Range::unmapped |
                                                    (is_partial ? Range::partially_unmapped : 0)),
                         is_partial ? 0 : Range::partially_unmapped);
      range.for_each_pages([](std::atomic<std::uint64_t>& word) {
        const Pages pages{word.load(std::memory_order_relaxed)};
        if (pages.has(Pages::used))
          word.store(pages.without_mapping(true).word(), std::memory_order_release);
      });
      if (is_partial) range.dead = note_dead(range.dead, interval.intersection(whole));
      if (range.has(Range::queued)) return;
      range.change_flags(Range::queued, 0);
      range.references.fetch_add(1, std::memory_order_relaxed);
      range.next_queued = nullptr;
      (last_queued ? last_queued->next_queued : queued) = &range;
      last_queued = &range;
    });
  }
  if (queued) {
    Lock queue{queue_lock_};
    last_queued->next_queued = queue_;
    queue_ = queued;
    has_pending_.store(true, std::memory_order_release);
  }
  notifier.end_invalidation();
}

DeadPart* AddressSpace::Core::note_dead(DeadPart* parts, Interval interval) noexcept {
  // Without the note the dead part would be copied over what the program maps there next.
  return new (arena_allocate_reserved(sizeof(DeadPart))) DeadPart{interval, parts};
}

void AddressSpace::Core::end_invalidation(Invalidation& ended) noexcept {
  Lock guard{invalidating_lock_};
  if (!ended.is_listed_) return;
  Invalidation** link = &invalidating_;
  while (*link != &ended) link = &(*link)->next_;
  *link = ended.next_;
  invalidating_count_.fetch_sub(1, std::memory_order_acq_rel);
  invalidation_ended_.notify_all();
}

bool AddressSpace::Core::is_invalidating(Interval interval) const noexcept {
  if (invalidating_count_.load(std::memory_order_acquire) == 0) return false;
  Lock guard{invalidating_lock_};
  const Invalidation* now = invalidating_;
  while (now && !now->interval().overlaps(interval)) now = now->next_;
  return now != nullptr;
}

void AddressSpace::Core::wait_for_invalidation(Interval interval) const noexcept {
  const auto concerns = [&]() ZESVM_NO_THREAD_SAFETY_ANALYSIS {
    const Invalidation* now = invalidating_;
    while (now && !now->interval().overlaps(interval)) now = now->next_;
    return now != nullptr;
  };
  if (invalidating_count_.load(std::memory_order_acquire) == 0) return;
  invalidating_lock_.lock();
  while (concerns()) invalidation_ended_.wait(invalidating_lock_);
  invalidating_lock_.unlock();
}

void AddressSpace::Core::begin_invalidation(Invalidation& begun, Event event) noexcept {
  if (closed_.load(std::memory_order_acquire)) return;
  {
    Lock guard{invalidating_lock_};
    begun.next_ = std::exchange(invalidating_, &begun);
    begun.is_listed_ = true;
    invalidating_count_.fetch_add(1, std::memory_order_acq_rel);
  }
  Interval interval = begun.interval();
  interval = {align_down(interval.begin, cpu_page),
              interval.end.value > ~std::uint64_t{0} - cpu_page.count
                  ? options_.interval.end
                  : align_up(interval.end, cpu_page)};
  interval = interval.intersection(options_.interval);
  if (interval.is_empty()) return;
  invalidations_.fetch_add(1, std::memory_order_relaxed);
  Address cursor = interval.begin;
  while (const NotifierRef notifier = find_notifier({cursor, interval.end})) {
    unmap_devices(*notifier, notifier->interval().intersection(interval), &event);
    cursor = notifier->interval().end;
    if (cursor >= interval.end) break;
  }
  trace({Decision::invalidated, Rule::none, pagemap::Cause::unmap, Status::ok, interval, {}});
  if (event != Event::unmap) return;
  if (has_rules_.load(std::memory_order_acquire)) {
    Lock guard{queue_lock_};
    unmapped_.push_back(interval);
    has_pending_.store(true, std::memory_order_release);
  }
  // Copies into or out of the interval that are under way must be over before its memory goes.
  for_each_range(interval, [](RangeRef& range) { RangeHold wait{*range}; });
  if (has_pending()) {
    Lock guard{queue_lock_};
    queue_filled_.notify_one();
  }
}

}  // namespace zesvm::svm
