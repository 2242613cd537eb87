// What happens when CPU mappings change, and the collection of what went away (A5, A6, A10).
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
      // Without memory for the note the whole range is taken for dead only if all of it went.
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
  auto* part = arena_new<DeadPart>();
  if (!part) return parts;
  *part = {interval, parts};
  return part;
}

void AddressSpace::Core::end_invalidation(Interval interval) noexcept {
  Lock guard{invalidating_lock_};
  const auto found = std::ranges::find(invalidating_, interval);
  if (found == invalidating_.end()) return;
  invalidating_.erase(found);
  invalidating_count_.fetch_sub(1, std::memory_order_acq_rel);
  invalidation_ended_.notify_all();
}

bool AddressSpace::Core::is_invalidating(Interval interval) const noexcept {
  if (invalidating_count_.load(std::memory_order_acquire) == 0) return false;
  Lock guard{invalidating_lock_};
  return std::ranges::any_of(invalidating_,
                             [&](const Interval& now) { return now.overlaps(interval); });
}

void AddressSpace::Core::wait_for_invalidation(Address where) const noexcept {
  const auto concerns = [&]() ZESVM_NO_THREAD_SAFETY_ANALYSIS {
    return std::ranges::any_of(invalidating_,
                               [&](const Interval& now) { return now.contains(where); });
  };
  if (invalidating_count_.load(std::memory_order_acquire) == 0) return;
  invalidating_lock_.lock();
  while (concerns()) invalidation_ended_.wait(invalidating_lock_);
  invalidating_lock_.unlock();
}

void AddressSpace::Core::begin_invalidation(Interval interval, Event event) noexcept {
  if (closed_.load(std::memory_order_acquire)) return;
  {
    Lock guard{invalidating_lock_};
    invalidating_.push_back(interval);
    invalidating_count_.fetch_add(1, std::memory_order_acq_rel);
  }
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

void AddressSpace::Core::reset_unmapped_attributes() noexcept {
  {
    Lock guard{queue_lock_};
    if (unmapped_.empty()) return;
  }
  // Taken from the list under lock_: advice on new memory at the old place waits for it there, and
  // is not reset with what was advised before.
  Lock guard{lock_};
  std::vector<Interval, ArenaAllocator<Interval>> unmapped;
  {
    Lock queue{queue_lock_};
    unmapped.swap(unmapped_);
  }
  for (const Interval interval : unmapped) attributes_.reset(interval);
  rules_version_.fetch_add(1, std::memory_order_acq_rel);
  note_change();
  has_rules_.store(!attributes_.is_empty() || !removed_mirrors_.empty(), std::memory_order_release);
}

std::size_t AddressSpace::Core::collect_unmapped() noexcept {
  reset_unmapped_attributes();
  Range* queue = nullptr;
  {
    Lock guard{queue_lock_};
    queue = std::exchange(queue_, nullptr);
    has_pending_.store(!unmapped_.empty(), std::memory_order_release);
  }
  std::size_t collected = 0;
  Range* kept = nullptr;
  while (queue) {
    Range* range = queue;
    queue = range->next_queued;
    RangeRef reference{range, pool_};
    const NotifierRef keep = keep_notifier(range->interval().begin);
    RangeHold hold{*range};
    if (!range->is_live()) continue;
    if (collect_range(*range) == Status::ok) {
      ++collected;
      continue;
    }
    // Its survivors could not be copied out: it stays queued, so that nothing is lost (B8).
    range->references.fetch_add(1, std::memory_order_relaxed);
    range->next_queued = kept;
    kept = range;
  }
  requeue(kept);
  collected_.fetch_add(collected, std::memory_order_relaxed);
  return collected;
}

void AddressSpace::Core::requeue(Range* kept) noexcept {
  if (!kept) return;
  Range* last = kept;
  while (last->next_queued) last = last->next_queued;
  Lock guard{queue_lock_};
  last->next_queued = queue_;
  queue_ = kept;
  has_pending_.store(true, std::memory_order_release);
}

Status AddressSpace::Core::collect_range(Range& range) noexcept {
  const Interval interval = range.interval();
  range.pins.store(0, std::memory_order_release);
  if (range.has(Range::partially_unmapped)) {
    ZESVM_TRY(migrate_to_system(range, pagemap::Cause::unmap));
  } else if (pagemap::Pagemap* pagemap = range.block.pagemap()) {
    pagemap->release(range.block);
  }
  remove_range(range);
  trace({Decision::collected, Rule::none, pagemap::Cause::unmap, Status::ok, interval, {}});
  return Status::ok;
}

void AddressSpace::Core::collector_loop() {
  // What could not be collected is tried again after a while, and at each fault.
  constexpr auto pause = std::chrono::milliseconds{20};
  queue_lock_.lock();
  while (!stops_) {
    if (queue_ == nullptr && unmapped_.empty()) {
      queue_filled_.wait(queue_lock_);
      continue;
    }
    queue_lock_.unlock();
    const std::size_t collected = collect_unmapped();
    queue_lock_.lock();
    if (collected == 0 && !stops_) queue_filled_.wait_for(queue_lock_, pause);
  }
  queue_lock_.unlock();
}

}  // namespace zesvm::svm
