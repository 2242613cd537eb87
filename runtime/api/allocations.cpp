#include "api/allocations.hpp"

#include <algorithm>
#include <utility>

namespace zesvm {

void AddressSpace::Allocations::add(Interval interval) {
  Lock guard{lock_};
  living_.emplace(interval.begin, interval);
}

std::optional<Interval> AddressSpace::Allocations::remove(Address begin) {
  Lock guard{lock_};
  const auto found = living_.find(begin);
  if (found == living_.end()) return std::nullopt;
  const Interval interval = found->second;
  living_.erase(found);
  std::erase_if(notes_, [&](const AdviceNote& note) { return interval.contains(note.interval); });
  return interval;
}

std::vector<Interval> AddressSpace::Allocations::take_all() {
  Lock guard{lock_};
  std::vector<Interval> all;
  for (const auto& [begin, interval] : living_) all.push_back(interval);
  living_.clear();
  notes_.clear();
  return all;
}

std::optional<Interval> AddressSpace::Allocations::covering(Address where) const {
  Lock guard{lock_};
  auto after = living_.upper_bound(where);
  if (after == living_.begin()) return std::nullopt;
  const Interval& interval = std::prev(after)->second;
  return interval.contains(where) ? std::optional(interval) : std::nullopt;
}

Bytes AddressSpace::Allocations::total() const {
  Lock guard{lock_};
  Bytes total;
  for (const auto& [begin, interval] : living_) total += interval.size();
  return total;
}

bool AddressSpace::Allocations::is_noted(const AdviceNote& note) const {
  Lock guard{lock_};
  return std::any_of(notes_.begin(), notes_.end(), [&](const AdviceNote& one) {
    return one.subject == note.subject && one.interval == note.interval &&
           one.content == note.content;
  });
}

void AddressSpace::Allocations::note(AdviceNote note) {
  Lock guard{lock_};
  std::erase_if(notes_, [&](const AdviceNote& one) {
    return one.subject == note.subject && one.interval.overlaps(note.interval);
  });
  notes_.push_back(std::move(note));
}

}  // namespace zesvm
