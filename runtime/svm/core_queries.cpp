// What is where and mapped by whom (A8, D7, D8), and the invariants.
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {

bool AddressSpace::Core::has_mapping(Interval interval) const {
  auto& self = const_cast<Core&>(*this);
  bool is_mapped = false;
  Address cursor = interval.begin;
  while (!is_mapped) {
    const NotifierRef notifier = self.find_notifier({cursor, interval.end});
    if (!notifier) break;
    Lock guard{notifier->lock()};
    const Interval part = notifier->interval().intersection(interval);
    notifier->table().for_each_until(part, [&](Range& range) {
      range.for_each_pages([&](std::atomic<std::uint64_t>& word) {
        const Pages pages{word.load(std::memory_order_acquire)};
        is_mapped |= pages.has(Pages::used) && pages.has(Pages::mapped);
      });
      return !is_mapped;
    });
    for (UserSegment* segment = notifier->user_segments(); segment; segment = segment->next)
      is_mapped |= segment->is_mapped && segment->interval.overlaps(interval);
    cursor = notifier->interval().end;
    if (cursor >= interval.end) break;
  }
  return is_mapped;
}

Status AddressSpace::Core::remove_mirror(Interval interval) {
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  if (has_pending()) collect_unmapped();
  {
    Lock guard{lock_};
    ZESVM_TRY(arena_push_back(removed_mirrors_, interval));
    has_rules_.store(true, std::memory_order_release);
    rules_version_.fetch_add(1, std::memory_order_acq_rel);
  }
  // Faults from here on are refused; those before are seen, or start over and are refused.
  if (has_mapping(interval)) {
    (void)restore_mirror(interval);
    return Status::busy;
  }
  note_change();
  return Status::ok;
}

Status AddressSpace::Core::restore_mirror(Interval interval) {
  Lock guard{lock_};
  const auto removed = std::ranges::find(removed_mirrors_, interval);
  if (removed == removed_mirrors_.end()) return Status::invalid_argument;
  removed_mirrors_.erase(removed);
  has_rules_.store(!attributes_.is_empty() || !removed_mirrors_.empty(), std::memory_order_release);
  rules_version_.fetch_add(1, std::memory_order_acq_rel);
  return Status::ok;
}

ChunkResidency AddressSpace::Core::residency_of(const Range& range) const {
  ChunkResidency chunk;
  chunk.interval = range.interval();
  chunk.has_range = true;
  chunk.is_device_memory = range.has(Range::device_memory);
  if (range.block.is_lent()) {
    chunk.extent = range.block.extent();
    chunk.pagemap = chunk.extent.pagemap;
  }
  if (range.has(Range::prefetched_to_system))
    chunk.last_prefetch = Place::system();
  else if (range.has(Range::prefetched))
    chunk.last_prefetch = Place::on({range.device.load(std::memory_order_relaxed)});
  for_each_device([&](const Device& device) {
    const Pages pages = range.pages(device.id);
    if (pages.has(Pages::mapped)) chunk.mapped_on.push_back({device.id, pages.protocol()});
  });
  return chunk;
}

Residency AddressSpace::Core::residency(Interval interval) const {
  Residency residency;
  auto& self = const_cast<Core&>(*this);
  // Rules are read after the walk: their lock comes before the hold of a range.
  std::vector<ChunkResidency, ArenaAllocator<ChunkResidency>> found;
  self.for_each_held(interval, [&](Range& range) { found.push_back(residency_of(range)); });
  Address covered = interval.begin;
  const auto add = [&](ChunkResidency chunk) {
    chunk.attributes = rules_at(chunk.interval.begin).attributes;
    covered = chunk.interval.end;
    residency.chunks.push_back(std::move(chunk));
  };
  const auto add_gaps = [&](Address end) {
    while (covered < end) {
      ChunkResidency gap;
      gap.interval = {covered, std::min(end, rules_at(covered).interval.end)};
      add(std::move(gap));
    }
  };
  for (ChunkResidency& chunk : found) {
    add_gaps(chunk.interval.begin);
    add(std::move(chunk));
  }
  add_gaps(interval.end);

  const auto place_of = [&](const ChunkResidency& chunk) {
    const Device* device = device_of(chunk.pagemap);
    return device ? Place::on(device->id) : Place::system();
  };
  const auto shared =
      [&](const auto& of) -> std::optional<std::decay_t<decltype(of(residency.chunks[0]))>> {
    for (const ChunkResidency& chunk : residency.chunks)
      if (of(chunk) != of(residency.chunks.front())) return std::nullopt;
    if (residency.chunks.empty()) return std::nullopt;
    return of(residency.chunks.front());
  };
  residency.place = shared(place_of);
  residency.attributes = shared([](const ChunkResidency& chunk) { return chunk.attributes; });
  const auto last = shared([](const ChunkResidency& chunk) { return chunk.last_prefetch; });
  residency.last_prefetch = last ? *last : std::nullopt;
  return residency;
}

void AddressSpace::Core::check_invariants() const {
  auto& self = const_cast<Core&>(*this);
  Address cursor = options_.interval.begin;
  Address end_before{};
  while (const NotifierRef notifier = self.find_notifier({cursor, options_.interval.end})) {
    Lock guard{notifier->lock()};
    notifier->table().check_invariants();
    notifier->table().for_each(notifier->interval(), [&](Range& range) {
      const Interval interval = range.interval();
      ZESVM_ASSERT(notifier->interval().contains(interval));  // AS1
      ZESVM_ASSERT(interval.begin >= end_before);             // AS1
      end_before = interval.end;
      ZESVM_ASSERT(range.references.load() >= 1);  // R3
      ZESVM_ASSERT(!range.block.is_lent() || range.block.extent().size == interval.size());
      range.for_each_pages([&](std::atomic<std::uint64_t>& word) {
        const Pages pages{word.load()};
        if (!pages.has(Pages::used) || !pages.has(Pages::mapped)) return;
        ZESVM_ASSERT(pages.has(Pages::in_vram) == range.block.is_lent());
      });
    });
    cursor = notifier->interval().end;
  }
  SharedLock guard{lock_};
  attributes_.check_invariants();
}

}  // namespace zesvm::svm
