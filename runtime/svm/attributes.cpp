#include "svm/attributes.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace zesvm::svm {
namespace {

bool names_device(const Attributes& attributes) {
  return attributes.preferred.kind == Place::Kind::device;
}

}  // namespace

Reason reason_for(Status status) {
  switch (status) {
    case Status::ok: return Reason::none;
    case Status::not_mapped: return Reason::not_mapped;
    case Status::permission_denied: return Reason::not_migratable;
    case Status::out_of_device_memory: return Reason::out_of_device_memory;
    case Status::no_interconnect: return Reason::no_interconnect;
    case Status::no_device: return Reason::no_device;
    case Status::busy: return Reason::pinned;
    default: return Reason::failed;
  }
}

Attributes Advice::applied_to(Attributes before) const {
  if (preferred) {
    before.preferred = preferred->place;
    before.policy = preferred->policy;
  }
  if (atomic) before.atomic = *atomic;
  if (caching) before.caching = *caching;
  return before;
}

AttributeInterval AttributeMap::at(Address where) const { return at(where, space_); }

AttributeInterval AttributeMap::at(Address where, Interval within) const {
  const auto after = entries_.upper_bound(where);
  Interval gap = within;
  if (after != entries_.end()) gap.end = std::min(gap.end, after->first);
  if (after != entries_.begin()) {
    const auto before = std::prev(after);
    if (before->second.end > where)
      return {within.intersection({before->first, before->second.end}), before->second.attributes};
    gap.begin = std::max(gap.begin, before->second.end);
  }
  return {gap, {}};
}

bool AttributeMap::would_change(Interval interval, const Advice& advice) const {
  for (Address where = interval.begin; where < interval.end;) {
    const AttributeInterval piece = at(where, interval);
    if (advice.applied_to(piece.attributes) != piece.attributes) return true;
    where = piece.interval.end;
  }
  return false;
}

void AttributeMap::apply(Interval interval, const Advice& advice) {
  for (Address where = interval.begin; where < interval.end;) {
    const AttributeInterval piece = at(where, interval);
    where = piece.interval.end;
    const Attributes wanted = advice.applied_to(piece.attributes);
    if (wanted != piece.attributes) put(piece.interval, wanted);
  }
}

void AttributeMap::erase(Interval interval) {
  auto entry = entries_.upper_bound(interval.begin);
  if (entry != entries_.begin() && std::prev(entry)->second.end > interval.begin) --entry;
  while (entry != entries_.end() && entry->first < interval.end) {
    const Interval whole{entry->first, entry->second.end};
    const Attributes attributes = entry->second.attributes;
    entry = entries_.erase(entry);
    const auto keep = [&](Interval part) {
      if (part.begin >= part.end) return;
      if (names_device(attributes)) references_.hold(attributes.preferred.device);
      entries_.emplace(part.begin, Entry{part.end, attributes});
    };
    keep({whole.begin, interval.begin});
    keep({interval.end, whole.end});
    if (names_device(attributes)) references_.drop(attributes.preferred.device);
  }
}

void AttributeMap::put(Interval interval, const Attributes& attributes) {
  erase(interval);
  if (attributes == Attributes{}) return;
  // AT2: equal neighbours become one entry, with one reference.
  auto after = entries_.lower_bound(interval.begin);
  if (after != entries_.end() && after->first == interval.end &&
      after->second.attributes == attributes) {
    interval.end = after->second.end;
    after = entries_.erase(after);
    if (names_device(attributes)) references_.drop(attributes.preferred.device);
  }
  if (after != entries_.begin()) {
    const auto before = std::prev(after);
    if (before->second.end == interval.begin && before->second.attributes == attributes) {
      before->second.end = interval.end;
      return;
    }
  }
  if (names_device(attributes)) references_.hold(attributes.preferred.device);
  entries_.emplace(interval.begin, Entry{interval.end, attributes});
}

void AttributeMap::clear() {
  for (const auto& [begin, entry] : entries_)
    if (names_device(entry.attributes)) references_.drop(entry.attributes.preferred.device);
  entries_.clear();
}

void AttributeMap::forget(DeviceId device) {
  for (Address where = space_.begin; where < space_.end;) {
    const AttributeInterval piece = at(where);
    where = piece.interval.end;
    if (piece.attributes.preferred == Place::on(device))
      apply(piece.interval, Advice::preferred_location(Place::faulting()));
  }
}

void AttributeMap::check_invariants() const {
  const Entry* before = nullptr;
  for (const auto& [begin, entry] : entries_) {
    ZESVM_ASSERT(begin < entry.end && space_.contains(Interval{begin, entry.end}));  // AT1
    ZESVM_ASSERT(!before || before->end <= begin);                                   // AT1
    ZESVM_ASSERT(entry.attributes != Attributes{});                                  // AT2
    ZESVM_ASSERT(!before || before->end != begin ||
                 !(before->attributes == entry.attributes));  // AT2
    before = &entry;
  }
}

}  // namespace zesvm::svm
