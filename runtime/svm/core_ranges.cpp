// Finding ranges, making them (A2, A3), and taking them out (A10).
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {
namespace {

// A3: chunks up to this size are only taken where the CPU has populated them.
constexpr Bytes populated_threshold = 64_KiB;

}  // namespace

Result<RangeRef> AddressSpace::Core::find_or_insert(Device& device, Address where, Access access,
                                                    Interval attribute_interval) noexcept {
  if (RangeRef range = find(where)) return range;
  const NotifierRef notifier = notifier_at(where);
  if (!notifier) return Status::out_of_host_memory;
  const std::uint64_t seen = notifier->begin_read();
  const Result<CpuMapping> mapping = cpu_.mapping_at(where);
  if (!mapping) return mapping.status();
  if (access != Access::read && mapping->writable == Writable::no) return Status::permission_denied;
  const Interval fits = mapping->interval.intersection(attribute_interval);
  const Bytes smallest = options_.chunk_sizes.back();
  for (const Bytes size : options_.chunk_sizes) {
    const Interval chunk = Interval::chunk_at(where, size);
    if (!fits.contains(chunk)) continue;
    if (device.traits.is_discrete && size <= populated_threshold && size > smallest &&
        cpu_.populated(chunk) != Populated::all)
      continue;
    Result<RangeRef> inserted = insert(*notifier, chunk, *mapping, seen, where);
    // invalid_argument: overlaps a smaller range, so the next smaller chunk.
    if (inserted || inserted.status() != Status::invalid_argument) return inserted;
  }
  return Status::not_mapped;
}

Result<RangeRef> AddressSpace::Core::insert(Notifier& notifier, Interval chunk,
                                            const CpuMapping& mapping, std::uint64_t seen,
                                            Address where) noexcept {
  RangeRef made{pool_.make(), pool_};
  if (!made) return Status::out_of_host_memory;
  Lock guard{notifier.lock()};
  // The CPU's mapping was read under another sequence: it may be gone.
  if (!notifier.is_current(seen) || is_invalidating(chunk)) return Status::busy;
  if (RangeRef range = find(where)) return range;
  if (!notifier.table().is_free(chunk)) return Status::invalid_argument;
  if (mapping.migratable == Migratable::yes) made->change_flags(Range::migratable, 0);
  if (mapping.migratable == Migratable::not_needed) made->change_flags(Range::atomics_in_place, 0);
  made->notifier = &notifier;
  ZESVM_TRY(notifier.table().insert(made.get(), chunk));
  notifier.references().fetch_add(1, std::memory_order_acq_rel);
  range_count_.fetch_add(1, std::memory_order_relaxed);
  made->references.fetch_add(1, std::memory_order_relaxed);
  made->place.store(Range::place_of(chunk), std::memory_order_release);
  return made;
}

RangeRef AddressSpace::Core::find(Address where) const noexcept {
  if (!options_.interval.contains(where)) return {};
  const std::size_t index = (where - options_.interval.begin).count >> notifier_shift_;
  Range* range =
      RangeTable::find(roots_[index].load(std::memory_order_acquire), shape_, where, nullptr);
  if (!range) return {};
  RangeRef ref = RangeRef::try_take(range, pool_);
  // It may have become another range on the way here.
  if (!ref || !ref->is_live() || !ref->interval().contains(where)) return {};
  return ref;
}

std::size_t AddressSpace::Core::chunk_index(Bytes size) const noexcept {
  const auto& sizes = options_.chunk_sizes;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] <= size) return std::min(i, counted_chunk_sizes - 1);
  return std::min(sizes.size(), counted_chunk_sizes) - 1;
}

void AddressSpace::Core::take_batch(Notifier& notifier, Interval interval,
                                    RangeBatch& batch) noexcept {
  batch.resume = interval.end;
  Lock guard{notifier.lock()};
  notifier.table().for_each_until(interval, [&](Range& range) {
    if (batch.count == batch.ranges.size()) {
      batch.resume = range.interval().begin;
      return false;
    }
    range.references.fetch_add(1, std::memory_order_relaxed);
    batch.ranges[batch.count++] = RangeRef{&range, pool_};
    return true;
  });
}

/// Takes a range, held, out of its notifier, which the caller keeps.
void AddressSpace::Core::remove_range(Range& range) noexcept {
  Notifier& notifier = *range.notifier;
  {
    Lock guard{notifier.lock()};
    const Interval interval = range.interval();
    notifier.begin_invalidation();
    // A10: no device reaches it any more before it leaves the table.
    unmap_range(range);
    notifier.table().erase(interval);
    range.place.store(0, std::memory_order_release);
    notifier.end_invalidation();
  }
  range_count_.fetch_sub(1, std::memory_order_relaxed);
  trace({Decision::removed, Rule::none, pagemap::Cause::unmap, Status::ok, {}, {}});
  // The caller's reference keeps it: removing it takes a lock that comes before the hold.
  const std::uint64_t references = notifier.references().fetch_sub(1, std::memory_order_acq_rel);
  ZESVM_ASSERT(references > 1);
  (void)references;
  RangeRef table_reference{&range, pool_};
}

bool AddressSpace::Core::is_valid_interval(Interval interval) const noexcept {
  return interval.begin < interval.end && is_aligned(interval.begin, cpu_page) &&
         is_aligned(interval.end, cpu_page) && options_.interval.contains(interval);
}

}  // namespace zesvm::svm
