// User pages: an interval mapped on one device without ranges (A16).
#include <algorithm>

#include "base/assert.hpp"
#include "svm/core.hpp"

namespace zesvm::svm {
namespace {

// How often the pages are collected again after something moved under it.
constexpr unsigned attempts = 16;

}  // namespace

Result<UserPagesId> AddressSpace::Core::user_pages(DeviceId id, Interval interval, Access access) {
  Device* device = device_at(id);
  if (!device || device->is_gone.load(std::memory_order_acquire)) return Status::no_device;
  if (!is_valid_interval(interval)) return Status::invalid_argument;
  const UserPagesId pages{next_user_pages_.fetch_add(1, std::memory_order_relaxed)};
  {
    Lock guard{user_pages_lock_};
    ZESVM_TRY(arena_push_back(user_pages_, UserPages{pages.value, interval}));
  }
  Status status = Status::busy;
  for (unsigned i = 0; i < attempts && status == Status::busy; ++i) {
    wait_for_invalidation(interval);
    if (has_pending()) collect_unmapped();
    status = map_user_pages(*device, pages, interval, access);
    // A14: what was mapped before the failure goes, the way it was mapped.
    if (status != Status::ok) drop_segments(pages, interval);
  }
  if (status == Status::ok) return pages;
  release_user_pages(pages);
  return status;
}

Status AddressSpace::Core::map_user_pages(Device& device, UserPagesId pages, Interval interval,
                                          Access access) {
  for (Address at = interval.begin; at < interval.end;) {
    const NotifierRef notifier = notifier_at(at);
    if (!notifier) return Status::out_of_host_memory;
    const Interval inside = notifier->interval().intersection(Interval{at, interval.end});
    // Ranges in it go: these pages are theirs now. VRAM moves to system memory first.
    Status moved = Status::ok;
    for_each_held(inside, [&](Range& range) {
      if (moved != Status::ok) return;
      moved = range.has(Range::device_memory)
                  ? Status::invalid_argument
                  : migrate_to_system(range, pagemap::Cause::explicit_request);
      if (moved == Status::ok) remove_range(range);
    });
    ZESVM_TRY(moved);
    const std::uint64_t seen = notifier->begin_read();
    const Result<CpuMapping> mapping = cpu_.mapping_at(at);
    if (!mapping) return mapping.status();
    if (access != Access::read && mapping->writable == Writable::no)
      return Status::permission_denied;
    const Interval piece{at, std::min(inside.end, mapping->interval.end)};
    ZESVM_TRY(map_segment(device, *notifier, pages, piece, access, seen));
    at = piece.end;
  }
  return Status::ok;
}

Status AddressSpace::Core::map_segment(Device& device, Notifier& notifier, UserPagesId pages,
                                       Interval piece, Access access, std::uint64_t seen) {
  auto* segment = arena_new<UserSegment>();
  if (!segment) return Status::out_of_host_memory;
  Lock guard{notifier.lock()};
  bool is_mixed = false;
  notifier.table().for_each(piece, [&](Range& range) {
    is_mixed |= range.block.is_lent() || range.pages(device.id).has(Pages::mapped);
  });
  if (!notifier.is_current(seen) || is_mixed || is_invalidating(piece)) {
    arena_delete(segment);
    return Status::busy;
  }
  Mapping mapping;
  mapping.writable = access == Access::read ? Writable::no : Writable::yes;
  mapping.atomics = atomics_on(policy_devices(device, {}), nullptr, AtomicAccess::device);
  end_segments(notifier, device, piece);
  const auto begun = now();
  const Status mapped = device.port.map(piece, mapping);
  device.counters.map.add(now() - begun);
  if (mapped != Status::ok) {
    arena_delete(segment);
    return mapped;
  }
  *segment = {piece, device.id, mapping.direction(), true, pages.value, notifier.user_segments()};
  notifier.user_segments() = segment;
  notifier.references().fetch_add(1, std::memory_order_acq_rel);
  return Status::ok;
}

/// Ends the user pages of a device that something else is about to be mapped over. Under notifier.
void AddressSpace::Core::end_segments(Notifier& notifier, Device& device,
                                      Interval interval) noexcept {
  for (UserSegment* segment = notifier.user_segments(); segment; segment = segment->next) {
    if (!segment->is_mapped || segment->device != device.id) continue;
    if (!segment->interval.overlaps(interval)) continue;
    segment->is_mapped = false;
    device.port.unmap(segment->interval, segment->direction);
    device.port.flush(segment->interval);
  }
}

void AddressSpace::Core::drop_segments(UserPagesId pages, Interval interval) {
  Address cursor = interval.begin;
  while (const NotifierRef notifier = find_notifier({cursor, interval.end})) {
    cursor = notifier->interval().end;
    std::size_t dropped = 0;
    {
      Lock guard{notifier->lock()};
      UserSegment** link = &notifier->user_segments();
      while (UserSegment* segment = *link) {
        if (segment->user_pages != pages.value) {
          link = &segment->next;
          continue;
        }
        if (segment->is_mapped) {
          Device& device = *device_at(segment->device);
          device.port.unmap(segment->interval, segment->direction);
          device.port.flush(segment->interval);
        }
        *link = segment->next;
        arena_delete(segment);
        ++dropped;
      }
    }
    while (dropped-- > 0) drop_notifier(*notifier);
    if (cursor >= interval.end) break;
  }
}

bool AddressSpace::Core::user_pages_valid(UserPagesId pages) const {
  Interval interval{};
  {
    Lock guard{user_pages_lock_};
    for (const UserPages& known : user_pages_)
      if (known.id == pages.value) interval = known.interval;
  }
  if (interval.is_empty()) return false;
  auto& self = const_cast<Core&>(*this);
  bool is_valid = true;
  Address cursor = interval.begin;
  while (const NotifierRef notifier = self.find_notifier({cursor, interval.end})) {
    Lock guard{notifier->lock()};
    for (UserSegment* segment = notifier->user_segments(); segment; segment = segment->next)
      if (segment->user_pages == pages.value && !segment->is_mapped) is_valid = false;
    cursor = notifier->interval().end;
    if (cursor >= interval.end) break;
  }
  return is_valid;
}

void AddressSpace::Core::release_user_pages(UserPagesId pages) {
  Interval interval{};
  {
    Lock guard{user_pages_lock_};
    std::erase_if(user_pages_, [&](const UserPages& known) {
      if (known.id != pages.value) return false;
      interval = known.interval;
      return true;
    });
  }
  if (!interval.is_empty()) drop_segments(pages, interval);
}

}  // namespace zesvm::svm
