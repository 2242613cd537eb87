#include "api/allocations.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace zesvm {
namespace {

// Returns what is left of an interval, in order.
std::vector<Interval> without(Interval interval, const std::vector<Interval>& taken) {
  std::vector<Interval> left{interval};
  for (const Interval& hole : taken) {
    std::vector<Interval> rest;
    for (const Interval& one : left) {
      if (!one.overlaps(hole)) {
        rest.push_back(one);
        continue;
      }
      if (one.begin < hole.begin) rest.push_back({one.begin, hole.begin});
      if (hole.end < one.end) rest.push_back({hole.end, one.end});
    }
    left = std::move(rest);
  }
  return left;
}

}  // namespace

void AddressSpace::Allocations::add(Living living) {
  Lock guard{lock_};
  living_.emplace(living.interval.begin, living);
}

std::optional<AddressSpace::Allocations::Living> AddressSpace::Allocations::remove(Address begin) {
  Lock guard{lock_};
  const auto found = living_.find(begin);
  if (found == living_.end()) return std::nullopt;
  const Living living = found->second;
  living_.erase(found);
  std::erase_if(notes_,
                [&](const AdviceNote& note) { return living.interval.contains(note.interval); });
  return living;
}

const AddressSpace::Allocations::Living* AddressSpace::Allocations::find(Address where) const {
  auto after = living_.upper_bound(where);
  if (after == living_.begin()) return nullptr;
  const Living& living = std::prev(after)->second;
  return living.interval.contains(where) ? &living : nullptr;
}

Interval AddressSpace::Allocations::with_rest_of_chunk(Interval interval) const {
  Lock guard{lock_};
  const Living* living = find(interval.begin);
  if (living == nullptr || living->interval.end != interval.end) return interval;
  return {interval.begin, living->footprint_end};
}

std::vector<AddressSpace::Allocations::Living> AddressSpace::Allocations::take_all() {
  Lock guard{lock_};
  std::vector<Living> all;
  for (const auto& [begin, living] : living_) all.push_back(living);
  living_.clear();
  notes_.clear();
  return all;
}

std::optional<Interval> AddressSpace::Allocations::covering(Address where) const {
  Lock guard{lock_};
  const Living* living = find(where);
  return living != nullptr ? std::optional(living->interval) : std::nullopt;
}

std::optional<AddressSpace::Allocations::Living> AddressSpace::Allocations::at(
    Address where) const {
  Lock guard{lock_};
  const Living* living = find(where);
  return living != nullptr ? std::optional(*living) : std::nullopt;
}

std::optional<Backing> AddressSpace::Allocations::backing_at(Address where) const {
  Lock guard{lock_};
  const Living* living = find(where);
  return living != nullptr ? std::optional(living->backing) : std::nullopt;
}

bool AddressSpace::Allocations::overlaps(Interval interval) const {
  Lock guard{lock_};
  if (find(interval.begin) != nullptr) return true;
  const auto next = living_.lower_bound(interval.begin);
  return next != living_.end() && next->first < interval.end;
}

Bytes AddressSpace::Allocations::total() const {
  Lock guard{lock_};
  Bytes total;
  for (const auto& [begin, living] : living_) total += living.interval.size();
  return total;
}

bool AddressSpace::Allocations::is_said(const AdviceNote& note) const {
  std::vector<Interval> said;
  for (const AdviceNote& one : notes_)
    if (one.subject == note.subject && one.content == note.content &&
        one.interval.overlaps(note.interval))
      said.push_back(one.interval);
  return without(note.interval, said).empty();
}

bool AddressSpace::Allocations::is_noted(const AdviceNote& note) const {
  Lock guard{lock_};
  return is_said(note);
}

const AdviceNote* AddressSpace::Allocations::find_note(Interval interval,
                                                       AdviceNote::Subject subject) const {
  for (const AdviceNote& one : notes_)
    if (one.subject == subject && one.interval.contains(interval.begin)) {
      AdviceNote whole = one;
      whole.interval = interval;
      return is_said(whole) ? &one : nullptr;
    }
  return nullptr;
}

std::vector<AdviceNote> AddressSpace::Allocations::notes_in(Interval interval,
                                                            AdviceNote::Subject subject) const {
  std::vector<AdviceNote> found;
  Lock guard{lock_};
  for (const AdviceNote& one : notes_) {
    if (one.subject != subject || !one.interval.overlaps(interval)) continue;
    found.push_back(one);
    found.back().interval = one.interval.intersection(interval);
  }
  std::sort(found.begin(), found.end(), [](const AdviceNote& a, const AdviceNote& b) {
    return a.interval.begin < b.interval.begin;
  });
  return found;
}

std::optional<Advice> AddressSpace::Allocations::location_of(Interval interval) const {
  Lock guard{lock_};
  const AdviceNote* const note = find_note(interval, AdviceNote::Subject::location);
  return note != nullptr ? note->advice : std::nullopt;
}

std::optional<AtomicAccess> AddressSpace::Allocations::atomics_of(Interval interval) const {
  Lock guard{lock_};
  const AdviceNote* const note = find_note(interval, AdviceNote::Subject::atomic);
  return note != nullptr ? std::optional(note->advice->atomic_access()) : std::nullopt;
}

void AddressSpace::Allocations::pin(Interval interval) {
  Lock guard{lock_};
  pins_.push_back(interval);
}

bool AddressSpace::Allocations::is_pinned(Interval interval) const {
  Lock guard{lock_};
  return std::find(pins_.begin(), pins_.end(), interval) != pins_.end();
}

std::vector<Interval> AddressSpace::Allocations::unpin(Interval interval) {
  Lock guard{lock_};
  const auto found = std::find(pins_.begin(), pins_.end(), interval);
  if (found == pins_.end()) return {};
  pins_.erase(found);
  return without(interval, pins_);
}

std::vector<Interval> AddressSpace::Allocations::unpinned_parts(Interval interval) const {
  Lock guard{lock_};
  // Memory moves in whole pages.
  std::vector<Interval> pages = pins_;
  for (Interval& one : pages) one = one.rounded_out(cpu_page);
  return without(interval, pages);
}

void AddressSpace::Allocations::note(AdviceNote note) {
  Lock guard{lock_};
  std::vector<AdviceNote> kept;
  for (AdviceNote& one : notes_) {
    if (one.subject != note.subject || !one.interval.overlaps(note.interval)) {
      kept.push_back(std::move(one));
      continue;
    }
    for (const Interval& rest : without(one.interval, {note.interval})) {
      kept.push_back(one);
      kept.back().interval = rest;
    }
  }
  kept.push_back(std::move(note));
  notes_ = std::move(kept);
}

}  // namespace zesvm
