// Content that is dead (B11).
#include <algorithm>

#include "svm/core.hpp"

namespace zesvm::svm {

Result<HintResult> AddressSpace::Core::discard(Interval interval) {
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  if (has_pending()) collect_unmapped();
  HintResult result;
  Status failed = Status::ok;
  Address cleared = interval.begin;
  // Memory that no device touched is cleared where the CPU has it mapped.
  const auto clear_until = [&](Address end) {
    while (cleared < end) {
      const Result<CpuMapping> mapping = cpu_.mapping_at(cleared);
      const Address next =
          mapping ? std::min(end, mapping->interval.end) : std::min(end, cleared + cpu_page);
      if (mapping && mapping->writable == Writable::yes) {
        cpu_.clear({cleared, next});
        result.ranges_changed += 1;
      }
      cleared = std::max(next, cleared + cpu_page);
    }
  };
  for_each_held(interval, [&](Range& range) {
    const Interval part = range.interval().intersection(interval);
    clear_until(part.begin);
    const Status status = discard_part(range, part);
    if (status == Status::ok)
      ++result.ranges_changed;
    else
      failed = status;
    cleared = std::max(cleared, part.end);
  });
  clear_until(interval.end);
  if (failed != Status::ok && failed != Status::busy && failed != Status::permission_denied)
    return failed;
  result.reason = reason_for(failed);
  if (result.ranges_changed == 0) {
    result.outcome = Outcome::ignored;
    if (result.reason == Reason::none) result.reason = Reason::not_mapped;
  }
  return counted(result);
}

Status AddressSpace::Core::discard_part(Range& range, Interval part) noexcept {
  const Interval whole = range.interval();
  pagemap::Pagemap* const pagemap = range.block.pagemap();
  if (range.has(Range::device_memory)) {
    if (!pagemap) return Status::busy;
    return mover_.clear(range.block.extent().part(part.begin - whole.begin, part.size()));
  }
  const Result<CpuMapping> mapping = cpu_.mapping_at(part.begin);
  if (!mapping) return mapping.status();
  if (mapping->writable == Writable::no) return Status::permission_denied;
  if (range.pins.load(std::memory_order_acquire) > 0) return Status::busy;
  if (pagemap && part != whole)
    ZESVM_TRY(migrate_to_system(range, pagemap::Cause::explicit_request));
  {
    Lock guard{range.notifier->lock()};
    range.notifier->begin_invalidation();
    unmap_range(range);
    range.notifier->end_invalidation();
  }
  cpu_.clear(part);
  if (range.block.is_lent()) {
    cpu_.untrap(whole);
    range.stays_until.store(0, std::memory_order_release);
    pagemap->release(range.block);
  }
  trace({Decision::discarded, Rule::none, pagemap::Cause::explicit_request, Status::ok, part, {}});
  return Status::ok;
}

}  // namespace zesvm::svm
