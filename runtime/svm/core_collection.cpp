// The collection of ranges whose memory went away (A6, A7).
#include <algorithm>

#include "svm/core.hpp"

namespace zesvm::svm {

void AddressSpace::Core::reset_unmapped_attributes() noexcept {
  {
    Lock guard{queue_lock_};
    if (unmapped_.empty()) return;
  }
  // Taken from the list under lock_: advice on new memory at the old place waits for it there, and
  // is not reset with what was advised before.
  Lock guard{lock_};
  UnmappedIntervals unmapped;
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
